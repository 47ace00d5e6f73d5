import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { HOSTILE, HOSTILE_TEXT } from "../world.mjs";
import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const views = ["chat", "search", "documents", "pipeline", "model"];

test("a script in a name, a title, a heading, a text, a cause or an answer is shown and not run", async (t) => {
  const { page, complaints } = await open(t, browser);
  await page.getByRole("textbox", { name: "Question" }).fill("what does the script say, quoted and bold?");
  await page.keyboard.press("Enter");
  await page.locator('[data-phase="done"]').waitFor();
  assert.match(await page.locator(".prose").innerText(), /<script>window\.__run=1<\/script> & <b>not bold<\/b>/);
  assert.match(await page.locator(".prose").innerText(), /<img src=x onerror="window\.__run=1">/);
  await page.locator(".source").first().click();
  await page.locator("[data-shown]").waitFor();
  assert.ok((await page.locator("[data-shown]").innerText()).endsWith(HOSTILE_TEXT));
  for (const view of views) {
    await page.goto(`${page.url().split("#")[0]}#/${view}?q=script&document=${encodeURIComponent(HOSTILE)}`);
    for (const place of [".panel", ".view:not([hidden])"]) await page.locator(`${place} :text("${HOSTILE.slice(5)}"):visible`).first().waitFor();
  }
  const made = await page.evaluate(() => ({
    run: window.__run,
    elements: document.querySelectorAll("#app script, #app img, #app b, #app svg[onload], #app a[href^='javascript']").length,
    styles: document.querySelectorAll("[style], style").length,
    inline: [...document.scripts].filter((script) => !script.src).length,
  }));
  assert.deepEqual(made, { run: undefined, elements: 0, styles: 0, inline: 0 });
  assert.deepEqual(complaints, [], "the policy refused nothing, for nothing was tried");
});

test("401 asks for a key, a wrong one is refused, the right one goes with each request of this tab only", async (t) => {
  const { page, mock } = await open(t, browser, { mock: { keys: true } });
  const field = page.locator("input[name=key]");
  await page.getByRole("dialog", { name: "API key" }).waitFor();
  await field.fill("密钥");
  await page.keyboard.press("Enter");
  await page.getByText("visible ASCII").waitFor();
  await field.fill("wrong-key");
  await page.keyboard.press("Enter");
  await page.getByText("did not take that key").waitFor();
  await field.fill("writer-key");
  await page.keyboard.press("Enter");
  await page.locator(".who").getByText("write").first().waitFor();
  assert.equal(mock.world.requests.at(-1).headers.authorization, "Bearer writer-key");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("millrace.key")), "writer-key");
  assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes("writer-key"));
  assert.ok(mock.world.requests.every(({ path }) => !path.includes("writer-key")));
  await page.getByRole("link", { name: "Pipeline" }).click();
  await page.getByText("shown to keys with the role admin").waitFor();
  assert.ok(!mock.world.requests.some(({ path }) => path === "/v1/pipeline"), "what is known to be refused is not tried");
  await page.locator("[data-key]").click();
  await field.fill("admin-key");
  await page.keyboard.press("Enter");
  await page.locator(".topics tbody tr").first().waitFor();
  await page.getByRole("button", { name: "Forget key" }).click();
  await page.getByRole("dialog", { name: "API key" }).waitFor();
  assert.equal(await page.locator(".topics").count(), 0);
  await page.keyboard.press("Escape");
  await page.getByRole("alert").getByText("A key is needed").waitFor();
});

test("the pipeline is read every 5 s, and not while its tab is hidden or another view is in front", async (t) => {
  const { page, mock, complaints } = await open(t, browser, { hash: "#/pipeline" });
  await page.locator(".topics tbody tr").first().waitFor();
  const text = await page.locator(".pipeline").innerText();
  for (const words of [/Records behind/, /chunks\.5b1f00aa/, /measuring the pace/, /412,733/, /all-MiniLM-L6-v2/, /millrace-bc20bc4c25a1-000003/, /61,408/, /The latest 2 of 14/, /no text recognition/]) assert.match(text, words);
  const before = mock.world.readings;
  await page.waitForTimeout(5600);
  assert.equal(mock.world.readings, before + 1);
  const hide = (hidden) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await page.getByText("Paused while this tab is hidden").waitFor();
  await page.waitForTimeout(5600);
  assert.equal(mock.world.readings, before + 1);
  await hide(false);
  await page.getByText("Updated").waitFor();
  assert.equal(mock.world.readings, before + 2, "read at once when it is seen again");
  await page.getByRole("link", { name: "Search" }).click();
  await page.waitForTimeout(5600);
  assert.equal(mock.world.readings, before + 2);
  assert.deepEqual(complaints, []);
});

test("keys: / to the question of each view, Esc closes, Tab reaches everything, the focus is seen", async (t) => {
  const { page } = await open(t, browser);
  for (const view of ["chat", "search", "documents"]) {
    await page.locator(`nav a[href^="#/${view}"]`).click();
    await page.locator(`.view.${view}:not([hidden])`).waitFor();
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("/");
    assert.ok(await page.evaluate(() => document.activeElement.matches("[data-question]")), view);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.value), "/", "typed, once in the field");
    await page.evaluate(() => document.activeElement.select());
    await page.keyboard.press("Backspace");
  }
  await page.locator(".documents tbody tr").first().waitFor();
  await page.reload();
  await page.locator(".documents tbody tr").first().waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.locator(".brand").click();
  await page.keyboard.press("Shift+Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip", "first the way past the navigation");
  const unseen = [];
  for (let step = 0; step < 25; step += 1) {
    await page.keyboard.press("Tab");
    const bare = await page.evaluate(() => {
      const element = document.activeElement;
      const ring = [element, element.parentElement].some((one) => getComputedStyle(one).outlineStyle !== "none");
      return ring || element === document.body ? null : element.outerHTML.slice(0, 120);
    });
    if (bare) unseen.push(bare);
  }
  assert.deepEqual(unseen, []);
});

test("Chinese: by the browser's language, by the switch, and kept", async (t) => {
  const { page } = await open(t, browser, { locale: "zh-CN" });
  await page.getByRole("link", { name: "问答" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hans");
  await page.getByRole("textbox", { name: "问题" }).fill("每年有多少天年假？");
  await page.keyboard.press("Enter");
  await page.locator('[data-phase="done"]').waitFor();
  assert.match(await page.locator(".turn").innerText(), /来源[\s\S]*第 12 页/);
  for (const view of views) {
    await page.locator(`nav a[href^="#/${view}"]`).click();
    await page.waitForTimeout(150);
  }
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("link", { name: "Ask" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Ask" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
});

test("colours follow the system, and the switch overrides it", async (t) => {
  const { page } = await open(t, browser, { colorScheme: "dark" });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: "light" });
  const light = await ground();
  assert.notEqual(dark, light);
  await page.locator("[data-theme-switch]").click();
  await page.locator("[data-theme-switch]").click();
  assert.equal(await ground(), dark);
  await page.reload();
  await page.locator("nav").waitFor();
  assert.equal(await ground(), dark);
});

test("nothing is wider than a narrow screen", async (t) => {
  for (const locale of ["en-US", "zh-CN"]) {
    const { page } = await open(t, browser, { locale, viewport: { width: 390, height: 844 }, mock: { keys: true } });
    await page.locator("input[name=key]").fill("admin-key");
    await page.keyboard.press("Enter");
    await page.locator("textarea").fill("what does the script say, quoted and bold?");
    await page.locator("textarea").press("Enter");
    await page.locator('[data-phase="done"]').waitFor();
    for (const view of views) {
      await page.evaluate((name) => (location.hash = `#/${name}?q=leave`), view);
      await page.waitForTimeout(700);
      const wide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll(".view:not([hidden]), .scroller, .top")].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => `${one.className} ${one.scrollWidth}`));
      assert.deepEqual(wide, [], `${locale} ${view}`);
    }
    await page.evaluate((name) => (location.hash = `#/chat?document=${encodeURIComponent(name)}`), HOSTILE);
    await page.locator(".reading .passage").first().waitFor();
    assert.ok(await page.evaluate(() => document.querySelector(".reading").scrollWidth <= 390 && document.documentElement.scrollWidth <= 390));
  }
});

test("a server that is away is said to be away, and tried again", async (t) => {
  const { page } = await open(t, browser);
  await page.route("**/v1/**", (route) => route.abort());
  await page.getByRole("link", { name: "Documents" }).click();
  await page.getByRole("alert").getByText("No connection to the server").waitFor();
  await page.unroute("**/v1/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".documents tbody tr").first().waitFor();
});
