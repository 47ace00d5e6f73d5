import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const visit = async (t, settings = {}) => {
  const visited = await open(t, browser, { hash: "#/model", ...settings });
  await visited.page.locator(".measures > li").first().waitFor();
  const model = (fingerprint) => visited.page.locator(`[data-model="${fingerprint}"]`);
  const run = (id) => visited.page.locator(`[data-run="${id}"]`);
  const measure = (name) => visited.page.locator(`[data-measure="${name}"]`);
  return { ...visited, model, run, measure };
};

test("what is served is named, and each model shows its state and what its proof says", async (t) => {
  const { page, model, complaints } = await visit(t);
  assert.match(await page.locator(".view.model .facts-list").innerText(), /our words[\s\S]*ab34ab34ab34[\s\S]*0a1b2c3d4e5f[\s\S]*maria[\s\S]*all-MiniLM-L6-v2 · f5e4d3c2b1a0/);
  assert.equal(await page.locator(".models > li").count(), 4);
  assert.equal(await page.locator(".models .served").count(), 1);
  const tuned = model("ab34ab34ab34");
  assert.equal(await tuned.getAttribute("aria-current"), "true");
  assert.match(await tuned.innerText(), /served[\s\S]*accepted[\s\S]*golden questions[\s\S]*0\.612[\s\S]*0\.655[\s\S]*\+0\.043 \[\+0\.031, \+0\.055\] better[\s\S]*scifact test[\s\S]*-0\.002 \[-0\.007, \+0\.003\] may be chance/);
  assert.equal(await tuned.locator("svg.whisker").count(), 3);
  assert.equal(await tuned.getByRole("row").count(), 4);
  // One scale for all: the same gain stands at the same place, and the worse model's dot left of zero.
  const at = (card) => card.locator("svg.whisker .dot").first().getAttribute("cx").then(Number);
  assert.ok((await at(model("de78de78de78"))) < 80 && (await at(tuned)) > 80);
  assert.match(await model("de78de78de78").innerText(), /<script>[\s\S]*refused[\s\S]*worse, and not by chance[\s\S]*worse[\s\S]*compared with nothing/);
  assert.match(await model("56cd56cd56cd").innerText(), /candidate[\s\S]*No proof of it was entered/);
  assert.deepEqual(complaints, []);
});

test("each run shows how far it is, and what came of it; one that goes on names the commands to look", async (t) => {
  const { page, run, complaints } = await visit(t);
  assert.equal(await page.locator(".runs > li").count(), 4);
  const going = run("9e8d7c6b5a40");
  assert.match(await going.locator("[aria-current=step]").innerText(), /^judging/);
  assert.equal(await going.locator(".steps > .done").count(), 4);
  assert.match(await going.innerText(), /begins with all-MiniLM-L6-v2, our words \(ab34ab34ab34\)[\s\S]*data 77ab01c2d3e4[\s\S]*made all-MiniLM-L6-v2, newer words[\s\S]*Begun because: asked by maria/);
  assert.equal(await run("5c1d90ab3f27").locator(".steps > .done").count(), 6);
  const failed = run("17aa22bb33cc");
  assert.match(await failed.locator(".steps > .broken").first().innerText(), /^training[\s\S]*\(ended here\)/);
  assert.match(await failed.innerText(), /failed[\s\S]*trainer pai[\s\S]*it left no output/);
  assert.deepEqual(await page.locator(".next code").allInnerTexts(), ["millrace train status 9e8d7c6b5a40", "millrace train log 9e8d7c6b5a40"]);
  assert.deepEqual(complaints, []);
});

test("drift: the last report's words, one chart for each measure with its bound and signals, and a table", async (t) => {
  const { page, measure, complaints } = await visit(t);
  await page.getByText("No model is trained yet").first().waitFor();
  assert.equal(await page.locator(".measures > li").count(), 4);
  const own = measure("own_opening");
  assert.match(await own.innerText(), /Passages found by their own opening[\s\S]*74\.0%[\s\S]*93\.0% in the reference[\s\S]*Worse by 0\.190: over its bound of 0\.08[\s\S]*worse for long enough/);
  await own.getByRole("img", { name: /12 reports; at .*Worse by 0\.190/ }).waitFor();
  assert.equal(await own.locator("circle.over").count(), 5);
  assert.equal((await own.locator(".line").getAttribute("d")).match(/M/g).length, 2, "another generation begins another line");
  assert.deepEqual([await own.locator(".bound").count(), await own.locator(".signal").count()], [1, 1]);
  assert.match(await measure("abstentions").innerText(), /5\.0%[\s\S]*Better by 0\.010/);
  assert.match(await page.locator(".measures > li").last().innerText(), /<b>of a later release<\/b>[\s\S]*0\.520/);
  const summary = page.getByText("How much worse, as a table");
  await summary.focus();
  await page.keyboard.press("Enter");
  const table = page.getByRole("region", { name: "How much worse, as a table" });
  assert.equal(await table.locator("tbody tr").count(), 12);
  assert.match(await table.locator("tbody tr").first().innerText(), /\+0\.190[\s\S]*-0\.010[\s\S]*the next may be in 6 days/);
  assert.match(await table.locator("tbody tr").nth(2).innerText(), /yes/);
  assert.deepEqual(complaints, []);
});

test("where nothing was trained and nobody looked, the page says which commands begin", async (t) => {
  const { page, mock } = await visit(t);
  Object.assign(mock.world.training, { serving: null, models: [], runs: [], drift: { reports: [], note: null } });
  await page.getByText("none is in the store").waitFor();
  assert.deepEqual(await page.locator(".next code").allInnerTexts(), ["millrace model add DIR", "millrace train data", "millrace train now --data DIGEST"]);
  const text = await page.locator(".view.model").innerText();
  for (const words of [/answers with the model on its own disk, all-MiniLM-L6-v2/, /The registry holds no model yet/, /No model was trained for this index/, /millrace drift measure/]) assert.match(text, words);
});

test("what is not known is said, and the rest is shown", async (t) => {
  const { page, mock } = await visit(t);
  const { drift } = mock.world.training;
  mock.world.training.drift = { reports: [], note: "the reports cannot be read now: no answer within 10s" };
  await page.getByText("no answer within 10s").waitFor();
  assert.equal(await page.locator(".models > li").count(), 4);
  Object.assign(mock.world.training, { serving: null, models: [], runs: [], drift, kafka: "there is no topic `models`: run `millrace topics apply` first" });
  await page.getByText("run `millrace topics apply` first").waitFor();
  assert.deepEqual([await page.locator(".models, .runs, .next").count(), await page.locator(".measures > li").count()], [0, 4]);
});

test("a key that may not see it is told so, and nothing is tried", async (t) => {
  const { page, mock } = await open(t, browser, { hash: "#/model", mock: { keys: true } });
  await page.locator("input[name=key]").fill("writer-key");
  await page.keyboard.press("Enter");
  await page.getByText("shown to keys with the role admin").waitFor();
  assert.ok(!mock.world.requests.some(({ path }) => path === "/v1/training"));
  await page.locator(".view.model").getByRole("button", { name: "Change key" }).click();
  await page.locator("input[name=key]").fill("admin-key");
  await page.keyboard.press("Enter");
  await page.locator(".measures > li").first().waitFor();
});
