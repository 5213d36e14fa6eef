/** Goal: what is written without a connection is sent once when it is back, and what is refused waits for a decision. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import { conversationIn, eventually, open, SKIP, textsOf, withBench, write } from "./testing/web-bench.js";

const ALICE = "alice" as UserId;

test(
  "what is written while the server is away is sent exactly once when it is back",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const alice = await bench.signIn(await bench.browser(), "Alice");
      const bob = await bench.signIn(await bench.browser(), "Bob");
      await open(alice, "Lunch");
      await open(bob, "Lunch");
      const address = alice.url();
      bench.expectTrouble();
      await bench.server.stop("SIGKILL");
      const line = alice.getByRole("status").filter({ hasText: /No connection/u });
      await line.waitFor();
      // What this device does not hold comes with the next connection, and says so.
      await conversationIn(bob, "Launch").click();
      await bob
        .getByRole("region", { name: "Launch" })
        .getByText("Loaded when there is a connection…")
        .waitFor();
      const texts = ["one", "two", "three"];
      for (const text of texts) await write(alice, text);
      await eventually(() => alice.getByRole("log").getByText("Waiting to be sent").count(), 3);
      await alice.reload({ waitUntil: "commit" }).catch(() => undefined);
      await bench.server.start();
      // It may have come back by itself.
      const button = bob.getByRole("button", { name: "Try now" });
      await button.click({ timeout: 500 }).catch(() => undefined);
      await bob.getByRole("region", { name: "Launch" }).getByRole("article").first().waitFor();
      await open(bob, "Lunch");
      await alice.goto(address);
      await eventually(async () => (await textsOf(alice)).slice(-3), texts);
      await eventually(
        () =>
          alice
            .getByRole("log")
            .getByText(/Waiting to be sent|Sending/u)
            .count(),
        0,
      );
      await eventually(async () => (await textsOf(bob)).slice(-3), texts);
      await line.waitFor({ state: "hidden" });
      const count = async (page: typeof bob): Promise<number> =>
        (await textsOf(page)).filter((text) => texts.includes(text)).length;
      deepEqual([await count(alice), await count(bob)], [3, 3]);
    });
  },
);

test(
  "a refused message says why and waits: retried it is sent once, discarded it is gone",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const erik = await bench.client("erik");
      const groupId = await erik.createGroup({ title: "Book club", userIds: [ALICE], isHistoryOpen: true });
      await erik.open(groupId);
      const context = await bench.browser();
      const alice = await bench.signIn(context, "Alice");
      await conversationIn(alice, "Book club").click();
      bench.expectTrouble();
      await context.setOffline(true);
      await alice
        .getByRole("status")
        .filter({ hasText: /No connection/u })
        .waitFor();
      await write(alice, "keep me");
      await write(alice, "drop me");
      await alice.getByRole("log").getByText("Waiting to be sent").nth(1).waitFor();
      await erik.removeMembers(groupId, [ALICE]);
      await context.setOffline(false);
      const failed = alice.getByRole("log").getByRole("group", { name: "Not sent" });
      await eventually(() => failed.count(), 2);
      const why = await failed.first().innerText();
      await erik.addMembers(groupId, [ALICE]);
      await alice.getByRole("textbox", { name: /^Message/u }).waitFor();
      await failed.last().getByRole("button", { name: "Discard" }).click();
      await eventually(() => failed.count(), 1);
      await failed.getByRole("button", { name: "Retry" }).click();
      await eventually(() => failed.count(), 0);
      const texts = async (): Promise<readonly string[]> =>
        (erik.timeline(groupId)?.messages ?? []).flatMap(({ body }) => body?.text?.text ?? []);
      await eventually(texts, ["keep me"]);
      await eventually(() => textsOf(alice), ["keep me"]);
      deepEqual(/You are not in this conversation/u.test(why), true);
    });
  },
);
