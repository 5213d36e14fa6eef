/** Goal: an edit and a recall reach everybody, on the page at once and after having been away, and edits can be looked up. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Page } from "playwright-core";
import { chooseInMenuOf, openMenuOf } from "./testing/message-menu.js";
import {
  conversationIn,
  eventually,
  messageIn,
  SKIP,
  textsOf,
  withBench,
  write,
  WAIT_MS_MAX,
} from "./testing/web-bench.js";

async function recall(page: Page, text: string): Promise<void> {
  await chooseInMenuOf(page, text, "Recall");
  await page.getByRole("dialog").getByRole("button", { name: "Recall" }).click();
  await eventually(() => page.getByRole("dialog").count(), 0);
}

test(
  "edits and recalls are seen by the other person, also by one who was offline",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const erik = await bench.client("erik");
      const group = { title: "Book club", userIds: ["alice", "bob"] as UserId[], isHistoryOpen: true };
      const groupId = await erik.createGroup(group);
      await erik.sendText(groupId, "from erik");
      await erik.settled(WAIT_MS_MAX);
      const alice = await bench.signIn(await bench.browser(), "Alice");
      const away = await bench.browser();
      const bob = await bench.signIn(away, "Bob");
      for (const page of [alice, bob]) await conversationIn(page, "Book club").click();
      for (const text of ["helo", "secret", "stays"]) await write(alice, text);
      await eventually(() => textsOf(bob), ["from erik", "helo", "secret", "stays"]);

      bench.expectTrouble();
      await away.setOffline(true);
      await bob
        .getByRole("status")
        .filter({ hasText: /No connection/u })
        .waitFor();
      await chooseInMenuOf(alice, "helo", "Edit");
      await alice.getByRole("textbox", { name: "New text" }).fill("hello");
      await alice.getByRole("button", { name: "Save" }).click();
      await eventually(() => textsOf(alice), ["from erik", "hello", "secret", "stays"]);
      await recall(alice, "secret");
      await eventually(() => textsOf(alice), ["from erik", "hello", "stays"]);
      const before = await textsOf(bob);
      await away.setOffline(false);
      await eventually(() => textsOf(bob), ["from erik", "hello", "stays"]);
      const line = bob.getByRole("log").getByText(/^Alice .*recalled a message$/u);
      await line.waitFor();

      await messageIn(bob, "hello").getByRole("button", { name: "(edited)" }).click();
      const versions = bob.getByRole("list", { name: "Earlier versions" }).getByRole("listitem");
      await eventually(
        async () => (await versions.allInnerTexts()).map((text) => text.split("\n").at(-1)),
        ["helo"],
      );
      await bob.keyboard.press("Escape");
      // What is not one's own is not edited, and recalled by the owner only.
      await openMenuOf(bob, "from erik");
      const entries = await bob.getByRole("menuitem").allInnerTexts();
      deepEqual(
        [
          before,
          entries.includes("Edit"),
          entries.includes("Recall"),
          await bob.content().then((html) => html.includes("secret")),
        ],
        [["from erik", "helo", "secret", "stays"], false, false, false],
      );
    });
  },
);

test("the owner of a group recalls what others wrote", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const erik = await bench.client("erik");
    const context = await bench.browser();
    const alice = await bench.signIn(context, "Alice");
    const asAlice = await bench.client("alice");
    const groupId = await asAlice.createGroup({
      title: "Book club",
      userIds: ["erik" as UserId],
      isHistoryOpen: true,
    });
    await erik.sendText(groupId, "spam");
    await conversationIn(alice, "Book club").click();
    await recall(alice, "spam");
    await alice
      .getByRole("log")
      .getByText(/^Alice .*recalled a message$/u)
      .waitFor();
    const shown = async (): Promise<unknown> => {
      const last = erik.conversations().find(({ conversationId }) => conversationId === groupId)?.lastMessage;
      return [last?.recall?.actorId, last?.body ?? null];
    };
    await eventually(shown, ["alice", null]);
  });
});
