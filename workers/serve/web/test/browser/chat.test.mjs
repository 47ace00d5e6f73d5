import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const ask = async (page, question) => {
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.keyboard.press("Enter");
};
const settled = (page, phase = "done") => page.locator(`.turn:last-child[data-phase="${phase}"]`).waitFor();

test("an answer streams, and its citations open the passage in its document", async (t) => {
  const { page, mock, complaints } = await open(t, browser);
  await page.getByLabel("Application").selectOption("prod-chat");
  await ask(page, "How many days of leave does an employee have, and many rules?");
  await page.locator('.turn[data-phase="writing"] .source').first().waitFor();
  await settled(page);
  assert.equal(mock.world.asked.application, "prod-chat");
  assert.equal(mock.world.asked.stream, true);
  const answer = await page.locator(".prose").innerText();
  assert.match(answer, /30 days of leave a year/);
  assert.match(answer, /stays text: \[42\]/);
  assert.match(await page.locator(".remarks").innerText(), /8 passages found, 5 given to the model; 3 did not fit/);
  assert.match(await page.locator(".remarks").innerText(), /1 citation named no given passage/);
  assert.match(await page.locator(".source").first().innerText(), /1[\s\S]*Leave policy[\s\S]*docs\/hr\/leave-policy.pdf[\s\S]*page 1[\s\S]*Annual leave[\s\S]*0\.0328/);
  await page.locator(".marker").first().click();
  const shown = page.locator("[data-shown]");
  await shown.waitFor();
  assert.match(await shown.innerText(), /An employee has 30 days/);
  assert.ok(await shown.evaluate((element) => element === document.activeElement), "the passage has the focus");
  assert.deepEqual(complaints, []);
});

test("a passage far down is scrolled to", async (t) => {
  const { page } = await open(t, browser, { hash: "#/documents" });
  const id = await page.evaluate(() => fetch("/v1/document?document=docs%2Fhr%2Fminutes-works-council.pdf").then((r) => r.json()).then((d) => d.passages[55].id));
  await page.evaluate((passage) => {
    location.hash = `#/documents?document=docs%2Fhr%2Fminutes-works-council.pdf&passage=${passage}`;
  }, id);
  await page.locator("[data-shown]").waitFor();
  const box = await page.locator("[data-shown]").boundingBox();
  assert.ok(box.y > 100 && box.y + box.height < 800, `in view: ${JSON.stringify(box)}`);
  await page.getByLabel("Go to").selectOption({ label: "page 2" });
  const part = await page.locator('[data-part="1"]').boundingBox();
  assert.ok(part.y > 40 && part.y < 400, `jumped: ${JSON.stringify(part)}`);
  await page.getByRole("button", { name: "Back to the passage" }).click();
  await page.waitForFunction(() => document.querySelector("[data-shown]").getBoundingClientRect().top > 0);
});

test("a passage that is gone is said to be gone", async (t) => {
  const { page } = await open(t, browser, { hash: "#/chat?document=docs%2Fhr%2Fleave-policy.pdf&passage=old" });
  await page.getByText("it has changed since").waitFor();
});

test("nothing relevant: said so, with a way on", async (t) => {
  const { page } = await open(t, browser);
  await ask(page, "nothing of the kind");
  await settled(page);
  await page.getByText("Nothing relevant found").first().waitFor();
  await page.getByRole("button", { name: "Look in search" }).click();
  assert.equal(await page.getByRole("searchbox", { name: "Search for" }).inputValue(), "nothing of the kind");
});

test("stop ends the request, and the page says that the answer is not whole", async (t) => {
  const { page, mock } = await open(t, browser);
  await ask(page, "slow: days of leave?");
  await page.locator('.turn[data-phase="writing"] .prose').waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await settled(page, "stopped");
  await page.locator(".turn").getByText("not the whole answer").waitFor();
  for (let i = 0; i < 50 && !mock.world.aborted; i += 1) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(mock.world.aborted, "the server has learned of it");
});

test("errors before the stream, within it, and a stream that ends early", async (t) => {
  const { page } = await open(t, browser);
  for (const [question, title, words] of [
    ["fails: leave", "cannot answer at present", "the model does not answer"],
    ["breaks: leave", "No answer in time", "the model fell silent"],
    ["cut: leave", "broke off", ""],
  ]) {
    await ask(page, question);
    await settled(page, "failed");
    const alert = await page.locator(".turn:last-child [role=alert]").innerText();
    assert.match(alert, new RegExp(`${title}[\\s\\S]*${words}`));
  }
  await page.locator(".turn:last-child").getByRole("button", { name: "Try again" }).click();
  await page.locator(".turn").nth(3).waitFor();
});

test("filters go with the question", async (t) => {
  const { page, mock } = await open(t, browser);
  await page.locator(".composer summary").click();
  await page.locator(".composer [name=prefix]").fill("docs/hr/");
  await page.locator(".composer [name=format]").selectOption("pptx");
  await page.getByText("2 filters set").waitFor();
  await ask(page, "leave policy?");
  await settled(page);
  assert.equal(mock.world.asked.prefix, "docs/hr/");
  assert.equal(mock.world.asked.format, "pptx");
});

test("an answer goes on while another view is in front", async (t) => {
  const { page } = await open(t, browser);
  await ask(page, "days of leave?");
  await page.getByRole("link", { name: "Documents" }).click();
  await page.locator(".documents tbody tr").first().waitFor();
  await page.getByRole("link", { name: "Ask" }).click();
  await settled(page);
});

test("Enter while an input method is choosing does not send; Shift+Enter makes a line", async (t) => {
  const { page, mock } = await open(t, browser);
  const field = page.getByRole("textbox", { name: "Question" });
  await field.fill("年假");
  await field.evaluate((element) => element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true })));
  await field.press("Shift+Enter");
  await field.pressSequentially("b");
  assert.equal(await field.inputValue(), "年假\nb");
  assert.equal(mock.world.asked, undefined);
});

test("a follow-up goes with the conversation, and says what was searched", async (t) => {
  const { page, mock, complaints } = await open(t, browser);
  await ask(page, "How many days of leave?");
  await settled(page);
  assert.equal(mock.world.asked.history, undefined);
  await ask(page, "and in the first year of leave?");
  await page.locator(".turn").nth(1).waitFor();
  await settled(page);
  assert.deepEqual(mock.world.asked.history.map((said) => said.role), ["user", "assistant"]);
  assert.equal(mock.world.asked.history[0].content, "How many days of leave?");
  assert.match(await page.locator(".turn").nth(1).innerText(), /Searched: and in the first year of leave\? How many days of leave\?/);
  await page.getByRole("button", { name: "New conversation" }).last().click();
  await ask(page, "How many days of leave?");
  await settled(page);
  assert.equal(mock.world.asked.history, undefined, "a new conversation remembers nothing");
  assert.deepEqual(complaints, []);
});

test("conversations are kept in the browser, named, renamed, exported and deleted", async (t) => {
  const { page, complaints } = await open(t, browser);
  await ask(page, "How many days of leave?");
  await settled(page);
  await page.reload();
  const list = page.locator(".conversations");
  await list.locator("summary").click();
  assert.match(await list.innerText(), /1 conversation[\s\S]*How many days of leave\?/);
  await list.getByRole("button", { name: "How many days of leave?", exact: true }).click();
  await settled(page);
  assert.match(await page.locator(".prose").innerText(), /30 days of leave a year/);
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.ok(!stored.includes("Applications for leave"), "texts of passages are not kept");
  await list.getByRole("button", { name: "Rename" }).click();
  await list.getByLabel("Name of the conversation").fill("Leave");
  await page.keyboard.press("Enter");
  await list.getByRole("button", { name: "Leave", exact: true }).waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), list.getByText("Export").click()]);
  assert.equal(download.suggestedFilename(), "Leave.md");
  await list.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await list.waitFor({ state: "detached" });
  assert.equal(await page.locator(".turn").count(), 0);
  assert.deepEqual(complaints, []);
});

test("where nothing answers the closest passages can be opened", async (t) => {
  const { page } = await open(t, browser);
  await ask(page, "nothing at all?");
  await settled(page);
  const closest = page.locator(".closest button");
  assert.equal(await closest.count(), 2);
  await closest.first().click();
  await page.locator("[data-shown]").waitFor();
});
