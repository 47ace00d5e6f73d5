import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function answered(page, question = "days of leave?") {
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.keyboard.press("Enter");
  await page.locator('.turn:last-child[data-phase="done"]').waitFor();
}

const eventually = async (holds) => {
  for (let i = 0; i < 100 && !holds(); i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(holds());
};
const isPressed = (button) => button.getAttribute("aria-pressed");

test("an answer and each cited passage can be judged, taken back, and judged otherwise", async (t) => {
  const { page, mock, complaints } = await open(t, browser);
  await answered(page);
  const answer = page.getByRole("group", { name: "Judge this answer" });
  const up = answer.getByRole("button", { name: "This answer helps" });
  const down = answer.getByRole("button", { name: "This answer does not help" });
  assert.deepEqual([await isPressed(up), await isPressed(down)], ["false", "false"]);
  await up.click();
  await answer.getByText("Kept, thank you").waitFor();
  assert.deepEqual([await isPressed(up), await isPressed(down)], ["true", "false"]);
  await up.click();
  await down.click();
  await eventually(() => mock.world.judged.length === 3);
  assert.deepEqual([await isPressed(up), await isPressed(down)], ["false", "true"]);
  const cited = await page.locator(".sources > ol > li").count();
  assert.equal(await page.locator(".sources > ol .feedback").count(), cited, "each cited passage");
  assert.equal(await page.locator(".sources details .feedback").count(), 0, "and no other");
  await page.getByRole("button", { name: "Source 1 is about this question" }).click();
  await eventually(() => mock.world.judged.length === 4);
  const id = mock.world.judged[0].answer;
  assert.deepEqual(mock.world.judged.map(({ answer, judgement }) => [answer === id, judgement]), [[true, "up"], [true, "none"], [true, "down"], [true, "up"]]);
  assert.equal(mock.world.judged[3].passage.length, 32);
  assert.equal(mock.world.judged[0].passage, undefined);
  assert.deepEqual(complaints, []);
});

test("who finds an answer bad can say why, by the keyboard alone", async (t) => {
  const { page, mock } = await open(t, browser);
  await answered(page);
  await page.getByRole("button", { name: "This answer does not help" }).focus();
  await page.keyboard.press("Space");
  const field = page.getByRole("textbox", { name: /What is wrong/ });
  await field.waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.type("it is <b>last year's</b> rule");
  await page.keyboard.press("Enter");
  await eventually(() => mock.world.judged.length === 2);
  assert.deepEqual(mock.world.judged.map(({ judgement, reason }) => [judgement, reason]), [["down", undefined], ["down", "it is <b>last year's</b> rule"]]);
  assert.equal(await field.count(), 0);
});

test("what could not be kept is not shown as kept, and the reason is told", async (t) => {
  const { page, mock } = await open(t, browser);
  await answered(page);
  mock.world.deaf = true;
  mock.world.slow = 400;
  const up = page.getByRole("button", { name: "This answer helps" });
  await up.click();
  assert.equal(await isPressed(up), "true", "at once");
  await page.getByRole("alert").getByText("could not be kept").waitFor();
  assert.equal(await isPressed(up), "false");
  mock.world.deaf = false;
  await up.click();
  await page.getByText("Kept, thank you").waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  assert.deepEqual(mock.world.judged.map(({ judgement }) => judgement), ["up"]);
});

test("an answer that found nothing can be judged too, and one that is being written cannot", async (t) => {
  const { page } = await open(t, browser);
  await answered(page, "nothing of the kind");
  await page.getByRole("button", { name: "This answer does not help" }).waitFor();
  await page.getByRole("textbox", { name: "Question" }).fill("slow: days of leave?");
  await page.keyboard.press("Enter");
  await page.locator('.turn:last-child[data-phase="writing"] .prose').waitFor();
  assert.equal(await page.locator(".turn:last-child .feedback").count(), 0);
});
