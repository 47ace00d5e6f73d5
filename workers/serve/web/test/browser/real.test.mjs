// Against a server that runs: `MILLRACE_WEB_URL=http://… [MILLRACE_WEB_KEY=…] [MILLRACE_WEB_QUESTION=…] npm run browser`. It reads only.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, REAL, watch } from "./browser.mjs";

const QUESTION = process.env.MILLRACE_WEB_QUESTION ?? "how does a deleted file leave the indexes";
const skip = REAL ? false : "MILLRACE_WEB_URL names no server";

let browser;
before(async () => {
  if (REAL) browser = await launch();
});
after(() => browser?.close());

async function visit(t, hash) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 800 } });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = watch(page);
  const response = await page.goto(`${REAL.replace(/\/$/, "")}/${hash}`);
  if (process.env.MILLRACE_WEB_KEY) {
    await page.locator("input[name=key]").fill(process.env.MILLRACE_WEB_KEY);
    await page.keyboard.press("Enter");
  }
  await page.locator(".who, .access.faint").first().waitFor();
  return { page, complaints, response };
}

test("the page is served under a strict policy, and knows who we are", { skip }, async (t) => {
  const { page, complaints, response } = await visit(t, "#/chat");
  const policy = response.headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.ok((await page.locator("[name=application] option").count()) > 0);
  assert.deepEqual(complaints, []);
});

test("a question is answered, or said to have no answer, and a source opens", { skip }, async (t) => {
  const { page, complaints } = await visit(t, "#/chat");
  await page.getByRole("textbox", { name: "Question" }).fill(QUESTION);
  await page.keyboard.press("Enter");
  await page.locator('[data-phase="done"]').waitFor();
  const source = page.locator(".source:visible").first();
  if (await source.count()) {
    await source.click();
    await page.locator("[data-shown]").waitFor();
  } else {
    await page.locator(".notice.nothing").waitFor();
  }
  assert.deepEqual(complaints, []);
});

test("the three modes answer", { skip }, async (t) => {
  const { page, complaints } = await visit(t, `#/search?${new URLSearchParams({ q: QUESTION })}`);
  for (const mode of ["keyword", "vector", "hybrid"]) await page.locator(`[data-column=${mode}] :is(.hit, .none)`).first().waitFor();
  assert.equal(await page.locator(".search [role=alert]").count(), 0);
  assert.deepEqual(complaints, []);
});

test("the documents are listed, and one opens", { skip }, async (t) => {
  const { page, complaints } = await visit(t, "#/documents");
  await page.locator(".documents :is(tbody tr, .none)").first().waitFor();
  const first = page.locator(".documents tr[data-state=live] .open").first();
  if (await first.count()) {
    await first.click();
    await page.locator(".reading .passage").first().waitFor();
  }
  assert.deepEqual(complaints, []);
});

test("the pipeline is shown, or said to need another key", { skip }, async (t) => {
  const { page, complaints } = await visit(t, "#/pipeline");
  await page.locator(".topics tbody tr, .pipeline .notice:not(.bad)").first().waitFor();
  assert.deepEqual(complaints, []);
});

test("models, runs and drift are shown, or said to need another key", { skip }, async (t) => {
  const { page, complaints } = await visit(t, "#/model");
  await page.locator(".view.model :is(.block, .notice:not(.bad))").first().waitFor();
  assert.equal(await page.locator(".view.model [role=alert]").count(), 0);
  assert.deepEqual(complaints, []);
});
