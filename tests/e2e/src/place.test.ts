/** Goal: the list of messages goes where the reader scrolls, also while it is just on its way to another place; what a reader pressed was
 * pressed, wherever it goes. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Locator, Page } from "playwright-core";
import { conversationIn, open, SKIP, withBench, WAIT_MS_MAX } from "./testing/web-bench.js";

/** Of several heights, so that no row is as high as the list takes it for before it was measured. */
const LINES = Array.from({ length: 160 }, (_, index) => `line ${index}\n`.repeat(1 + (index % 4)).trim());
const UP_PX = 900;

/** How far the end of the messages is below the screen, when nothing moves any more. */
async function belowPx(page: Page): Promise<number> {
  return page.getByRole("log").evaluate(async (log) => {
    const below = (): number => Math.round(log.scrollHeight - log.scrollTop - log.clientHeight);
    const frames = async (): Promise<void> => {
      for (let frame = 0; frame < 15; frame++) await new Promise((drawn) => requestAnimationFrame(drawn));
    };
    let [before, after] = [-1, below()];
    while (before !== after) {
      await frames();
      [before, after] = [after, below()];
    }
    return after;
  });
}

/** Scrolls up so many frames after a message was drawn, as a reader may. */
async function scrollUpAfter(page: Page, text: string, frames: number): Promise<void> {
  await page.getByRole("log").evaluate(
    (log, { wanted, left, px }) =>
      new Promise<void>((resolve) => {
        let waiting = left;
        const look = (): void => {
          const isDrawn = (log.textContent ?? "").includes(wanted);
          if (!isDrawn || waiting-- > 0) return void requestAnimationFrame(look);
          log.dispatchEvent(new WheelEvent("wheel", { deltaY: -px, bubbles: true }));
          log.scrollTop -= px;
          resolve();
        };
        look();
      }),
    { wanted: text, left: frames, px: UP_PX },
  );
}

test("who scrolls up while a message comes stays there", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const erik = await bench.client("erik");
    const groupId = await erik.createGroup({
      title: "Book club",
      userIds: ["alice" as UserId],
      isHistoryOpen: true,
    });
    for (const line of LINES) await erik.sendText(groupId, line);
    await erik.settled(WAIT_MS_MAX);
    const alice = await bench.signIn(await bench.browser(), "Alice");
    await open(alice, "Book club");
    const far: number[] = [];
    for (let round = 0; round < 5; round++) {
      // Mounted anew, the list has measured nothing of what is above.
      await open(alice, "Lunch");
      await open(alice, "Book club");
      await belowPx(alice);
      const newest = alice.getByRole("button", { name: /newest|new message/u });
      if ((await newest.count()) > 0) await newest.click();
      deepEqual(await belowPx(alice), 0);
      const coming = scrollUpAfter(alice, `news ${round}`, round);
      await erik.sendText(groupId, `news ${round}`);
      await coming;
      far.push(await belowPx(alice));
    }
    deepEqual(
      far.map((px) => px > UP_PX / 2),
      far.map(() => true),
    );
  });
});

test("who takes back a long draft stays at the newest message", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const erik = await bench.client("erik");
    const groupId = await erik.createGroup({ title: "Book club", userIds: ["alice" as UserId] });
    for (const line of LINES.slice(0, 30)) await erik.sendText(groupId, line);
    await erik.settled(WAIT_MS_MAX);
    const alice = await bench.signIn(await bench.browser(), "Alice");
    await open(alice, "Book club");
    const newest = alice.getByRole("button", { name: /newest|new message/u });
    if ((await newest.count()) > 0) await newest.click();
    deepEqual(await belowPx(alice), 0);
    const field = alice.getByRole("main").getByRole("textbox");
    await field.fill("a line\n".repeat(8));
    deepEqual(await belowPx(alice), 0);
    await field.fill("");
    deepEqual(await belowPx(alice), 0);
    await erik.sendText(groupId, "and one more");
    await alice.getByRole("log").getByText("and one more").waitFor();
    deepEqual([await belowPx(alice), await newest.count()], [0, 0]);
  });
});

test(
  "a press on a message or a conversation that moves meanwhile is a click on it",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const erik = await bench.client("erik");
      const groupId = await erik.createGroup({ title: "Book club", userIds: ["alice" as UserId] });
      for (const line of LINES.slice(0, 12)) await erik.sendText(groupId, line);
      const alice = await bench.signIn(await bench.browser(), "Alice");
      await open(alice, "Book club");
      const last = alice.getByRole("log").getByRole("article").last();
      await last.hover();
      await press(alice, last.getByRole("button", { name: "Message actions" }));
      await erik.sendText(groupId, "one\ntwo\nthree");
      await alice.getByRole("log").getByText("three").waitFor();
      await alice.mouse.up();
      await alice.getByRole("menuitem", { name: "Reply" }).waitFor();
      await alice.keyboard.press("Escape");

      await press(alice, conversationIn(alice, "Lunch"));
      await alice.mouse.move(700, 300);
      await alice.mouse.up();
      await press(alice, conversationIn(alice, "Launch"));
      const directId = await erik.createDirect("alice" as UserId);
      await erik.sendText(directId, "above all others");
      await alice.getByRole("navigation").getByText("above all others").waitFor();
      await alice.mouse.up();
      await alice.getByRole("region", { name: /^Launch/u }).waitFor();
    });
  },
);

async function press(page: Page, button: Locator): Promise<void> {
  const { x, y, width, height } = (await button.boundingBox())!;
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
}
