/** Goal: reactions, pins and who has read a message reach everybody, and can be given and taken back by mouse and keyboard. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Locator, Page } from "playwright-core";
import { openMenuOf } from "./testing/message-menu.js";
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

function chipsOf(page: Page, text: string): Locator {
  return messageIn(page, text).getByRole("group", { name: "Reactions" }).getByRole("button");
}

/** The reactions of a message, mine with a star. */
async function reactionsOf(page: Page, text: string): Promise<readonly string[]> {
  const chips = await chipsOf(page, text).all();
  return Promise.all(
    chips.map(async (chip) => {
      const words = await chip.innerText();
      return (await chip.getAttribute("aria-pressed")) === "true" ? `${words}*` : words;
    }),
  );
}

test("reactions, pins and readers are seen by everybody in a group", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const erik = await bench.client("erik");
    const group = { title: "Book club", userIds: ["alice", "bob"] as UserId[], isHistoryOpen: true };
    const groupId = await erik.createGroup(group);
    const alice = await bench.signIn(await bench.browser(), "Alice");
    const bob = await bench.signIn(await bench.browser(), "Bob");
    await conversationIn(alice, "Book club").click();
    for (const text of ["first", "second"]) await write(alice, text);
    await eventually(() => textsOf(alice), ["first", "second"]);
    await bob.bringToFront();
    await conversationIn(bob, "Book club").click();
    await eventually(() => textsOf(bob), ["first", "second"]);

    // By keyboard: the third of the picker.
    await openMenuOf(bob, "second");
    await bob.keyboard.press("ArrowRight");
    await bob.keyboard.press("ArrowRight");
    await bob.keyboard.press("Enter");
    await eventually(() => reactionsOf(bob, "second"), ["😂 1*"]);
    await alice.bringToFront();
    await eventually(() => reactionsOf(alice, "second"), ["😂 1"]);
    await chipsOf(alice, "second").click();
    await eventually(() => reactionsOf(alice, "second"), ["😂 2*"]);
    await erik.open(groupId);
    await erik.react(groupId, 3, "good idea");
    await eventually(() => reactionsOf(bob, "second"), ["😂 2*", "good idea 1"]);
    await chipsOf(alice, "second").first().click();
    await eventually(() => reactionsOf(bob, "second"), ["😂 1*", "good idea 1"]);

    erik.markRead(groupId);
    const readBy = messageIn(alice, "second").getByRole("button", { name: /^Read by/u });
    await eventually(() => readBy.innerText(), "Read by 2");
    await readBy.click();
    const dialog = alice.getByRole("dialog", { name: "Who has read it" });
    const have = dialog.getByRole("list", { name: "Have read it: 2" }).getByRole("listitem");
    await eventually(async () => (await have.count()) > 1, true);
    const names = (await have.allInnerTexts()).map((text) => text.split("\n").at(-1)?.split(" ")[0]);
    await alice.keyboard.press("Escape");

    await openMenuOf(alice, "first");
    await alice.getByRole("menuitem", { name: "Pin", exact: true }).click();
    const banner = (page: Page): Locator => page.getByRole("region", { name: "Pinned messages" });
    await banner(bob).getByText("first", { exact: true }).waitFor();
    await erik.pin(groupId, 3);
    await banner(alice).getByText("second", { exact: true }).waitFor();
    if (process.env["E2E_SHOTS"] !== undefined)
      await alice.screenshot({ path: `${process.env["E2E_SHOTS"]}/states.png` });
    await banner(bob).getByRole("button", { name: "All 2" }).click();
    const pins = bob.getByRole("list", { name: "Pinned messages" }).getByRole("listitem");
    await eventually(() => pins.count(), 2);
    await pins.first().getByRole("button", { name: "Unpin" }).click();
    await eventually(() => pins.count(), 1);
    if (process.env["E2E_SHOTS"] !== undefined)
      await bob.screenshot({ path: `${process.env["E2E_SHOTS"]}/pins.png` });
    await bob.keyboard.press("Escape");
    await banner(alice).getByText("first", { exact: true }).waitFor();
    deepEqual(
      names.toSorted((one, other) => one!.localeCompare(other!)),
      ["Bob", "Erik"],
    );
  });
});

test("in a direct chat a message says that it was read", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const bob = await bench.client("bob");
    const direct = await bob.createDirect("alice" as UserId);
    await bob.sendText(direct, "hi");
    await bob.settled(WAIT_MS_MAX);
    const alice = await bench.signIn(await bench.browser(), "Alice");
    await conversationIn(alice, "Bob").click();
    await write(alice, "hello");
    const message = messageIn(alice, "hello");
    const before = await message.getByText("Read", { exact: true }).count();
    await bob.open(direct);
    const newest = async (): Promise<unknown> => bob.timeline(direct)?.messages.at(-1)?.body?.text?.text;
    await eventually(newest, "hello");
    bob.markRead(direct);
    await message.getByText("Read", { exact: true }).waitFor();
    deepEqual(before, 0);
  });
});
