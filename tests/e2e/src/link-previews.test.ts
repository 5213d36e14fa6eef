/**
 * Goal: what a link leads to is shown to all, until its author takes it away or a reader does not want to see it; and only the server asks
 * the page, never a browser.
 *
 * Method: a page on this machine, which the operator allows, and which writes down who asked.
 */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Locator, Page } from "playwright-core";
import { LINKS_ALLOWED, openSite } from "./testing/link-site.js";
import { chooseInMenuOf } from "./testing/message-menu.js";
import { eventually, messageIn, open, SKIP, withBench, write, WAIT_MS_MAX } from "./testing/web-bench.js";

test("all see what a link leads to, until its author takes that away", { skip: SKIP }, async () => {
  const site = await openSite();
  await withBench(async (bench) => {
    bench.atEnd(site.close);
    const erik = await bench.client("erik");
    const group = { title: "Coast", userIds: ["alice", "bob"] as UserId[], isHistoryOpen: true };
    const groupId = await erik.createGroup(group);
    for (let index = 1; index <= 16; index++) await erik.sendText(groupId, `line ${index}`);
    await erik.settled(WAIT_MS_MAX);
    const alice = await bench.signIn(await bench.browser(), "Alice");
    const bob = await bench.signIn(await bench.browser({ colorScheme: "dark" }), "Bob");
    for (const page of [alice, bob]) {
      await open(page, "Coast");
      // What is unread would be shown from its beginning.
      await page.getByRole("log").press("End");
      await eventually(() => gapBelow(page), 0);
    }
    await write(alice, `look: ${site.url}`);
    await messageIn(alice, site.url).waitFor();

    for (const page of [bob, alice]) {
      await page.bringToFront();
      await eventually(() => cardIn(page).locator("img").evaluateAll(widths), [160]);
      // The row has grown, and the list is still at its end.
      await eventually(() => gapBelow(page), 0);
    }
    const card = cardIn(bob);
    deepEqual(
      [
        await card.innerText(),
        await card.getAttribute("href"),
        await card.getAttribute("target"),
        await card.getAttribute("rel"),
      ],
      [
        `Coast News · 127.0.0.1\nThe state of the lighthouse <b>2026</b>\nAll that is known about its lamp, its keeper, and the storm that both of them came through.`,
        site.url,
        "_blank",
        "noopener noreferrer nofollow",
      ],
    );
    await bob.bringToFront();
    await bob.getByRole("button", { name: /^Menu/u }).click();
    const choice = bob.getByRole("checkbox", { name: "Link previews" });
    await choice.uncheck();
    await eventually(() => cardIn(bob).count(), 0);
    await choice.check();
    await eventually(() => cardIn(bob).count(), 1);
    await alice.bringToFront();
    await chooseInMenuOf(alice, site.url, "Remove preview");
    for (const page of [alice, bob]) await eventually(() => cardIn(page).count(), 0);
    deepEqual(site.asked, ["/ Parley link preview", "/lamp.png Parley link preview"]);
  }, LINKS_ALLOWED);
});

function cardIn(page: Page): Locator {
  return page.getByRole("log").getByRole("link", { name: /Coast News/u });
}

function widths(images: (HTMLElement | SVGElement)[]): readonly number[] {
  return images.map((image) => (image as HTMLImageElement).naturalWidth);
}

/** Pixels between the end of the list and the bottom of its window. */
function gapBelow(page: Page): Promise<number> {
  return page
    .getByRole("log")
    .evaluate(({ scrollHeight, scrollTop, clientHeight }) =>
      Math.max(0, Math.round(scrollHeight - scrollTop - clientHeight) - 1),
    );
}
