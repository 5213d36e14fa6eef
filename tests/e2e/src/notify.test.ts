/** Goal: what one is notified of is set in one browser and known in the other, and the worker shows and takes away what is pushed. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import type { Page } from "playwright-core";
import { conversationIn, eventually, SKIP, withBench } from "./testing/web-bench.js";

/** What the browser shows of this page. */
const shownIn = (page: Page): Promise<readonly string[]> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const shown = await registration.getNotifications();
    return shown.map(({ title, body }) => `${title}: ${body}`);
  });

test("a conversation is muted in one browser and grey in the other", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const bob = await bench.client("bob");
    const corner = await bob.createGroup({ title: "Quiet corner", userIds: ["alice"] as UserId[] });
    const one = await bench.signIn(await bench.browser(), "Alice");
    const other = await bench.signIn(await bench.browser(), "Alice");

    await conversationIn(one, "Quiet corner").click();
    await one.getByRole("button", { name: "Notifications", exact: true }).click();
    await one.getByLabel("Notify me of").selectOption("Messages that mention me");
    await one.getByRole("combobox", { name: "Mute" }).selectOption("For good");
    await one.getByRole("button", { name: "Save" }).click();
    await one.getByRole("dialog").waitFor({ state: "detached" });
    // It has the conversation open: it would read what comes, and no browser would show it as unread.
    await one.close();
    await bob.sendText(corner, "are you there?");

    const badge = conversationIn(other, "Quiet corner").locator("[data-muted]");
    await eventually(() => badge.getAttribute("data-muted"), "true");
    await conversationIn(other, "Quiet corner").click();
    await other.getByRole("button", { name: "Notifications", exact: true }).click();
    const level = await other.getByLabel("Notify me of").inputValue();
    const mute = await other.getByRole("combobox", { name: "Mute" }).inputValue();
    deepEqual([level, mute], ["mentions", "as-it-is"]);
  });
});

test("do-not-disturb is set in one browser and shown in the other", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const one = await bench.signIn(await bench.browser({ timezoneId: "Asia/Shanghai" }), "Alice");
    const other = await bench.signIn(await bench.browser(), "Alice");
    const open = async (page: Page): Promise<void> => {
      await page.getByRole("button", { name: /^Menu/u }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Notifications" }).click();
      await page.getByLabel("Do not disturb").waitFor();
    };

    await open(one);
    await one.getByLabel("Do not disturb").check();
    await one.getByLabel("From").fill("21:30");
    await one.getByLabel("Sunday").uncheck();
    await one.getByLabel("Messages that mention me come through").check();
    await one.getByText("On a clock in Asia/Shanghai.").waitFor();
    await one.getByRole("button", { name: "Save" }).click();
    await one.getByRole("dialog", { name: "Notifications" }).waitFor({ state: "detached" });

    await open(other);
    deepEqual(
      [
        await other.getByLabel("Do not disturb").isChecked(),
        await other.getByLabel("From").inputValue(),
        await other.getByLabel("Sunday").isChecked(),
        await other.getByLabel("Monday").isChecked(),
        await other.getByLabel("Messages that mention me come through").isChecked(),
      ],
      [true, "21:30", false, true, true],
    );
  });
});

test(
  "the worker shows what is pushed, one for each conversation, and takes it away",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const context = await bench.browser({ permissions: ["notifications"] });
      const page = await bench.signIn(context, "Alice");
      const devtools = await context.newCDPSession(page);
      const ids: string[] = [];
      devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        for (const { registrationId, isDeleted } of registrations) if (!isDeleted) ids.push(registrationId);
      });
      await devtools.send("ServiceWorker.enable");
      // The page registers it by itself, when it has nothing to do.
      await page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await eventually(async () => ids.length > 0, true);
      const push = async (message: object): Promise<void> => {
        const data = JSON.stringify({ badge: "1", ...message });
        await devtools.send("ServiceWorker.deliverPushMessage", {
          origin: bench.server.url,
          registrationId: ids[0]!,
          data,
        });
      };

      await push({ kind: "alert", key: "g:a", conversation: "g:a", title: "Team", text: "one" });
      await eventually(() => shownIn(page), ["Team: one"]);
      await push({ kind: "alert", key: "g:a", conversation: "g:a", title: "Team", text: "two" });
      await eventually(() => shownIn(page), ["Team: two"]);
      await push({ kind: "data", key: "x", data: "AQ==" });
      await push({ kind: "withdraw", key: "g:a", conversation: "g:a" });
      await eventually(() => shownIn(page), []);
    });
  },
);
