// The picture of the page in README.md, from a server that runs: `npm run picture -- [FILE]`.
// MILLRACE_WEB_URL (default: the demo), MILLRACE_WEB_KEY and MILLRACE_WEB_QUESTION as for `npm run browser`. It reads only.

import { fileURLToPath } from "node:url";

import { launch } from "./browser/browser.mjs";

const file = process.argv[2] ?? fileURLToPath(new URL("../page.png", import.meta.url));
const url = (process.env.MILLRACE_WEB_URL ?? "http://127.0.0.1:18080").replace(/\/$/, "");
const question = process.env.MILLRACE_WEB_QUESTION ?? "What happens when a worker is killed?";

const browser = await launch();
try {
  const page = await browser.newPage({ locale: "en-US", viewport: { width: 1280, height: 640 }, colorScheme: "light" });
  page.setDefaultTimeout(60_000);
  await page.goto(`${url}/#/chat`);
  if (process.env.MILLRACE_WEB_KEY) {
    await page.locator("input[name=key]").fill(process.env.MILLRACE_WEB_KEY);
    await page.keyboard.press("Enter");
  }
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.keyboard.press("Enter");
  await page.locator('[data-phase="done"]').waitFor();
  // An answer without a source would be a picture of a refusal.
  await page.locator(".source:visible").first().click();
  await page.locator("[data-shown]").waitFor();
  await page.screenshot({ path: file });
  console.log(file);
} finally {
  await browser.close();
}
