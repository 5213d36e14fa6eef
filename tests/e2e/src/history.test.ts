/**
 * Goal: a long history pages up without a hole, a double, a wrong order or a jump.
 * Method: 400 numbered messages; the page is scrolled up step by step, and at each step what it shows is read.
 */
import { deepEqual } from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Locator, Page } from "playwright-core";
import {
  conversationIn,
  eventually,
  messageIn,
  SKIP,
  textsOf,
  unreadOf,
  WebBench,
  write,
} from "./testing/web-bench.js";

const COUNT = 400;
const STEPS_MAX = 200;
/** Less than what the page holds at a time, so that nothing is passed over. */
const STEP_PX = 1_000;
/** A message may move this much when older ones are added above it: less than can be seen. */
const SHIFT_PX_MAX = 2;

describe("a long history", () => {
  let bench: WebBench;
  before(async () => {
    if (SKIP !== false) return;
    bench = await WebBench.start();
    const erik = await bench.client("erik");
    const conversationId = await erik.createDirect("dana" as UserId);
    for (let index = 1; index <= COUNT; index++) {
      const lines = Array.from({ length: index % 4 }, (_, line) => `line ${line}`);
      await erik.sendText(conversationId, [`no. ${index}`, ...lines].join("\n"));
    }
    await erik.settled(20_000);
    // Who has read everything begins at the bottom.
    const dana = await bench.client("dana");
    dana.markRead(conversationId);
    const unread = async (): Promise<number> =>
      dana.conversations().find((entry) => entry.conversationId === conversationId)?.unread ?? -1;
    await eventually(unread, 0);
  });
  after(async () => {
    if (SKIP === false) await bench.close();
  });

  test(
    "scrolling up shows every message once, in order, and moves none of those on the screen",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const page = await bench.signIn(context, "Dana");
      await conversationIn(page, "Erik").click();
      await messageIn(page, `no. ${COUNT}`).waitFor();
      const seen = new Set<number>();
      let shiftMax = 0;
      for (let step = 0; step < STEPS_MAX && !seen.has(1); step++) {
        const { numbers, shiftPx } = await scrollUp(page, step === 0 ? 0 : STEP_PX);
        shiftMax = Math.max(shiftMax, shiftPx);
        deepEqual(numbers, consecutiveFrom(numbers[0] ?? 0, numbers.length));
        for (const number of numbers) seen.add(number);
      }
      await page.getByText("This is the beginning of the conversation.").waitFor();
      const missing = consecutiveFrom(1, COUNT).filter((number) => !seen.has(number));
      deepEqual([missing, shiftMax <= SHIFT_PX_MAX ? "still" : `moved by ${shiftMax} px`], [[], "still"]);
      await context.close();
    },
  );

  test(
    "a conversation opens at its first unread message, and what was seen counts as read",
    { skip: SKIP },
    async () => {
      const erik = await bench.client("erik");
      const conversationId = await erik.createDirect("chen" as UserId);
      for (let index = 1; index <= 150; index++) await erik.sendText(conversationId, `no. ${index}`);
      await erik.settled(20_000);
      const context = await bench.browser();
      const page = await bench.signIn(context, "陈晓雯");
      await eventually(() => unreadOf(page, "Erik"), "99+");
      await conversationIn(page, "Erik").click();
      const line = page.getByRole("log").getByText("New messages");
      await line.waitFor();
      await eventually(() => isOnScreen(line), true);
      const shown = [await isOnScreen(messageIn(page, "no. 1")), await messageIn(page, "no. 150").count()];
      await page.getByRole("button", { name: /\d+ new messages/u }).click();
      await eventually(() => isOnScreen(messageIn(page, "no. 150")), true);
      await eventually(() => unreadOf(page, "Erik"), "");
      deepEqual(shown, [true, 0]);
      await context.close();
    },
  );

  test(
    "who reads above is not moved by new messages, is told of them, and goes to them with a click",
    { skip: SKIP },
    async () => {
      const hers = await bench.browser();
      const his = await bench.browser();
      const dana = await bench.signIn(hers, "Dana");
      const erik = await bench.signIn(his, "Erik");
      await conversationIn(dana, "Erik").click();
      await conversationIn(erik, "Dana").click();
      await messageIn(dana, `no. ${COUNT}`).waitFor();
      // The list may still be on its way to the bottom, which it has just opened at.
      const isAbove = async (): Promise<boolean> => {
        await scrollUp(dana, 900);
        return dana.getByRole("button", { name: "To the newest message" }).isVisible();
      };
      await eventually(isAbove, true);
      const placeBefore = await placeOf(dana);
      await write(erik, "one more");
      await write(erik, "and another");
      const pill = dana.getByRole("button", { name: "2 new messages" });
      await pill.waitFor();
      const place = await placeOf(dana);
      await pill.click();
      await eventually(async () => (await textsOf(dana)).slice(-2), ["one more", "and another"]);
      await eventually(() => dana.getByRole("button", { name: /new messages|newest/u }).count(), 0);
      await eventually(
        () =>
          conversationIn(dana, "Erik")
            .getByLabel(/unread/u)
            .count(),
        0,
      );
      await write(erik, "at the bottom");
      await dana.getByText("at the bottom").last().waitFor();
      await eventually(
        () =>
          dana.getByRole("log").evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 2),
        true,
      );
      deepEqual(place, placeBefore);
      await Promise.all([hers.close(), his.close()]);
    },
  );
});

/** Whether it can be seen, and not only scrolled to. */
async function isOnScreen(locator: Locator): Promise<boolean> {
  if ((await locator.count()) === 0) return false;
  return locator.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    const log = element.closest("[role=log]")?.getBoundingClientRect();
    return log !== undefined && top >= log.top && bottom <= log.bottom;
  });
}

function consecutiveFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Scrolls up, waits until nothing loads any more, and tells what is there and how far the first visible message moved. */
async function scrollUp(
  page: Page,
  byPx: number,
): Promise<{ readonly numbers: readonly number[]; readonly shiftPx: number }> {
  return page.getByRole("log").evaluate(async (log, distance) => {
    const frames = async (count: number): Promise<void> => {
      for (let frame = 0; frame < count; frame++) await new Promise((next) => requestAnimationFrame(next));
    };
    log.scrollBy(0, -distance);
    await frames(3);
    const topPx = log.getBoundingClientRect().top;
    const rows = (): readonly HTMLElement[] => [...log.querySelectorAll<HTMLElement>("[data-row]")];
    const anchor = rows().find((row) => row.getBoundingClientRect().top >= topPx);
    const key = anchor?.dataset["row"];
    const fromPx = anchor?.getBoundingClientRect().top ?? 0;
    for (let wait = 0; wait < 600; wait++) {
      await frames(1);
      if (!document.body.innerText.includes("Loading messages")) break;
    }
    await frames(3);
    const now = rows().find((row) => row.dataset["row"] === key);
    return {
      numbers: rows().flatMap((row) => {
        const text = row.querySelector("article [dir=auto]")?.textContent ?? "";
        const found = /^no\. (\d+)/u.exec(text);
        return found === null ? [] : [Number(found[1])];
      }),
      shiftPx: now === undefined ? 0 : Math.abs(now.getBoundingClientRect().top - fromPx),
    };
  }, byPx);
}

/** The first message that is whole on the screen, and where it stands. */
async function placeOf(page: Page): Promise<readonly [string, number]> {
  return page.getByRole("log").evaluate((log) => {
    const topPx = log.getBoundingClientRect().top;
    const row = [...log.querySelectorAll<HTMLElement>("[data-row]")].find(
      (each) => each.getBoundingClientRect().top >= topPx,
    );
    return [row?.dataset["row"] ?? "", Math.round(row?.getBoundingClientRect().top ?? 0)] as const;
  });
}
