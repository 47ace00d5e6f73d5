import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { CHINESE } from "../world.mjs";
import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const file = (name, text = "words") => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

test("the list: states, causes, what was left out, and the next page", async (t) => {
  const { page, complaints } = await open(t, browser, { hash: "#/documents" });
  await page.locator(".documents tbody tr").nth(49).waitFor();
  assert.equal(await page.locator(".documents tbody tr").count(), 50);
  await page.getByRole("button", { name: "Load more" }).click();
  await page.getByText("60 documents").waitFor();
  const refused = page.locator("tr[data-state=refused]");
  assert.match(await refused.innerText(), /refused[\s\S]*8\.4 MB/);
  assert.match(await refused.innerText(), /run OCR over it/);
  await page.getByText("2 parts left out").click();
  await page.getByText("2019/scan.tif").waitFor();
  for (const state of ["live", "empty", "waiting", "removed"]) assert.ok((await page.locator(`tr[data-state=${state}]`).count()) > 0, state);
  assert.deepEqual(complaints, []);
});

test("the prefix filter settles, stands in the address, and says when nothing begins so", async (t) => {
  const { page, mock } = await open(t, browser, { hash: "#/documents" });
  await page.locator(".documents tbody tr").first().waitFor();
  await page.getByRole("searchbox", { name: "Path prefix" }).pressSequentially("人事/");
  await page.getByText("2 documents").waitFor();
  assert.match(decodeURIComponent(page.url()), /prefix=人事/);
  const asked = mock.world.requests.filter(({ path }) => path === "/v1/documents").length;
  assert.ok(asked <= 3, `${asked} requests`);
  await page.locator(".documents").getByText("员工手册(2026 年版)").click();
  await page.locator(".panel").getByText("入职或离职当年").waitFor();
  assert.match(await page.locator(".panel").innerText(), new RegExp(CHINESE.replace(/[()]/g, "\\$&")));
  await page.getByRole("searchbox", { name: "Path prefix" }).fill("zzz");
  await page.getByText("No document's key begins with zzz").waitFor();
});

test("files are uploaded by the picker, one refused, and one that exists only after a question", async (t) => {
  const { page, mock } = await open(t, browser, { hash: "#/documents" });
  await page.getByLabel("Into folder").fill("/inbox/新 & old");
  await page.locator("input[type=file]").setInputFiles([file("备忘 #1?.txt", "memo"), file("virus.exe")]);
  await page.locator("[data-upload=accepted]").waitFor();
  assert.match(await page.locator("[data-upload=failed]").innerText(), /100 MB/);
  assert.equal(mock.world.documents[0].key, "inbox/新 & old/备忘 #1?.txt");
  assert.equal(mock.world.documents[0].size, 4);
  await page.locator("tr[data-state=waiting]", { hasText: "备忘" }).waitFor();
  await page.getByLabel("Into folder").fill("hr");
  await page.locator("input[type=file]").setInputFiles(file("leave-policy.pdf"));
  const dialog = page.getByRole("dialog", { name: "Replace 1 document?" });
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(mock.world.requests.filter(({ method, query }) => method === "PUT" && query.get("key") === "hr/leave-policy.pdf").length, 0);
  await page.locator("input[type=file]").setInputFiles(file("leave-policy.pdf"));
  await page.getByRole("button", { name: "Replace" }).click();
  await page.locator("[data-upload=accepted]", { hasText: "leave-policy" }).waitFor();
});

test("files are uploaded by dropping them", async (t) => {
  const { page, mock } = await open(t, browser, { hash: "#/documents" });
  await page.locator("input[type=file]").waitFor({ state: "attached" });
  const transfer = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["dropped"], "dropped.md"));
    return data;
  });
  await page.dispatchEvent("main", "dragover", { dataTransfer: transfer });
  await page.getByText("Drop to upload to docs/").waitFor();
  await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
  await page.locator("[data-upload=accepted]").waitFor();
  assert.equal(mock.world.documents[0].key, "dropped.md");
  assert.equal(await page.locator(".drop-here").count(), 0);
});

test("what waits is looked at again until it is searchable", async (t) => {
  const { page, mock } = await open(t, browser, { hash: "#/documents?prefix=inbox%2F" });
  await page.locator("tr[data-state=waiting]").waitFor();
  mock.world.documents.find(({ key }) => key === "inbox/new-offer.eml").state = "live";
  await page.locator("tr[data-state=live]", { hasText: "new-offer" }).waitFor();
});

test("deleting asks first", async (t) => {
  const { page, mock } = await open(t, browser, { hash: "#/documents?prefix=finance%2F" });
  const remove = page.getByRole("button", { name: "Delete docs/finance/budget-2026.xlsx" });
  await remove.click();
  const dialog = page.getByRole("dialog", { name: "Delete this document?" });
  assert.match(await dialog.innerText(), /docs\/finance\/budget-2026\.xlsx/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Cancel", "the harmless choice has the focus");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.ok(mock.world.documents.some(({ key }) => key.startsWith("finance/")));
  await remove.click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByText("is deleted; its passages leave the index shortly").waitFor();
  await page.locator(".documents .none").waitFor();
  assert.ok(!mock.world.documents.some(({ key }) => key.startsWith("finance/")));
});

test("a key that may only read sees no upload and no delete; without a bucket nobody does", async (t) => {
  const reader = await open(t, browser, { hash: "#/documents", mock: { keys: true } });
  await reader.page.locator("input[name=key]").fill("reader-key");
  await reader.page.keyboard.press("Enter");
  await reader.page.getByText("This key may read only").waitFor();
  await reader.page.locator(".documents tbody tr").first().waitFor();
  assert.equal(await reader.page.locator("input[type=file], .documents .danger").count(), 0);
  const bare = await open(t, browser, { hash: "#/documents", mock: { bucket: null } });
  await bare.page.getByText("No bucket is configured").waitFor();
  assert.equal(await bare.page.locator("input[type=file]").count(), 0);
});

test("a table of a document is drawn as one, and marked where it was cited", async (t) => {
  const { page, complaints } = await open(t, browser, { hash: "#/documents?document=docs%2Ffinance%2Fbudget-2026.xlsx" });
  const cells = page.locator(".reading .passage").first().locator("td");
  await cells.first().waitFor();
  assert.deepEqual((await cells.allInnerTexts()).slice(0, 5), ["Department", "Q1", "Q2", "Q3", "Sales"]);
  const id = await page.evaluate(() => fetch("/v1/document?document=docs%2Ffinance%2Fbudget-2026.xlsx").then((r) => r.json()).then((d) => d.passages[1].id));
  await page.evaluate((passage) => {
    location.hash = `#/documents?document=docs%2Ffinance%2Fbudget-2026.xlsx&passage=${passage}`;
  }, id);
  await page.locator("table.marked").waitFor();
  assert.equal(await page.locator("table.marked").count(), 1);
  assert.match(await page.locator("[data-shown]").innerText(), /7,500/);
  assert.deepEqual(complaints, []);
});
