import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const visit = async (t, settings = {}) => {
  const visited = await open(t, browser, { hash: "#/pipeline", ...settings });
  await visited.page.locator(".generations > li").first().waitFor();
  const card = (id) => visited.page.locator(`[data-generation="${id}"]`);
  const posts = () => visited.mock.world.requests.filter(({ method }) => method === "POST").map(({ path }) => path);
  return { ...visited, card, posts };
};

test("each generation is shown with model, mapping, state and progress, and one as served", async (t) => {
  const { page, card, complaints } = await visit(t);
  assert.equal(await page.locator(".generations > li").count(), 4);
  assert.equal(await page.locator(".generations .served").count(), 1);
  assert.match(await card("0a1b2c3d4e5f").innerText(), /served[\s\S]*384 dimensions · mapping 4 · 3 shards[\s\S]*Follows the log[\s\S]*2 of 2 servers answer by it[\s\S]*by maria/);
  assert.equal(await card("0a1b2c3d4e5f").getByRole("button").count(), 0, "what is served is neither paused nor promoted");
  const building = card("77aa88bb99cc");
  assert.match(await building.innerText(), /multilingual-e5-small[\s\S]*being built[\s\S]*int8_hnsw in elasticsearch[\s\S]*61%[\s\S]*about 13 min left[\s\S]*254,833 of 412,733 records/);
  const bar = building.getByRole("progressbar", { name: /multilingual-e5-small/ });
  assert.equal(await bar.getAttribute("value"), "61");
  assert.match(await card("deadbeef0001").innerText(), /<script>[\s\S]*failed[\s\S]*disk is full <b>now<\/b>[\s\S]*1 partition waits/);
  assert.deepEqual(complaints, []);
});

test("serving and going back are confirmed, and the page says who follows", async (t) => {
  const { page, mock, card, posts } = await visit(t);
  const back = card("f5e4d3c2b1a0").getByRole("button", { name: "Go back to it: f5e4d3c2b1a0" });
  await back.click();
  const dialog = page.getByRole("dialog", { name: "Go back to this generation?" });
  assert.match(await dialog.innerText(), /f5e4d3c2b1a0[\s\S]*all-MiniLM-L6-v2 \(0a1b2c3d4e5f\) is kept/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Cancel", "the harmless choice has the focus");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(posts(), []);
  await back.click();
  await dialog.getByRole("button", { name: "Go back to it" }).click();
  await page.getByRole("status").getByText("f5e4d3c2b1a0 is served from now on").waitFor();
  assert.deepEqual(posts(), ["/v1/generations/f5e4d3c2b1a0/promote"]);
  await card("f5e4d3c2b1a0").getByText("1 of 2 servers answers by it").waitFor();
  await card("f5e4d3c2b1a0").getByText("not yet: serve-1-7-1760000000").waitFor();
  mock.world.registry.instances.forEach((one) => (one.current = true));
  await card("f5e4d3c2b1a0").getByText("2 of 2 servers answer by it").waitFor();
});

test("what is refused says why, in the dialog", async (t) => {
  const { page, mock, card } = await visit(t);
  mock.world.registry.generations[2].state = "built";
  await card("77aa88bb99cc").getByRole("button", { name: "Serve it" }).click();
  const dialog = page.getByRole("dialog", { name: "Serve this generation?" });
  await dialog.getByRole("button", { name: "Serve it" }).click();
  await dialog.getByRole("alert").getByText("not loaded yet by serve-1-7-1760000000").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(mock.world.registry.serving.id, "0a1b2c3d4e5f");
});

test("building is paused and resumed", async (t) => {
  const { page, card, posts } = await visit(t);
  for (const [act, title, state] of [["Pause", "Pause this generation?", "paused"], ["Resume", "Resume this generation?", "building"]]) {
    await card("77aa88bb99cc").getByRole("button", { name: act }).click();
    await page.getByRole("dialog", { name: title }).getByRole("button", { name: act }).click();
    await page.locator(`[data-generation="77aa88bb99cc"][data-state="${state}"]`).waitFor();
  }
  assert.deepEqual(posts(), ["/v1/generations/77aa88bb99cc/pause", "/v1/generations/77aa88bb99cc/resume"]);
});

test("one generation alone: how another is built; and a registry that is not known says why", async (t) => {
  const { page, mock } = await visit(t);
  mock.world.registry.generations = mock.world.registry.generations.slice(1, 2);
  await page.getByText("There is one generation").waitFor();
  assert.match(await page.locator(".alone").innerText(), /millrace generation start/);
  Object.assign(mock.world.registry, { generations: [], kafka: "there is no topic `models`: run `millrace topics apply` first" });
  await page.getByText("run `millrace topics apply`").waitFor();
});
