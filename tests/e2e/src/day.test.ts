/**
 * Goal: what two people do in a day on three devices, one thing after the other, is so on all of them. Each thing has tests of its own;
 * here one follows on another, as it does for people.
 */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { violationsOn } from "./testing/axe.js";
import { choose } from "./testing/file-gestures.js";
import { pngFile } from "./testing/files.js";
import { chooseInMenuOf, openMenuOf } from "./testing/message-menu.js";
import {
  conversationIn,
  eventually,
  messageIn,
  open,
  SKIP,
  textsOf,
  withBench,
  type WebBench,
  write,
} from "./testing/web-bench.js";

const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true };
const PHOTO = pngFile("route.png", { width: 400, height: 300 }, [40, 120, 90]);
const GROUP = "Trip";

interface Day {
  readonly bench: WebBench;
  readonly desk: Page;
  readonly phone: Page;
  readonly phoneContext: BrowserContext;
  readonly bob: Page;
}

test("two people on three devices see the same all day", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const phoneContext = await bench.browser(PHONE);
    const day = {
      bench,
      phoneContext,
      desk: await bench.signIn(await bench.browser(), "Alice"),
      phone: await bench.signIn(phoneContext, "Alice"),
      bob: await bench.signIn(await bench.browser(), "Bob"),
    };
    await begin(day);
    await talk(day);
    await govern(day);
    await goOffline(day);
    await find(day);
    for (const page of [day.desk, day.phone]) deepEqual(await violationsOn(page), []);
    await endDevice(day);
  });
});

/** Alice makes a group at her desk; it is on her phone, and Bob's. */
async function begin({ desk, phone, bob }: Day): Promise<void> {
  await desk.bringToFront();
  await desk.getByRole("button", { name: "New conversation" }).click();
  await desk.getByRole("radio", { name: "Group", exact: true }).check();
  await desk.getByLabel("Title").fill(GROUP);
  await desk.getByRole("dialog").getByRole("button", { name: "Bob" }).click();
  await desk.getByRole("button", { name: "Create group" }).click();
  await write(desk, "**where** do we go?");
  for (const page of [phone, bob]) await open(page, GROUP);
  for (const page of [phone, bob])
    await page.getByRole("log").locator("article b", { hasText: "where" }).waitFor();
}

/** An answer, a mention, a reaction, an edit, a picture and a recall, each on another device. */
async function talk({ desk, phone, bob }: Day): Promise<void> {
  await bob.bringToFront();
  await chooseInMenuOf(bob, "where do we go?", "Reply");
  await write(bob, "to the see");
  await desk.bringToFront();
  await desk.getByRole("log").getByRole("note", { name: "In reply to" }).waitFor();
  await chooseInMenuOf(bob, "to the see", "Edit");
  await bob.getByRole("textbox", { name: "New text" }).fill("to the sea");
  await bob.getByRole("button", { name: "Save" }).click();
  for (const page of [desk, phone]) await messageIn(page, "to the sea").waitFor();

  await desk.bringToFront();
  await openMenuOf(desk, "to the sea");
  await desk.keyboard.press("Enter");
  for (const page of [desk, phone, bob])
    await messageIn(page, "to the sea")
      .getByRole("group", { name: "Reactions" })
      .getByRole("button")
      .waitFor();

  await choose(phone, PHOTO);
  await write(phone, "this way");
  for (const page of [desk, phone, bob])
    await page.getByRole("button", { name: "Open picture route.png" }).waitFor();

  const field = desk.getByRole("textbox", { name: /^Message/u });
  await desk.bringToFront();
  await field.pressSequentially("ready @bo");
  await desk.getByRole("option").first().waitFor();
  await desk.keyboard.press("Enter");
  await desk.keyboard.press("Enter");
  await bob.bringToFront();
  await bob.getByRole("button", { name: "Mentions", exact: true }).click();
  await bob
    .getByRole("dialog")
    .getByText(/ready @Bob/u)
    .waitFor();
  await bob.keyboard.press("Escape");

  await write(bob, "not this");
  await messageIn(phone, "not this").waitFor();
  await chooseInMenuOf(bob, "not this", "Recall");
  await bob.getByRole("dialog").getByRole("button", { name: "Recall" }).click();
  for (const page of [desk, phone]) await eventually(() => messageIn(page, "not this").count(), 0);
}

/** A pinned message, a pinned and muted conversation, a notice. */
async function govern({ desk, phone, bob }: Day): Promise<void> {
  await desk.bringToFront();
  await chooseInMenuOf(desk, "to the sea", "Pin");
  await bob
    .getByRole("region", { name: "Pinned messages" })
    .getByText("to the sea", { exact: true })
    .waitFor();
  for (const action of ["Pin to top", "Mute"]) {
    await conversationIn(desk, GROUP).click({ button: "right" });
    await desk.getByRole("menuitem", { name: action }).click();
  }
  await phone.bringToFront();
  await phone.getByRole("button", { name: "Back" }).click();
  await conversationIn(phone, GROUP).getByRole("img", { name: "Pinned" }).waitFor();
  await conversationIn(phone, GROUP).click();
}

/** The phone has no network; what is written on it meanwhile comes once. */
async function goOffline({ bench, phoneContext, desk, phone, bob }: Day): Promise<void> {
  bench.expectTrouble();
  await phoneContext.setOffline(true);
  await phone
    .getByRole("status")
    .filter({ hasText: /No connection/u })
    .waitFor();
  await write(phone, "from the tunnel");
  await phone.getByRole("log").getByText("Waiting to be sent").waitFor();
  await write(bob, "meanwhile");
  await messageIn(desk, "meanwhile").waitFor();
  await phoneContext.setOffline(false);
  for (const page of [desk, phone, bob])
    await eventually(async () => (await textsOf(page)).slice(-2), ["meanwhile", "from the tunnel"]);
}

/** What was said is found on another device, among what stands around it. */
async function find({ desk }: Day): Promise<void> {
  await desk.bringToFront();
  await conversationIn(desk, "Lunch").click();
  await desk.getByRole("searchbox").fill("tunnel");
  await desk.getByRole("region", { name: "Messages" }).getByRole("button").first().click();
  await messageIn(desk, "from the tunnel").waitFor();
  await desk.getByRole("searchbox").fill("");
}

/** The phone is lost: it is signed out at the desk. */
async function endDevice({ desk, phone }: Day): Promise<void> {
  await desk.getByRole("button", { name: /^Menu/u }).click();
  await desk.getByRole("button", { name: "Devices" }).click();
  const others = desk
    .getByRole("list", { name: "Devices" })
    .getByRole("listitem")
    .filter({ hasNotText: "This device" });
  await others.getByRole("button", { name: /Sign out/u }).click();
  await phone.getByLabel("Password").waitFor();
  await eventually(() => others.count(), 0);
}
