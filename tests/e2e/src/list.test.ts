/**
 * Goal: a list of thousands of conversations is drawn as quickly as a short one, and what one does with it is so on all devices.
 * Method: counted are the rows in the page, and those that are another element than before; times are nobody's promise.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, UserId } from "@parley/protocol";
import type { ParleyClient } from "@parley/client";
import type { Locator, Page } from "playwright-core";
import { conversationIn, eventually, open, SKIP, withBench } from "./testing/web-bench.js";

const COUNT = 5_000;
/** Requests on their way at a time. */
const TOGETHER = 200;
/** A screen of rows, and what is drawn around it. */
const ROWS_MAX = 40;
/** The row that moved, and one that came into the part that is drawn. */
const NEW_ROWS_MAX = 2;

const rowsOf = (page: Page): Locator => page.getByRole("navigation").getByRole("listitem");
const namesOf = async (page: Page): Promise<readonly string[]> =>
  (await rowsOf(page).locator("[data-key] > span:nth-of-type(2)").allInnerTexts()).slice(0, 3);

/** Waits until the page has drawn what it is going to draw. */
async function drawn(page: Page): Promise<void> {
  const read = (): Promise<string> =>
    page.evaluate(async () => {
      const keys = (): string =>
        [...document.querySelectorAll<HTMLElement>("nav [data-key]")]
          .map((row) => `${row.dataset["key"]} ${row.getBoundingClientRect().y}`)
          .join();
      const before = keys();
      for (let frame = 0; frame < 20; frame++) await new Promise(requestAnimationFrame);
      return before === keys() ? "drawn" : "drawing";
    });
  await eventually(read, "drawn");
}

async function createMany(client: ParleyClient): Promise<readonly ConversationId[]> {
  const ids: ConversationId[] = [];
  for (let start = 0; start < COUNT; start += TOGETHER) {
    const titles = Array.from({ length: TOGETHER }, (_, index) => `Room ${start + index}`);
    ids.push(
      ...(await Promise.all(
        titles.map((title) => client.createGroup({ title, userIds: ["alice"] as UserId[] })),
      )),
    );
  }
  return ids;
}

test(`a list of ${COUNT} conversations has a screen of rows in the page`, { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const bob = await bench.client("bob");
    const ids = await createMany(bob);
    const page = await bench.tab(await bench.browser());
    await page.getByRole("button", { name: "Alice" }).click();
    const row = conversationIn(page, "Room ");
    await row.first().waitFor();
    const total = async (): Promise<boolean> =>
      Number(await rowsOf(page).first().getAttribute("aria-setsize")) > COUNT;
    await eventually(total, true);
    const counts = [await rowsOf(page).count()];

    // The keyboard goes to the very end and back.
    await row.first().focus();
    await page.keyboard.press("End");
    const focused = page.getByRole("listitem").filter({ has: page.locator("[data-key]:focus") });
    const placeOf = async (name: string): Promise<string | null> =>
      (await focused.count()) === 0 ? null : focused.getAttribute(name);
    const size = await rowsOf(page).first().getAttribute("aria-setsize");
    await eventually(() => placeOf("aria-posinset"), size);
    counts.push(await rowsOf(page).count());
    await page.keyboard.press("Home");
    await eventually(() => placeOf("aria-posinset"), "1");

    // A message moves one row: the others are the same elements as before.
    const mark = (): Promise<void> =>
      rowsOf(page)
        .locator("[data-key]")
        .evaluateAll((rows) => rows.forEach((each) => each.setAttribute("data-before", "true")));
    await drawn(page);
    await mark();
    await bob.sendText(ids[0]!, "I am far down");
    await page.getByText("I am far down").waitFor();
    const others = rowsOf(page).locator("[data-key]:not([data-before])");
    const newCount = await others.count();
    ok(newCount <= NEW_ROWS_MAX, `${newCount} rows were made anew`);

    // Who has scrolled down keeps the place.
    await rowsOf(page).nth(3).hover();
    await page.mouse.wheel(0, 6_400);
    await eventually(async () => (await rowsOf(page).first().getAttribute("aria-posinset")) === "1", false);
    const seen = (): Promise<readonly (string | undefined)[]> =>
      page.evaluate(() => {
        const list = document.querySelector<HTMLElement>("nav [role=list]")!.getBoundingClientRect();
        const under = document.elementFromPoint(list.x + 80, list.y + 60)?.closest<HTMLElement>("[data-key]");
        return [under?.dataset["key"], String(Math.round(under?.getBoundingClientRect().y ?? 0))];
      });
    await drawn(page);
    const [before, title] = [await seen(), await page.title()];
    await bob.sendText(ids[1]!, "I am far down, too");
    await eventually(async () => (await page.title()) === title, false);
    await drawn(page);
    deepEqual(await seen(), before);
    counts.push(await rowsOf(page).count());
    ok(
      counts.every((count) => count > 5 && count <= ROWS_MAX),
      `rows in the page: ${counts.join()}`,
    );
  });
});

test(
  "a row's menu pins, mutes and marks as read, on all devices, and filters leave what they say",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const bob = await bench.client("bob");
      const quiet = await bob.createGroup({ title: "Quiet corner", userIds: ["alice"] as UserId[] });
      await bob.createGroup({ title: "Later", userIds: ["alice"] as UserId[] });
      const one = await bench.signIn(await bench.browser(), "Alice");
      const other = await bench.tab(await bench.browser({ locale: "zh-CN" }));
      await other.getByRole("button", { name: "Alice" }).click();
      await conversationIn(other, "Quiet corner").waitFor();
      const choose = async (title: string, item: string): Promise<void> => {
        await conversationIn(one, title).click({ button: "right" });
        await one.getByRole("menuitem", { name: item, exact: true }).click();
      };

      // Newest first, until one is pinned; what is said elsewhere does not move it.
      equal((await namesOf(other))[0], "Later");
      await choose("Quiet corner", "Pin to top");
      await eventually(async () => (await namesOf(other))[0], "Quiet corner");
      await conversationIn(other, "Quiet corner").getByLabel("已置顶").waitFor();
      await bob.sendText(quiet, "@Alice are you there?");
      await bob.createGroup({ title: "Latest", userIds: ["alice"] as UserId[] });
      await eventually(() => namesOf(other), ["Quiet corner", "Latest", "Later"]);

      await choose("Quiet corner", "Mute");
      await conversationIn(other, "Quiet corner").getByLabel("已静音").waitFor();
      await one.getByRole("button", { name: "Unread", exact: true }).click();
      const named = (name: string): Promise<number> => conversationIn(one, name).count();
      deepEqual([await named("Quiet corner"), await named("Later")], [1, 0]);
      await choose("Quiet corner", "Mark as read");
      await eventually(() => named("Quiet corner"), 0);
      await one.getByRole("button", { name: "Direct", exact: true }).click();
      equal(await named("Later"), 0);
      await one.getByRole("button", { name: "Groups", exact: true }).click();
      await eventually(() => named("Later"), 1);
      await one.getByRole("button", { name: "All", exact: true }).click();

      // By keyboard: the button of the row, the arrow keys of the menu.
      await conversationIn(one, "Quiet corner").focus();
      await one.keyboard.press("Tab");
      await one.keyboard.press("Enter");
      equal(await one.locator("[role=menuitem]:focus").innerText(), "Unpin from top");
      await one.keyboard.press("ArrowDown");
      equal(await one.locator("[role=menuitem]:focus").innerText(), "Unmute");
      await one.keyboard.press("ArrowUp");
      await one.keyboard.press("Enter");
      await eventually(async () => (await namesOf(other))[0] === "Quiet corner", false);
    });
  },
);

test("what was begun to be written stands in the list", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const page = await bench.signIn(await bench.browser(), "Alice");
    await open(page, "Launch");
    await page.getByRole("textbox", { name: /^Message/u }).fill("half a thought");
    await conversationIn(page, "Bob").click();
    await conversationIn(page, "Launch").getByText("Draft: half a thought").waitFor();
  });
});
