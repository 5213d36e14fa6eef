/**
 * Goal: two tabs of one browser are one device: what one of them does shows in both, and when the one that has the connection is closed,
 * dies or loses its network, nothing is lost and nothing comes twice.
 */
import { deepEqual } from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { eventually, open, SKIP, textsOf, WebBench, write } from "./testing/web-bench.js";

describe("tabs of the web chat", () => {
  let bench: WebBench;
  before(async () => {
    if (SKIP !== false) return;
    bench = await WebBench.start();
  });
  after(async () => {
    if (SKIP === false) await bench.close();
  });

  test("what is sent in either of two tabs is shown once and in order in both", { skip: SKIP }, async () => {
    const { context, first, second } = await twoTabs(bench);
    await write(first, "one");
    await write(second, "two");
    await write(first, "three");
    for (const page of [first, second]) await shows(page, ["one", "two", "three"]);
    await context.close();
  });

  test("the tab that leads is closed, and the other goes on", { skip: SKIP }, async () => {
    const { context, first, second } = await twoTabs(bench);
    await write(second, "before it is closed");
    await first.close();
    await write(second, "after it was closed");
    await shows(second, ["before it is closed", "after it was closed"]);
    const third = await bench.tab(context);
    await open(third, "Lunch");
    await shows(third, ["before it is closed", "after it was closed"]);
    await context.close();
  });

  test("the process of the tab that leads is killed while the other sends", { skip: SKIP }, async () => {
    const { context, first, second } = await twoTabs(bench);
    const texts = ["k1", "k2", "k3", "k4", "k5", "k6"];
    const debug = await context.newCDPSession(first);
    for (const text of texts.slice(0, 3)) await write(second, text);
    const crashed = first.waitForEvent("crash");
    // A process that dies answers nothing.
    void debug.send("Page.crash").catch(() => undefined);
    for (const text of texts.slice(3)) await write(second, text);
    await crashed;
    await shows(second, texts);
    // The browser is not closed while a page of it is dead.
    await first.close();
    await context.close();
  });

  test(
    "what is sent in two tabs without a network is sent once when there is one",
    { skip: SKIP },
    async () => {
      const { context, first, second } = await twoTabs(bench);
      bench.expectTrouble();
      await context.setOffline(true);
      for (const page of [first, second])
        await page
          .getByRole("status")
          .filter({ hasText: /No connection/u })
          .waitFor();
      await write(second, "o1");
      await write(first, "o2");
      await write(second, "o3");
      for (const page of [first, second])
        await eventually(() => page.getByRole("log").getByText("Waiting to be sent").count(), 3);
      await context.setOffline(false);
      for (const page of [first, second]) await shows(page, ["o1", "o2", "o3"]);
      await context.close();
    },
  );

  test("a draft of one tab is there in a new one", { skip: SKIP }, async () => {
    const { context, first } = await twoTabs(bench);
    await first.getByRole("textbox", { name: /^Message/u }).fill("begun in the first");
    const third = await bench.tab(context);
    await open(third, "Lunch");
    const draft = third.getByRole("textbox", { name: /^Message/u });
    await eventually(() => draft.inputValue(), "begun in the first");
    deepEqual(await draft.inputValue(), "begun in the first");
    await draft.fill("");
    await context.close();
  });
});

/** Two tabs of Alice with the same conversation open; the first one leads. */
async function twoTabs(
  bench: WebBench,
): Promise<{ readonly context: BrowserContext; readonly first: Page; readonly second: Page }> {
  const context = await bench.browser();
  const first = await bench.signIn(context, "Alice");
  const second = await bench.tab(context);
  for (const page of [first, second]) await open(page, "Lunch");
  return { context, first, second };
}

/** The newest messages of a page are these, and none of them is there twice or on its way. */
async function shows(page: Page, texts: readonly string[]): Promise<void> {
  await eventually(async () => (await textsOf(page)).filter((text) => texts.includes(text)), texts);
  await eventually(
    () =>
      page
        .getByRole("log")
        .getByText(/Waiting to be sent|Sending/u)
        .count(),
    0,
  );
  await eventually(async () => (await textsOf(page)).filter((text) => texts.includes(text)), texts);
}
