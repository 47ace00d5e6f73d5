import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const PLACE = "millrace.conversations/millrace/";
const ask = async (page, question) => {
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.keyboard.press("Enter");
};
const settled = (page) => page.locator('.turn:last-child[data-phase="done"]').waitFor();
const stored = (page, name) => page.evaluate((name) => JSON.parse(localStorage.getItem(name) ?? "[]"), name);
const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);

async function give(page, key) {
  await page.locator("input[name=key]").fill(key);
  await page.keyboard.press("Enter");
  await page.locator("input[name=key]").waitFor({ state: "detached" });
}

test("what one key was told is neither shown to the next nor kept for it", async (t) => {
  const { page, complaints } = await open(t, browser, { mock: { keys: true } });
  await give(page, "reader-key");
  await ask(page, "How many days of leave?");
  await settled(page);
  await page.getByRole("button", { name: "Change key" }).click();
  await give(page, "writer-key");
  await page.locator(".who").getByText("write-team").waitFor();
  await page.locator(".turn").waitFor({ state: "detached" });
  assert.equal(await page.locator(".conversations").count(), 0);
  assert.deepEqual(await stored(page, `${PLACE}write-team`), []);
  await ask(page, "days of leave for writers?");
  await settled(page);
  await page.getByRole("button", { name: "Change key" }).click();
  await give(page, "reader-key");
  const list = page.locator(".conversations");
  await list.locator("summary").click();
  assert.deepEqual(await list.locator(".name").allInnerTexts(), ["How many days of leave?"]);
  assert.deepEqual((await stored(page, `${PLACE}write-team`)).map(({ name }) => name), ["days of leave for writers?"]);
  assert.deepEqual(complaints, []);
});

test("a conversation that is opened while an answer is being written stays whole, with judgements of its own", async (t) => {
  const { page } = await open(t, browser);
  await ask(page, "How many days of leave?");
  await settled(page);
  await page.getByRole("button", { name: "This answer helps" }).click();
  await page.getByText("Kept, thank you").waitFor();
  await page.reload();
  await ask(page, "slow: days of leave?");
  await page.locator('.turn[data-phase="writing"] .prose').waitFor();
  await page.locator(".conversations summary").click();
  await page.locator(".conversations .name").click();
  await settled(page);
  await page.waitForTimeout(300);
  assert.equal(await page.locator(".turn").getAttribute("data-phase"), "done");
  await page.getByRole("button", { name: "This answer helps" }).click();
  await page.locator(".answer [data-thumb=up][aria-pressed=true]").waitFor();
  await page.locator(".composer [data-clear]").click();
  await ask(page, "leave and illness?");
  await settled(page);
  await page.locator(".conversations .name").last().click();
  await page.locator(".question").getByText("How many days of leave?").waitFor();
  assert.equal(await page.locator(".answer [data-thumb=up]").getAttribute("aria-pressed"), "false");
});

test("storage that holds something else does not break the page", async (t) => {
  const { page, complaints } = await open(t, browser);
  for (const turns of [[null], [{}], [{ id: 1, question: 7 }], [{ id: 1, question: { question: "q" }, phase: "done", text: 7, citations: [null] }]]) {
    await page.evaluate(([place, turns]) => localStorage.setItem(place, JSON.stringify([{ id: "a", name: "n", at: 1, turns }])), [PLACE, turns]);
    await page.reload();
    await page.locator(".access").waitFor();
    await ask(page, "How many days of leave?");
    await settled(page);
    assert.equal(await page.getByText("This view has failed").count(), 0);
  }
  assert.deepEqual(complaints, []);
});

test("two tabs keep each other's conversations", async (t) => {
  const { page, mock } = await open(t, browser);
  const other = await page.context().newPage();
  await other.goto(`${mock.url}/`);
  await ask(page, "How many days of leave?");
  await settled(page);
  await ask(other, "leave and illness?");
  await settled(other);
  assert.deepEqual((await stored(page, PLACE)).map(({ name }) => name), ["leave and illness?", "How many days of leave?"]);
});

test("conversations can be renamed and deleted by the keyboard, and the focus is not lost", async (t) => {
  const { page } = await open(t, browser);
  for (const question of ["How many days of leave?", "leave and illness?"]) {
    await ask(page, question);
    await settled(page);
    await page.locator(".composer [data-clear]").click();
  }
  const list = page.locator(".conversations");
  await list.locator("summary").focus();
  await page.keyboard.press("Enter");
  const rename = list.getByRole("button", { name: "Rename: How many days of leave?" });
  await rename.focus();
  await page.keyboard.press("Enter");
  assert.ok(await hasFocus(list.getByLabel("Name of the conversation")));
  await page.keyboard.press("Escape");
  assert.ok(await hasFocus(rename));
  await page.keyboard.press("Enter");
  await page.keyboard.type("Leave");
  await page.keyboard.press("Enter");
  assert.ok(await hasFocus(list.getByRole("button", { name: "Rename: Leave", exact: true })));
  await list.getByRole("button", { name: "Delete: Leave", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Delete this conversation?" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await list.locator("li").count(), 2);
  assert.ok(await hasFocus(list.getByRole("button", { name: "Delete: Leave", exact: true })));
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await list.getByText("1 conversation").waitFor();
  assert.ok(await hasFocus(list.locator("summary")));
});
