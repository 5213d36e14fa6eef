/** Goal: a group is governed from its panel: renamed, muted, joined by approval, handed over and ended, and others see it at once. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Page } from "playwright-core";
import { conversationIn, eventually, SKIP, withBench, write, WAIT_MS_MAX } from "./testing/web-bench.js";

/** The panel of the open conversation. */
async function openPanel(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Members", exact: true }).click();
  await page
    .getByRole("dialog")
    .getByText(/^\d+ members?$/u)
    .waitFor();
}

async function act(page: Page, member: string, action: string): Promise<void> {
  await page.getByRole("button", { name: `Change ${member}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: action }).click();
}

test("owner and admins govern a group, and everybody sees what they did", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const alice = await bench.client("alice");
    const groupId = await alice.createGroup({
      title: "Book club",
      userIds: ["bob"] as UserId[],
      isHistoryOpen: true,
      settings: { joinPolicy: "approval" },
    });
    await alice.settled(WAIT_MS_MAX);
    const owner = await bench.signIn(await bench.browser(), "Alice");
    const other = await bench.signIn(await bench.browser(), "Bob");
    for (const page of [owner, other]) await conversationIn(page, "Book club").click();
    await write(other, "hello");

    // By keyboard alone: the panel, its settings, a new title and a notice.
    await owner.getByRole("button", { name: "Members", exact: true }).focus();
    await owner.keyboard.press("Enter");
    await owner.getByRole("button", { name: "Change settings" }).focus();
    await owner.keyboard.press("Enter");
    await owner.getByRole("textbox", { name: "Title" }).fill("Readers");
    await owner.getByRole("textbox", { name: "Notice" }).fill("We meet on Monday.");
    await owner.keyboard.press("Tab");
    await owner.getByRole("button", { name: "Save" }).focus();
    await owner.keyboard.press("Enter");
    await conversationIn(other, "Readers").waitFor();
    await owner.getByRole("dialog").getByText("We meet on Monday.").waitFor();

    // A mute takes the field to write in, and its end gives it back.
    await act(owner, "Bob Tanaka", "Mute for good");
    await other.getByText("You may not write here.").waitFor();
    await eventually(() => other.getByRole("textbox", { name: /Message Readers/u }).count(), 0);
    await owner.getByRole("dialog").getByText("Muted").waitFor();
    await act(owner, "Bob Tanaka", "Let write again");
    await other.getByRole("textbox", { name: /Message Readers/u }).waitFor();

    // Somebody asks, and is let in.
    const erik = await bench.client("erik");
    deepEqual(await erik.groups.join(groupId, { text: "I read a lot" }), "requested");
    await owner.getByText("I read a lot").waitFor();
    await owner.getByRole("button", { name: "Accept Erik Lindqvist" }).click();
    await owner.getByRole("dialog").getByText("3 members").waitFor();
    await eventually(async () => erik.conversations().some(({ title }) => title === "Readers"), true);

    // The group is handed over, and its new owner ends it.
    await act(owner, "Bob Tanaka", "Hand the group over");
    await owner.getByRole("dialog").getByRole("button", { name: "Hand the group over" }).click();
    await openPanel(other);
    await other.getByRole("button", { name: "End the group" }).click();
    await other.getByRole("dialog").getByRole("button", { name: "End the group" }).click();
    for (const page of [owner, other]) await page.getByText("You are no longer in this group.").waitFor();
    await other.getByRole("log").getByText("hello").waitFor();
  });
});

test("who only reads along has nothing to write in", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const alice = await bench.client("alice");
    const groupId = await alice.createGroup({ title: "News", userIds: [], scenario: "announcement" });
    const page = await bench.signIn(await bench.browser(), "Bob");
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("radio", { name: "Join a group" }).check();
    await page.getByRole("textbox", { name: /group’s id/u }).fill(groupId);
    await page.getByRole("button", { name: "Join a group" }).click();
    await conversationIn(page, "News").waitFor();
    await page.getByText("Only some members may write here.").waitFor();
  });
});
