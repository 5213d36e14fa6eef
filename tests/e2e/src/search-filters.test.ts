/** Goal: a search keeps to a person, a kind, to days and to one conversation, also without a connection. */
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import { eventually, messageIn, open, SKIP, withBench, write } from "./testing/web-bench.js";

test("a search keeps to a person, to days and to the open conversation", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const bob = await bench.client("bob");
    const archive = await bob.createGroup({ title: "Archive", userIds: ["alice"] as UserId[] });
    await bob.sendText(archive, "ready says Bob");
    const context = await bench.browser();
    const page = await bench.signIn(context, "Alice");
    for (const name of ["Launch", "Archive"]) {
      await open(page, name);
      await write(page, `ready in ${name}`);
      await messageIn(page, `ready in ${name}`).waitFor();
    }
    const filters = page.getByRole("group", { name: "Which messages" });
    const hits = page.getByRole("region", { name: "Messages" }).getByRole("button");
    const counts = (): Promise<readonly number[]> =>
      Promise.all(
        ["says Bob", "in Launch", "in Archive"].map((text) => hits.filter({ hasText: text }).count()),
      );

    await page.getByRole("searchbox").fill("ready");
    await eventually(counts, [1, 1, 1]);
    await filters.getByLabel("From").selectOption("You");
    await eventually(counts, [0, 1, 1]);
    await filters.getByLabel("In", { exact: true }).selectOption("Archive");
    await eventually(counts, [0, 0, 1]);
    await filters.getByLabel("Last day").fill("2020-01-31");
    await page.getByText("No message is found.").waitFor();
    await filters.getByRole("button", { name: "Search all messages" }).click();
    await eventually(counts, [1, 1, 1]);

    // Without words: what has a link.
    await page.getByRole("searchbox").fill("");
    await open(page, "Launch");
    await write(page, "https://parley.example is where in Launch");
    await page.getByRole("button", { name: "Search by person, kind or day" }).click();
    await filters.getByLabel("Kind").selectOption("Links");
    await eventually(() => hits.filter({ hasText: "parley.example" }).count(), 1);
    await eventually(counts, [0, 1, 0]);
    await filters.getByLabel("Kind").selectOption("Pictures");
    await page.getByText("No message is found.").waitFor();
    await filters.getByLabel("Kind").selectOption("Any kind");
    await page.getByRole("searchbox").fill("ready");
    await eventually(counts, [1, 1, 1]);

    bench.expectTrouble();
    await context.setOffline(true);
    await bench.server.stop();
    await page.getByText("No connection: only what this device holds was searched.").waitFor();
    await eventually(counts, [1, 1, 1]);
    await filters.getByLabel("From").selectOption("You");
    await eventually(counts, [0, 1, 1]);
  });
});
