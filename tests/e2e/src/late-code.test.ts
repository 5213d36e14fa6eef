/** Goal: a page whose late code does not come shows and sends, and has it with the next try. `search.test.ts` uses late code without a network. */
import { test } from "node:test";
import type { Page } from "playwright-core";
import { chooseInMenuOf } from "./testing/message-menu.js";
import { eventually, open, SKIP, textsOf, withBench, write } from "./testing/web-bench.js";

/** The client's late code, as the bundler names its files. */
const LATE = "**/assets/late-*.js";

async function edit(page: Page, text: string, newText: string): Promise<void> {
  await chooseInMenuOf(page, text, "Edit");
  await page.getByRole("textbox", { name: "New text" }).fill(newText);
  await page.getByRole("button", { name: "Save" }).click();
}

test(
  "without its late code a page shows and sends; with the next try it has it",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      bench.expectTrouble(/./u);
      // The worker holds this code, too.
      const context = await bench.browser({ serviceWorkers: "block" });
      const refused: string[] = [];
      await context.route(LATE, (route) => {
        refused.push(route.request().url());
        return route.abort();
      });
      const alice = await bench.signIn(context, "Alice");
      await open(alice, "Lunch");
      await write(alice, "helo");
      await eventually(async () => (await textsOf(alice)).at(-1), "helo");
      // All of it is asked for when the page has nothing to do.
      await eventually(async () => new Set(refused).size, 3);
      await context.unroute(LATE);
      await edit(alice, "helo", "hello");
      await eventually(async () => (await textsOf(alice)).at(-1), "hello");
    });
  },
);
