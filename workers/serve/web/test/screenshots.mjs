// Pictures of all views, to be looked at: `npm run screenshots -- DIR`.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { launch, open } from "./browser/browser.mjs";

const directory = process.argv[2] ?? "/var/tmp/shots";
const wide = { width: 1440, height: 900 };
const narrow = { width: 390, height: 844 };

const scenes = {
  async chat(page, { chinese }) {
    await page.locator("textarea").fill(chinese ? "每年有多少天年假?病假需要什么证明?" : "How many days of leave does an employee have, and many rules apply?");
    await page.keyboard.press("Enter");
    await page.locator('[data-phase="done"]').waitFor();
    await page.waitForTimeout(100);
  },
  async search(page) {
    await page.locator("[data-question]:visible").fill("days of leave and illness");
    await page.keyboard.press("Enter");
    await page.locator(".hit:visible").first().waitFor();
    await page.waitForTimeout(100);
  },
  async documents(page) {
    await page.locator("tbody tr").first().waitFor();
    await page.locator("input[name=prefix]:visible").fill(process.env.SHOT_PREFIX ?? "hr/");
    await page.waitForTimeout(600);
  },
  async pipeline(page, { mock }) {
    mock.world.readings = 7;
    await page.locator(".topics tbody tr").first().waitFor();
    await page.locator(".generations > li").first().waitFor();
  },
  async model(page) {
    await page.locator(".measures > li").first().waitFor();
  },
};

const browser = await launch();
await mkdir(directory, { recursive: true });

async function shoot(name, view, settings, then) {
  const closing = [];
  const { page, mock, complaints } = await open({ after: (close) => closing.push(close) }, browser, { hash: `#/${view}`, mock: { pace: 1 }, ...settings });
  await scenes[view](page, { mock, chinese: settings.locale === "zh-CN" });
  if (then) await then(page);
  await page.screenshot({ path: join(directory, `${name}.png`) });
  if (complaints.length > 0) console.error(name, complaints);
  for (const close of closing) await close();
}

for (const view of Object.keys(scenes)) {
  await shoot(`${view}-light`, view, { viewport: wide, colorScheme: "light" });
  await shoot(`${view}-dark`, view, { viewport: wide, colorScheme: "dark" });
  await shoot(`${view}-narrow`, view, { viewport: narrow, colorScheme: "light" });
}
const openSource = async (page) => {
  await page.locator(".source").nth(1).click();
  await page.locator("[data-shown]").waitFor();
};
await shoot("panel-light", "chat", { viewport: wide, colorScheme: "light" }, openSource);
await shoot("panel-narrow", "chat", { viewport: narrow, colorScheme: "dark" }, openSource);
await shoot("chat-chinese", "chat", { viewport: wide, colorScheme: "light", locale: "zh-CN" }, openSource);
await shoot("documents-chinese", "documents", { viewport: wide, colorScheme: "dark", locale: "zh-CN" });
const disagree = async (page) => {
  await page.locator(".sources [data-thumb=up]").first().click();
  await page.locator(".answer [data-thumb=down]").click();
  await page.locator("[name=reason]").fill("it is last year's rule");
  await page.getByText("Kept").first().waitFor();
};
await shoot("feedback-light", "chat", { viewport: wide, colorScheme: "light" }, disagree);
await shoot("feedback-narrow", "chat", { viewport: narrow, colorScheme: "dark" }, disagree);
const toGenerations = (page) => page.locator(".generations").evaluate((list) => list.parentElement.scrollIntoView({ block: "start" }));
await shoot("generations-light", "pipeline", { viewport: wide, colorScheme: "light" }, toGenerations);
await shoot("generations-narrow", "pipeline", { viewport: narrow, colorScheme: "dark" }, toGenerations);
await shoot("generations-chinese", "pipeline", { viewport: wide, colorScheme: "dark", locale: "zh-CN" }, toGenerations);
const toRuns = (page) => page.locator(".runs").evaluate((list) => list.parentElement.scrollIntoView({ block: "start" }));
const toDrift = async (page) => {
  await page.locator(".view.model details > summary").click();
  await page.locator(".measures").evaluate((list) => list.parentElement.scrollIntoView({ block: "start" }));
};
await shoot("model-runs-narrow", "model", { viewport: narrow, colorScheme: "dark" }, toRuns);
await shoot("model-drift-light", "model", { viewport: wide, colorScheme: "light" }, toDrift);
await shoot("model-drift-narrow", "model", { viewport: narrow, colorScheme: "light" }, toDrift);
await shoot("model-chinese", "model", { viewport: wide, colorScheme: "dark", locale: "zh-CN" });
const goBack = async (page) => {
  await page.getByRole("button", { name: /^Go back to it/ }).click();
  await page.getByRole("dialog").waitFor();
};
await shoot("generations-dialog", "pipeline", { viewport: wide, colorScheme: "light" }, goBack);
const openHit = async (page) => {
  await page.locator(".hit .open:visible").first().click();
  await page.locator("[data-shown]").waitFor();
};
await shoot("search-panel", "search", { viewport: wide, colorScheme: "dark" }, openHit);
await browser.close();
