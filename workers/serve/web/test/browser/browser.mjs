// Debian's Chromium, and a page on the mock server or on the one that MILLRACE_WEB_URL names.

import { chromium } from "playwright-core";

import { startMock } from "../mock.mjs";

export const REAL = process.env.MILLRACE_WEB_URL;

export function launch() {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args });
}

/** One page with its own mock server; what the browser complains about is collected. `t` closes both, also after a failure. */
export async function open(t, browser, { mock: options = {}, hash = "", ...settings } = {}) {
  const mock = await startMock(options);
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 800 }, ...settings });
  const page = await context.newPage();
  // The machine may be busy with compilers; nothing here waits this long on a quiet one.
  page.setDefaultTimeout(20_000);
  const complaints = watch(page);
  t.after(async () => {
    await context.close();
    await mock.close();
  });
  await page.goto(`${mock.url}/${hash}`);
  return { page, mock, complaints };
}

export function watch(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // Chromium itself reports each answer that is an error; those are wanted here.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  return complaints;
}
