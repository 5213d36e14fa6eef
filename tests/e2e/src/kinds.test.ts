/** Goal: what people see of rich texts, mentions, answers, forwards and directed messages, with the keyboard and the mouse. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { locationBody, type UserId } from "@parley/protocol";
import type { Page } from "playwright-core";
import { chooseInMenuOf } from "./testing/message-menu.js";
import {
  conversationIn,
  eventually,
  messageIn,
  open,
  SKIP,
  withBench,
  write,
  WAIT_MS_MAX,
} from "./testing/web-bench.js";

/** What quotes say, from top to bottom. */
function quotes(page: Page): Promise<readonly string[]> {
  return page.getByRole("log").getByRole("note", { name: "In reply to" }).allInnerTexts();
}

test(
  "a mention is completed with the keyboard, marked in the list, found, answered and quoted",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const erik = await bench.client("erik");
      const group = { title: "Book club", userIds: ["alice", "bob"] as UserId[], isHistoryOpen: true };
      const groupId = await erik.createGroup(group);
      await erik.sendText(groupId, "welcome");
      await erik.settled(WAIT_MS_MAX);
      const alice = await bench.signIn(await bench.browser(), "Alice");
      const bob = await bench.signIn(await bench.browser(), "Bob");
      await open(alice, "Book club");
      const field = alice.getByRole("textbox", { name: /^Message/u });
      await field.pressSequentially("see @bo");
      await alice.getByRole("option").first().waitFor();
      await alice.keyboard.press("Enter");
      await field.pressSequentially("**now**");
      await alice.keyboard.press("Enter");
      await alice.getByRole("log").locator("article b", { hasText: "now" }).waitFor();
      await conversationIn(bob, "Book club").getByRole("img", { name: "Somebody mentions you" }).waitFor();
      await bob.getByRole("button", { name: "Mentions", exact: true }).click();
      const dialog = bob.getByRole("dialog");
      await dialog.getByText(/see @Bob/u).waitFor();
      await dialog.getByText(/see @Bob/u).click();
      await bob.getByRole("log").locator("article b", { hasText: "now" }).waitFor();
      await eventually(
        () =>
          conversationIn(bob, "Book club")
            .getByRole("img", { name: /mentions you/u })
            .count(),
        0,
      );

      await chooseInMenuOf(bob, "welcome", "Reply");
      await write(bob, "thank you");
      await eventually(() => quotes(alice), ["Erik Lindqvist\nwelcome"]);
      await erik.recall(groupId, 2);
      for (const page of [alice, bob])
        await eventually(() => quotes(page), ["This message is not available"]);
    });
  },
);

test(
  "what is directed to others is not there, and what is sent on says who said it",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const erik = await bench.client("erik");
      const group = { title: "Book club", userIds: ["alice", "bob"] as UserId[], isHistoryOpen: true };
      const groupId = await erik.createGroup(group);
      await erik.sendText(groupId, "for all");
      await erik.send(groupId, { text: { text: "for bob" } }, ["bob" as UserId]);
      await erik.send(groupId, { text: { text: "answer" }, reply: { sequence: 3 } });
      const place = locationBody({ latitude: 48.2082, longitude: 16.3738, name: "Stephansplatz" });
      await erik.send(groupId, { location: place });
      await erik.settled(WAIT_MS_MAX);
      await erik.forward(
        groupId,
        { conversationId: groupId, sequences: [2, 4] },
        { isMerged: true, title: "Notes" },
      );
      await erik.settled(WAIT_MS_MAX);
      const alice = await bench.signIn(await bench.browser(), "Alice");
      const bob = await bench.signIn(await bench.browser(), "Bob");
      for (const page of [alice, bob]) {
        await open(page, "Book club");
        await messageIn(page, "Notes").waitFor();
      }
      await messageIn(bob, "for bob").first().waitFor();
      await eventually(() => quotes(bob), ["Erik Lindqvist\nfor bob"]);
      deepEqual(
        [await messageIn(alice, "for bob").count(), await quotes(alice)],
        [0, ["This message is not available"]],
      );

      await chooseInMenuOf(alice, "for all", "Forward");
      await alice.getByRole("dialog").getByRole("button", { name: /^Bob/u }).first().click();
      await alice.getByRole("dialog").getByRole("button", { name: "Forward", exact: true }).click();
      await eventually(() => alice.getByRole("dialog").count(), 0);
      await conversationIn(bob, "Alice").click();
      await bob.getByText("Forwarded from Erik Lindqvist").waitFor();
    });
  },
);
