/** Goal: one sees who is there and who types, as it is now, and nothing moves for it. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Locator, Page } from "playwright-core";
import { violationsOn } from "./testing/axe.js";
import { conversationIn, eventually, messageIn, open, SKIP, withBench, write } from "./testing/web-bench.js";

/** As a browser does it when another tab or window is looked at. */
async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(
    (state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    },
    isHidden ? "hidden" : "visible",
  );
}

const TYPING_TRIES_MAX = 5;
const TYPING_SEEN_MS = 4_000;

const dotIn = (place: Locator) => async (): Promise<readonly (string | null)[]> => {
  const dots = await place.locator("[data-presence]").all();
  return Promise.all(dots.map((dot) => dot.getAttribute("data-presence")));
};

test(
  "the other is online, away, and typing, in the list and above the conversation",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const [alice, bob] = [await bench.client("alice"), await bench.client("bob")];
      for (const client of [alice, bob]) client.presence.setActive(false);
      const direct = await alice.createDirect(bob.self);
      await alice.sendText(direct, "hello");
      const group = await alice.createGroup({ title: "Pairs", userIds: ["bob"] as UserId[] });
      await bob.sendText(group, "here");
      const [mine, theirs] = [
        await bench.signIn(await bench.browser(), "Alice"),
        await bench.signIn(await bench.browser(), "Bob"),
      ];
      await open(theirs, "Alice");
      await open(mine, "Bob");
      const row = conversationIn(mine, "Bob");
      const view = mine.getByRole("region", { name: "Bob" });
      const head = view.getByRole("banner").or(view.locator("header"));
      const shown = async (): Promise<readonly unknown[]> => [
        await dotIn(row)(),
        await row.getByText(/^(Online|Away)$/u).allInnerTexts(),
        await dotIn(head)(),
        await head.getByRole("paragraph").innerText(),
      ];
      await eventually(shown, [["online"], ["Online"], ["online"], "Online"]);
      deepEqual(await violationsOn(mine), []);

      const field = mine.getByRole("textbox", { name: /^Message/u });
      const before = await field.boundingBox();
      const line = view.getByText("Bob Tanaka is typing…");
      // It is told for some seconds: on a busy machine not each key is seen in time.
      for (let tries = 0; tries < TYPING_TRIES_MAX && !(await line.isVisible()); tries++) {
        await theirs.getByRole("textbox", { name: /^Message/u }).pressSequentially("so");
        await line.waitFor({ timeout: TYPING_SEEN_MS }).catch(() => undefined);
      }
      await line.waitFor();
      deepEqual([await field.boundingBox(), await violationsOn(mine)], [before, []]);
      await write(theirs, "so it is");
      await messageIn(mine, "so it is").waitFor();
      await line.waitFor({ state: "hidden" });

      await setHidden(theirs, true);
      await eventually(shown, [["away"], ["Away"], ["away"], "Away"]);
      deepEqual(await violationsOn(mine), []);
      await setHidden(theirs, false);
      await eventually(shown, [["online"], ["Online"], ["online"], "Online"]);

      // Who has no connection knows nothing of anybody.
      bench.expectTrouble();
      await mine.context().setOffline(true);
      await bench.server.stop();
      await eventually(shown, [[], [], [], ""]);
    });
  },
);

test("the members of a group have dots, and oneself has none", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const bob = await bench.client("bob");
    const group = await bob.createGroup({ title: "Pairs", userIds: ["alice", "chen"] as UserId[] });
    await bob.sendText(group, "here");
    bob.presence.setActive(false);
    const page = await bench.signIn(await bench.browser(), "Alice");
    await open(page, "Pairs");
    await page.getByRole("button", { name: "Members" }).click();
    const dialog = page.getByRole("dialog");
    const members = dialog.getByRole("listitem");
    const shown = async (): Promise<readonly unknown[]> => [
      await members.count(),
      await dotIn(members.filter({ hasText: "Bob Tanaka" }))(),
      await dotIn(dialog)(),
    ];
    await eventually(shown, [3, ["away"], ["away"]]);
    deepEqual(await violationsOn(page), []);
  });
});
