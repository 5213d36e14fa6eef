/** Goal: signing in and out, tabs as devices, and the page itself: its headers, languages and narrowest width. */
import { deepEqual } from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import {
  conversationIn,
  eventually,
  open,
  PASSWORD,
  SKIP,
  textsOf,
  WebBench,
  write,
} from "./testing/web-bench.js";

describe("a session of the web chat", () => {
  let bench: WebBench;
  before(async () => {
    if (SKIP !== false) return;
    bench = await WebBench.start();
  });
  after(async () => {
    if (SKIP === false) await bench.close();
  });

  test(
    "a wrong password is told, the right one signs in, and a reload stays signed in",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const page = await bench.tab(context);
      bench.expectTrouble();
      await page.getByLabel("User").fill("alice");
      await page.getByLabel("Password").fill("wrong");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.getByRole("alert").getByText("The user or the password is wrong.").waitFor();
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByLabel("Password").press("Enter");
      await conversationIn(page, "Launch").waitFor();
      await page.reload();
      await conversationIn(page, "Launch").waitFor();
      await context.close();
    },
  );

  test(
    "signing out in one tab signs out all, and leaves nothing, without a network too",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const page = await bench.signIn(context, "Alice");
      const other = await bench.signIn(context, "Alice");
      await open(other, "Lunch");
      bench.expectTrouble();
      await context.setOffline(true);
      await other.getByRole("textbox", { name: /^Message/u }).fill("begun");
      await page.getByRole("button", { name: /^Menu/u }).click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("dialog").last().getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Password").waitFor();
      await other.getByLabel("Password").waitFor();
      await eventually(() => leftIn(page), []);
      await context.setOffline(false);
      await page.reload();
      await page.getByLabel("Password").waitFor();
      deepEqual([await leftIn(page), await leftIn(other)], [[], []]);
      await context.close();
    },
  );

  test(
    "a device that is signed out elsewhere goes to the sign-in page and says so",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const other = await bench.signIn(await bench.browser(), "Dana");
      const page = await bench.signIn(context, "Dana");
      await page.getByRole("button", { name: /^Menu/u }).click();
      await page.getByRole("button", { name: "Devices" }).click();
      const devices = page.getByRole("list", { name: "Devices" }).getByRole("listitem");
      await eventually(() => devices.count(), 2);
      const isOwnFirst = (await devices.first().innerText()).includes("This device");
      await devices
        .last()
        .getByRole("button", { name: /^Sign out/u })
        .click();
      await other.getByText("This device was signed out.").waitFor();
      await eventually(() => devices.count(), 1);
      await page.keyboard.press("Escape");
      await eventually(() => page.getByRole("dialog").count(), 0);
      deepEqual([isOwnFirst, await other.getByLabel("User").inputValue()], [true, "dana"]);
      await context.close();
      await other.context().close();
    },
  );

  test("a new tab needs no sign-in, and is the same device", { skip: SKIP }, async () => {
    const context = await bench.browser();
    const first = await bench.signIn(context, "Erik");
    await open(first, "Lunch");
    await first.close();
    const second = await bench.tab(context);
    await conversationIn(second, "Launch").waitFor();
    const third = await bench.tab(context);
    await conversationIn(third, "Launch").waitFor();
    const names = await second.evaluate(async () => (await indexedDB.databases()).length);
    await second.getByRole("button", { name: /^Menu/u }).click();
    await second.getByRole("button", { name: "Devices" }).click();
    const devices = second.getByRole("list", { name: "Devices" }).getByRole("listitem");
    await eventually(() => devices.count(), 1);
    deepEqual(names, 1);
    await context.close();
  });

  test("who signs in is signed in in the other tabs that wait for it", { skip: SKIP }, async () => {
    const context = await bench.browser();
    const waiting = await bench.tab(context);
    await waiting.getByLabel("Password").waitFor();
    await bench.signIn(context, "Alice");
    await conversationIn(waiting, "Launch").waitFor();
    await context.close();
  });

  test(
    "the page may load nothing from elsewhere and run nothing that stands in it",
    { skip: SKIP },
    async () => {
      const { headers } = await fetch(bench.server.url);
      const policy = headers.get("content-security-policy") ?? "";
      deepEqual(
        [/default-src 'none'/u, /script-src 'self';/u, /style-src 'self';/u, /unsafe|\*/u].map((rule) =>
          rule.test(policy),
        ),
        [true, true, true, false],
      );
    },
  );

  test("a page that breaks says so and offers a way on", { skip: SKIP }, async () => {
    const context = await bench.browser();
    const page = await context.newPage();
    bench.expectTrouble(/broken on purpose/u);
    await page.addInitScript(() => {
      Intl.Segmenter.prototype.segment = () => {
        throw new Error("broken on purpose");
      };
    });
    await page.goto(bench.server.url);
    await page.getByRole("alert").getByText("Something broke in this page.").waitFor();
    deepEqual(await page.getByRole("button", { name: "Reload" }).count(), 1);
    bench.expectTrouble();
    await context.close();
  });

  test("the language and the appearance change at once and stay", { skip: SKIP }, async () => {
    const context = await bench.browser({ colorScheme: "light" });
    const page = await bench.signIn(context, "Alice");
    await page.getByRole("button", { name: /^Menu/u }).click();
    const backgroundOf = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await backgroundOf();
    await page.getByLabel("Appearance").selectOption("dark");
    await eventually(async () => (await backgroundOf()) === light, false);
    const dark = await backgroundOf();
    await page.getByLabel("Language").selectOption("zh");
    await page.getByText("选择一个会话").waitFor();
    await page.reload();
    await page.getByText("选择一个会话").waitFor();
    deepEqual(
      [(await backgroundOf()) === dark, await page.evaluate(() => document.documentElement.lang)],
      [true, "zh-CN"],
    );
    await context.close();
  });

  test("at 360 pixels one pane is shown and nothing is wider than the page", { skip: SKIP }, async () => {
    const context = await bench.browser({ viewport: { width: 360, height: 640 }, hasTouch: true });
    const page = await bench.tab(context);
    await page.getByRole("button", { name: "Bob" }).waitFor();
    const widths = [await widthOf(page)];
    await page.getByRole("button", { name: "Bob" }).click();
    await conversationIn(page, "Launch").waitFor();
    widths.push(await widthOf(page));
    await open(page, "Launch");
    await write(page, `${"long".repeat(100)} https://example.com/${"path/".repeat(60)}`);
    await eventually(async () => (await textsOf(page)).at(-1)?.startsWith("longlong"), true);
    widths.push(await widthOf(page));
    const isListHidden = await conversationIn(page, "Lunch").isHidden();
    await page.getByRole("button", { name: "Members" }).click();
    await page.getByRole("dialog").getByText("5 members").waitFor();
    widths.push(await widthOf(page));
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Back to the list" }).click();
    await conversationIn(page, "Lunch").waitFor();
    deepEqual([widths, isListHidden], [[360, 360, 360, 360], true]);
    await context.close();
  });
});

/** What a page finds of what the browser stores for it. */
async function leftIn(page: Page): Promise<readonly string[]> {
  return page.evaluate(async () => [
    ...(await indexedDB.databases()).map(({ name }) => `database ${name}`),
    // The files of the app are of nobody; `app-files.test.ts` says what they are.
    ...(await caches.keys())
      .filter((name) => !name.startsWith("parley-shell-"))
      .map((name) => `cache ${name}`),
    ...Object.keys(localStorage),
    ...Object.keys(sessionStorage),
  ]);
}

/** How far the page and everything that scrolls in it reaches. */
async function widthOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const scrolled = [...document.querySelectorAll("*")].filter(
      (element) =>
        element.scrollWidth > element.clientWidth && getComputedStyle(element).overflowX === "auto",
    );
    return Math.max(document.documentElement.scrollWidth, ...scrolled.map((element) => element.scrollWidth));
  });
}
