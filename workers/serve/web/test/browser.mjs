// `npm run browser`: against the mock server, or with MILLRACE_WEB_URL against that server, and then only what reads.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("browser/", import.meta.url));
const all = readdirSync(folder).filter((name) => name.endsWith(".test.mjs"));
const chosen = all.filter((name) => (name === "real.test.mjs") === Boolean(process.env.MILLRACE_WEB_URL));
// One after the other: each starts a browser of its own, and the pipeline's test counts seconds.
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...chosen.map((name) => folder + name)], { stdio: "inherit" });
process.exit(status ?? 1);
