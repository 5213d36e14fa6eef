/** Goal: anybody of a large organisation is found by any part of their name, wherever people are looked for. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Page } from "playwright-core";
import { violationsOn } from "./testing/axe.js";
import { pngFile } from "./testing/files.js";
import {
  conversationIn,
  eventually,
  messageIn,
  open,
  SKIP,
  withBench,
  type WebBench,
  WAIT_MS_MAX,
} from "./testing/web-bench.js";

const TENANT = "main";
const CREW = 1_000;

/** People without passwords, the last of whom has a name of her own. */
async function addCrew(bench: WebBench): Promise<readonly UserId[]> {
  const users = Array.from({ length: CREW }, (_, index) => ({
    userId: `crew-${String(index).padStart(4, "0")}` as UserId,
    name: index === CREW - 1 ? "Zoë van Öland" : `Crew Member ${index}`,
  }));
  await bench.server.operations.addUsers({ tenant: TENANT, users });
  return users.map(({ userId }) => userId);
}

function options(page: Page): Promise<readonly string[]> {
  return page.getByRole("listbox").getByRole("option").locator("[dir=auto]").allInnerTexts();
}

test(
  "the last member of a group of a thousand is completed after an @, and whoever it is may be looked for by a word of the name",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const crew = await addCrew(bench);
      const erik = await bench.client("erik");
      const userIds = ["alice", ...crew] as UserId[];
      const group = await erik.createGroup({ title: "Crew", userIds, isHistoryOpen: true });
      await erik.sendText(group, "welcome");
      await erik.settled(WAIT_MS_MAX);
      const page = await bench.signIn(await bench.browser(), "Alice");
      await open(page, "Crew");
      const field = page.getByRole("textbox", { name: /^Message/u });
      await field.pressSequentially("ask @oland");
      await eventually(() => options(page), ["Zoë van Öland"]);
      deepEqual(await violationsOn(page), []);
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await messageIn(page, "ask @Zoë van Öland").waitFor();

      // What was chosen with a key stays chosen when the server's answer comes.
      await field.pressSequentially("@");
      await page.keyboard.press("ArrowDown");
      await eventually(async () => (await options(page)).length > 8, true);
      const chosen = page.getByRole("option", { selected: true }).locator("[dir=auto]");
      deepEqual(
        [(await options(page)).indexOf(await chosen.innerText()) < 2, await field.inputValue()],
        [true, "@"],
      );
      await field.fill("");

      // A chat with somebody who is found by the second word of the name, with the keyboard.
      await page.getByRole("button", { name: "New conversation" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("searchbox").fill("van ö");
      await dialog.getByRole("list").getByRole("button", { name: /Zoë/u }).waitFor();
      deepEqual(await violationsOn(page), []);
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "Zoë van Öland" }).waitFor();
      await conversationIn(page, "Zoë van Öland").waitFor();

      // A search of the messages of somebody whom one never talked with.
      await page.getByRole("searchbox").fill("welcome");
      const filters = page.getByRole("group", { name: "Which messages" });
      await filters.getByLabel("From").selectOption("Somebody else…");
      await dialog.getByRole("searchbox").fill("lindq");
      await dialog
        .getByRole("list")
        .getByRole("button", { name: /Erik Lindqvist/u })
        .click();
      const hits = page.getByRole("region", { name: "Messages" }).getByRole("button");
      await eventually(() => hits.filter({ hasText: "welcome" }).count(), 1);
      deepEqual(await filters.getByLabel("From").inputValue(), "erik");
    });
  },
);

test(
  "a picture and a status are seen on another's page, with what the organisation says, and lead to a chat",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const details = { title: "Designer", department: "Product/Design" };
      await bench.server.operations.setDetails({ tenant: TENANT, userId: "bob", ...details });
      const bob = await bench.signIn(await bench.browser(), "Bob");
      await bob.getByRole("button", { name: /^Menu/u }).click();
      await bob.getByRole("button", { name: "My profile" }).click();
      const mine = bob.getByRole("dialog", { name: "My profile" });
      await mine
        .locator("input[type=file]")
        .setInputFiles(pngFile("me.png", { width: 600, height: 400 }, [192, 32, 64]));
      await mine.locator("img").waitFor();
      deepEqual(await violationsOn(bob), []);
      await mine.getByRole("textbox", { name: "Status" }).fill("On a train until noon");
      await bob.keyboard.press("Enter");
      await mine.waitFor({ state: "detached" });

      const alice = await bench.signIn(
        await bench.browser({ viewport: { width: 390, height: 780 } }),
        "Alice",
      );
      await open(alice, "Launch");
      const card = alice.getByRole("dialog", { name: "Profile" });
      // The picture beside a message leads there as the name does.
      await alice.getByRole("log").locator("article img").first().click();
      await card.getByText("bob", { exact: true }).waitFor();
      await alice.keyboard.press("Escape");
      await alice
        .getByRole("button", { name: /^Profile of Bob/u })
        .first()
        .click();
      await card.getByText("On a train until noon").waitFor();
      const picture = card.locator("img");
      await picture.waitFor();
      const size = await picture.evaluate((img) => (img as HTMLImageElement).naturalWidth);
      deepEqual([size, await card.locator("dd").allInnerTexts()], [256, ["Designer", "Product › Design"]]);
      deepEqual(await violationsOn(alice), []);
      await card.getByRole("button", { name: "Message" }).click();
      const chat = alice.getByRole("region", { name: /^Bob/u });
      await chat.getByText("On a train until noon").waitFor();
      await chat.locator("header img").waitFor();

      // What is taken away is gone for those who look the next time.
      await bob.getByRole("button", { name: /^Menu/u }).click();
      await bob.getByRole("button", { name: "My profile" }).click();
      await mine.getByRole("button", { name: "Remove the picture" }).click();
      await eventually(() => mine.locator("img").count(), 0);
      await alice.getByRole("region", { name: /^Bob/u }).locator("h2 button").click();
      await card.getByText("Product › Design").waitFor();
      await eventually(() => alice.locator("img").count(), 0);
    });
  },
);
