/**
 * Goal: words that somebody said long ago, in Chinese or English, are found and lead to the message among those around it.
 * Method: a group with some hundred messages; results are opened with the mouse and with the keyboard, and the list is read
 * from there to its end.
 */
import { deepEqual } from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Locator, Page } from "playwright-core";
import {
  conversationIn,
  open,
  eventually,
  messageIn,
  SKIP,
  textsOf,
  WebBench,
  write,
} from "./testing/web-bench.js";

const COUNT = 400;
const CHINESE = 30;
const ENGLISH = 60;
const STEPS_MAX = 200;
/** Every message is in the page for some steps, also when the page is slow to draw. */
const STEP_PX = 350;

function textOf(index: number): string {
  if (index === CHINESE) return "明天上午讨论新项目进度，请大家准时。";
  if (index === ENGLISH) return "The Quarterly report (see https://example.com/q3) is ready.";
  return `no. ${index}`;
}

function hitIn(page: Page, text: string): Locator {
  return page.getByRole("navigation").getByRole("button").filter({ hasText: text });
}

/** Whether a message is on the screen, whole, and marked as the one that was looked for. */
async function isShown(page: Page, text: string): Promise<boolean> {
  const box = await messageIn(page, text).first().boundingBox();
  const screen = await page.getByRole("log").boundingBox();
  const marked = await page.locator('[data-marked="true"]').allInnerTexts();
  if (box === null || screen === null) return false;
  const isInside = box.y >= screen.y && box.y + box.height <= screen.y + screen.height;
  return isInside && marked.length === 1 && marked[0]!.includes(text.slice(0, 10));
}

describe("a search in messages", () => {
  let bench: WebBench;
  before(async () => {
    if (SKIP !== false) return;
    bench = await WebBench.start();
    const erik = await bench.client("erik");
    const groupId = await erik.createGroup({
      title: "Archive",
      userIds: ["alice", "dana"] as UserId[],
      isHistoryOpen: true,
    });
    for (let index = 1; index <= COUNT; index++) await erik.sendText(groupId, textOf(index));
    await erik.settled(20_000);
  });
  after(async () => {
    if (SKIP === false) await bench.close();
  });

  test(
    "Chinese words lead to their message, and one reads on from there to the end",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const page = await bench.signIn(context, "Alice");
      await page.getByRole("searchbox").fill("项目进度");
      const hit = hitIn(page, "新项目进度");
      await hit.waitFor();
      const marks = await hit.locator("mark").allInnerTexts();
      await hit.click();
      await eventually(() => isShown(page, textOf(CHINESE)), true);
      const seen = new Set(await textsOf(page));
      const scroller = page.getByRole("log");
      await scroller.hover();
      for (let step = 0; step < STEPS_MAX && !seen.has(textOf(COUNT)); step++) {
        await page.mouse.wheel(0, STEP_PX);
        await page.evaluate(
          () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
        );
        for (const text of await textsOf(page)) seen.add(text);
      }
      const missing = Array.from({ length: COUNT - CHINESE + 1 }, (_, index) =>
        textOf(CHINESE + index),
      ).filter((text) => !seen.has(text));
      deepEqual([marks, missing], [["项目进度"], []]);
      await context.close();
    },
  );

  test("without a network what the browser holds is searched, and it says so", { skip: SKIP }, async () => {
    const context = await bench.browser();
    const page = await bench.signIn(context, "Alice");
    await open(page, "Lunch");
    // The code for it is fetched as soon as the page has nothing to do.
    const fetched = (): Promise<boolean> =>
      page.evaluate(() =>
        performance.getEntriesByType("resource").some(({ name }) => name.includes("/late-calls")),
      );
    await eventually(fetched, true);
    bench.expectTrouble();
    await context.setOffline(true);
    await page
      .getByRole("status")
      .filter({ hasText: /No connection/u })
      .first()
      .waitFor();
    await page.getByRole("searchbox").fill("noodles greek");
    await page.getByText("No connection: only what this device holds was searched.").waitFor();
    const marks = await hitIn(page, "Noodles or the Greek place?").locator("mark").allInnerTexts();
    deepEqual(marks, ["Noodles", "Greek"]);
    await context.setOffline(false);
    await context.close();
  });

  test(
    "English words are found with the keyboard, and back leads to where one was",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const page = await bench.signIn(context, "Dana");
      await conversationIn(page, "Launch").click();
      await page.getByRole("region", { name: "Launch" }).waitFor();
      const search = page.getByRole("searchbox");
      await search.fill("report quarter");
      await hitIn(page, "Quarterly report").waitFor();
      await search.press("ArrowDown");
      await eventually(
        () => hitIn(page, "Quarterly").evaluate((row) => row === document.activeElement),
        true,
      );
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "Archive" }).waitFor();
      await eventually(() => page.locator('[data-marked="true"]').count(), 1);
      const texts = await textsOf(page);
      await page.goBack();
      await page.getByRole("region", { name: "Launch" }).waitFor();
      deepEqual([texts.includes(`no. ${ENGLISH - 1}`), texts.includes(`no. ${COUNT}`)], [true, false]);
      await context.close();
    },
  );

  test(
    "who writes while reading long ago sees it in its place, behind the newest",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const page = await bench.signIn(context, "Alice");
      await page.getByRole("searchbox").fill("quarterly");
      await hitIn(page, "Quarterly").click();
      await eventually(() => page.locator('[data-marked="true"]').count(), 1);
      await write(page, "I saw it");
      await messageIn(page, "I saw it").waitFor();
      await eventually(async () => (await textsOf(page)).slice(-2), [textOf(COUNT), "I saw it"]);
      await context.close();
    },
  );

  test("more than is shown of a conversation is looked for in it alone", { skip: SKIP }, async () => {
    const context = await bench.browser();
    const page = await bench.signIn(context, "Alice");
    const search = page.getByRole("searchbox");
    await search.fill("no");
    const results = page.getByRole("region", { name: "Messages" });
    await eventually(() => results.getByRole("button", { name: /no\. \d/u }).count(), 5);
    await results.getByRole("button", { name: "More in Archive" }).click();
    await eventually(() => results.getByRole("button", { name: /no\. \d/u }).count(), 50);
    await results.getByRole("button", { name: "Search on" }).click();
    await eventually(() => results.getByRole("button", { name: /no\. \d/u }).count(), 100);
    await page.getByRole("button", { name: "Search everywhere" }).click();
    await eventually(() => results.getByRole("button", { name: /no\. \d/u }).count(), 5);
    await search.fill("noword");
    await results.getByText("No message is found.").waitFor();
    await context.close();
  });
});
