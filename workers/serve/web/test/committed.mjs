// Says whether dist/ is what src/ builds to: the Rust program includes what is committed.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "vite";

const root = fileURLToPath(new URL("../", import.meta.url));
const fresh = mkdtempSync(join(tmpdir(), "millrace-web-"));
await build({ root, logLevel: "error", build: { outDir: fresh } });
const files = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length));
const names = new Set([...files(fresh + "/"), ...files(join(root, "dist/"))]);
const read = (folder, name) => {
  try {
    return readFileSync(join(folder, name));
  } catch {
    return Buffer.alloc(0);
  }
};
const different = [...names].filter((name) => !read(fresh, name).equals(read(join(root, "dist"), name)));
rmSync(fresh, { recursive: true });
if (different.length > 0) {
  console.error(`dist/ is not what src/ builds to (${different.join(", ")}): npm run build, and commit`);
  process.exit(1);
}
