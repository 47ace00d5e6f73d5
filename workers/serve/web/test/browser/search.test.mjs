import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("three modes side by side, with ranks of each in the others, and marks", async (t) => {
  const { page, complaints } = await open(t, browser, { hash: "#/search" });
  await page.getByRole("searchbox", { name: "Search for" }).fill("days of leave");
  await page.keyboard.press("Enter");
  for (const mode of ["Keyword", "Vector", "Hybrid"]) await page.getByRole("region", { name: mode }).locator(".hit").first().waitFor();
  const boxes = await Promise.all(["keyword", "vector", "hybrid"].map((mode) => page.locator(`[data-column=${mode}]`).boundingBox()));
  assert.ok(boxes[0].x + boxes[0].width <= boxes[1].x + 1 && boxes[1].x + boxes[1].width <= boxes[2].x + 1, "side by side");
  const first = page.locator("[data-column=hybrid] .hit").first();
  assert.match(await first.innerText(), /0\.0328/);
  assert.match(await first.locator(".elsewhere").innerText(), /K1/);
  assert.ok((await page.locator("[data-column=keyword] mark").count()) > 0);
  await first.hover();
  const id = await first.getAttribute("data-id");
  assert.equal(await page.locator(`.hit.pointed[data-id="${id}"]`).count(), 3, "the same passage in each list");
  assert.deepEqual(complaints, []);
});

test("the address holds the search: a link, Back, and a return to the view", async (t) => {
  const { page, mock } = await open(t, browser, { hash: "#/search?q=leave&format=pdf&size=5" });
  await page.locator(".hit").first().waitFor();
  const asked = mock.world.requests.filter(({ path }) => path === "/v1/search");
  assert.deepEqual([...new Set(asked.map(({ query }) => query.get("mode")))].sort(), ["hybrid", "keyword", "vector"]);
  assert.ok(asked.every(({ query }) => query.get("format") === "pdf" && query.get("size") === "5"));
  await page.getByRole("searchbox", { name: "Search for" }).fill("illness");
  await page.keyboard.press("Enter");
  await page.getByText("doctor's certificate").first().waitFor();
  await page.goBack();
  await page.waitForFunction(() => document.querySelector(".search-form input").value === "leave");
  await page.getByRole("link", { name: "Pipeline" }).click();
  await page.getByRole("link", { name: "Search" }).click();
  await page.waitForFunction(() => location.hash.includes("q=leave"));
  await page.locator(".hit").first().waitFor();
});

test("a filter from a list applies at once, a date as the moment it begins", async (t) => {
  const { page, mock } = await open(t, browser, { hash: "#/search?q=leave" });
  await page.locator(".search-form [name=language]").selectOption("en");
  await page.waitForFunction(() => location.hash.includes("language=en"));
  await page.locator(".search-form [name=since]").fill("2026-10-01");
  await page.waitForFunction(() => location.hash.includes("since="));
  await page.locator(".search-form [name=fusion]").selectOption("rrf");
  await page.waitForFunction(() => location.hash.includes("fusion=rrf"));
  await page.waitForTimeout(200);
  const last = mock.world.requests.filter(({ path, query }) => path === "/v1/search" && query.get("mode") === "hybrid").at(-1);
  assert.match(last.query.get("since"), /^2026-(09-30|10-01)T\d\d:\d\d:00\.000Z$/);
  assert.equal(last.query.get("fusion"), "rrf");
});

test("one mode that fails leaves the others standing; a wrong question names its field", async (t) => {
  const { page } = await open(t, browser, { hash: "#/search?q=leave+fails" });
  await page.locator("[data-column=vector] [role=alert]").waitFor();
  await page.locator("[data-column=keyword] .hit").first().waitFor();
  await page.goto(`${page.url().split("#")[0]}#/search?q=wrong`);
  await page.getByText("Field: size").first().waitFor();
});

test("a hit opens in the panel; Esc closes it and gives the focus back; copies open too", async (t) => {
  const { page } = await open(t, browser, { hash: "#/search?q=illness" });
  const hit = page.locator("[data-column=keyword] .hit .open").first();
  await hit.focus();
  await page.keyboard.press("Enter");
  await page.locator("[data-shown]").waitFor();
  assert.ok(await page.locator("[data-column=keyword]").isVisible(), "where one list fits, it is the one that was used");
  await page.keyboard.press("Escape");
  await page.locator(".panel").waitFor({ state: "detached" });
  await page.waitForFunction((element) => element === document.activeElement, await hit.elementHandle());
  await page.locator("[data-column=keyword] .copies summary").first().click();
  await page.locator("[data-column=keyword] .copies button").first().click();
  await page.locator(".panel").getByText("report-01.docx").waitFor();
});

test("on a narrow screen one list is shown, chosen by a switch", async (t) => {
  const { page } = await open(t, browser, { hash: "#/search?q=leave", viewport: { width: 390, height: 844 } });
  await page.locator("[data-column=hybrid] .hit").first().waitFor();
  assert.equal(await page.locator("[data-column=keyword]").isVisible(), false);
  await page.getByRole("radio", { name: "Keyword" }).check();
  await page.locator("[data-column=keyword] .hit").first().waitFor();
  assert.equal(await page.locator("[data-column=hybrid]").isVisible(), false);
});
