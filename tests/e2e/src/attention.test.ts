/** Goal: the title, the picture of the tab and the badge of the icon say how much there is to read, and no more than that. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import { conversationIn, eventually, open, SKIP, withBench } from "./testing/web-bench.js";

test(
  "what is unread is counted outside of the page, without what is muted, and away with the user",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const bob = await bench.client("bob");
      const userIds = ["alice"] as UserId[];
      const loud = await bob.createGroup({ title: "Loud", userIds });
      const quiet = await bob.createGroup({ title: "Quiet", userIds });
      const other = await bench.client("alice");
      await other.notify.setConversation(quiet, { level: "none" });
      for (const { conversationId, lastSequence } of other.conversations())
        other.markRead(conversationId, lastSequence);
      const context = await bench.browser();
      // The numbers that the browser is given for the badge.
      await context.addInitScript(() => {
        const badges: number[] = [];
        Object.assign(globalThis, { badges });
        Object.assign(Navigator.prototype, { setAppBadge: async (count: number) => void badges.push(count) });
      });
      const page = await bench.signIn(context, "Alice");
      const shown = async (): Promise<readonly unknown[]> => [
        await page.title(),
        await page.evaluate(() => (globalThis as unknown as { badges: readonly number[] }).badges.at(-1)),
        await page.locator("link[rel=icon]").getAttribute("href"),
      ];
      await eventually(shown, ["Parley", 0, "/icon.svg"]);
      await bob.sendText(quiet, "nobody is told");
      await bob.sendText(loud, "one");
      await bob.sendText(loud, "two");
      await eventually(shown, ["(2) Parley", 2, "/icon-unread.svg"]);
      await open(page, "Quiet");
      await eventually(shown, ["(2) Quiet – Parley", 2, "/icon-unread.svg"]);
      await open(page, "Loud");
      await eventually(shown, ["Loud – Parley", 0, "/icon.svg"]);
      await open(page, "Quiet");
      await bob.sendText(loud, "three");
      await eventually(shown, ["(1) Quiet – Parley", 1, "/icon-unread.svg"]);
      await page.getByRole("button", { name: /^Menu/u }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("dialog").last().getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Password").waitFor();
      await eventually(shown, ["Parley", 0, "/icon.svg"]);
      deepEqual(await conversationIn(page, "Loud").count(), 0);
    });
  },
);
