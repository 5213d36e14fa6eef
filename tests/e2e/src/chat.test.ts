/**
 * Goal: what two people do in their browsers is seen by both, in all their tabs, and nothing is ever run.
 * Method: one server and real pages; each test signs in anew, so that tests share nothing but the demo's history.
 */
import { deepEqual } from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { UserId } from "@parley/protocol";
import { openMenuOf } from "./testing/message-menu.js";
import {
  conversationIn,
  eventually,
  messageIn,
  open,
  SKIP,
  textsOf,
  unreadOf,
  WebBench,
  write,
} from "./testing/web-bench.js";

describe("the web chat", () => {
  let bench: WebBench;
  before(async () => {
    if (SKIP !== false) return;
    bench = await WebBench.start();
  });
  after(async () => {
    if (SKIP === false) await bench.close();
  });

  test(
    "a message is seen by the other person and in the own second tab, and reading clears the count everywhere",
    { skip: SKIP },
    async () => {
      const hers = await bench.browser();
      const his = await bench.browser();
      const alice = await bench.signIn(hers, "Alice");
      const bob = await bench.signIn(his, "Bob");
      const bobSecond = await bench.signIn(his, "Bob");
      await open(bob, "Alice");
      await eventually(() => unreadOf(bob, "Alice"), "");
      await open(bob, "Lunch");
      await open(alice, "Bob");
      const unread = Number(/^\((\d+)\)/u.exec(await bob.title())?.[1] ?? 0);
      await write(alice, "first");
      await write(alice, "second\nline");
      await eventually(() => unreadOf(bob, "Alice"), "2");
      await eventually(() => unreadOf(bobSecond, "Alice"), "2");
      await eventually(() => bob.title(), `(${unread + 2}) Lunch – Parley`);
      await open(bobSecond, "Alice");
      await eventually(() => unreadOf(bobSecond, "Alice"), "");
      await eventually(() => unreadOf(bob, "Alice"), "");
      await open(bob, "Alice");
      const seen = await Promise.all(
        [alice, bob, bobSecond].map(async (page) => (await textsOf(page)).slice(-2)),
      );
      deepEqual(seen, [
        ["first", "second\nline"],
        ["first", "second\nline"],
        ["first", "second\nline"],
      ]);
      await Promise.all([hers.close(), his.close()]);
    },
  );

  test("what somebody writes is shown as text and never run", { skip: SKIP }, async () => {
    const context = await bench.browser();
    const page = await bench.signIn(context, "陈晓雯");
    await open(page, "Lunch");
    const attacks = [
      `<img src=x onerror="window.hit=1"><script>window.hit=2</script>`,
      "javascript:window.hit=3 https://example.com/<svg/onload=window.hit=4>",
    ];
    for (const attack of attacks) await write(page, attack);
    await eventually(async () => (await textsOf(page)).slice(-2), attacks);
    const links = await page
      .getByRole("log")
      .getByRole("link")
      .evaluateAll((found) => found.map((link) => [link.getAttribute("href"), link.getAttribute("rel")]));
    const hit = await page.evaluate(() => "hit" in globalThis);
    deepEqual(
      [links, hit, await page.locator("img, script:not([src])").count()],
      [[["https://example.com/", "noopener noreferrer nofollow"]], false, 0],
    );
    await context.close();
  });

  test(
    "a deleted message is gone in all tabs of the one who deleted it, and stays with the others",
    { skip: SKIP },
    async () => {
      const hers = await bench.browser();
      const his = await bench.browser();
      const dana = await bench.signIn(hers, "Dana");
      const danaSecond = await bench.signIn(hers, "Dana");
      const erik = await bench.signIn(his, "Erik");
      await Promise.all([dana, danaSecond, erik].map((page) => open(page, "Launch")));
      await write(erik, "delete me");
      await messageIn(danaSecond, "delete me").waitFor();
      await dana.bringToFront();
      await openMenuOf(dana, "delete me");
      await dana.getByRole("menuitem", { name: "Delete for me" }).click();
      await dana.getByRole("dialog").getByRole("button", { name: "Delete for me" }).click();
      const has = (page: typeof dana): Promise<number> => messageIn(page, "delete me").count();
      await eventually(() => Promise.all([has(dana), has(danaSecond)]), [0, 0]);
      deepEqual((await textsOf(erik)).at(-1), "delete me");
      await Promise.all([hers.close(), his.close()]);
    },
  );

  test("a direct chat and a group are made and reach their members", { skip: SKIP }, async () => {
    const hers = await bench.browser();
    const his = await bench.browser();
    const dana = await bench.signIn(hers, "Dana");
    const erik = await bench.signIn(his, "Erik");
    await dana.getByRole("button", { name: "New conversation" }).click();
    await dana
      .getByRole("textbox")
      .or(dana.getByRole("searchbox", { name: "Find people" }))
      .last()
      .fill("eri");
    await dana.getByRole("dialog").getByRole("button", { name: "Erik" }).click();
    await write(dana, "hello Erik");
    await conversationIn(erik, "Dana Okafor").filter({ hasText: "hello Erik" }).waitFor();
    const beginning = dana.getByRole("button", { name: "New conversation" });
    await beginning.click();
    await dana.keyboard.press("Escape");
    // A window that closes gives the focus back.
    await eventually(() => beginning.evaluate((button) => button === document.activeElement), true);
    await beginning.click();
    await dana.getByRole("radio", { name: "Group", exact: true }).check();
    await dana.getByLabel("Title").fill("Party");
    await dana.getByRole("dialog").getByRole("button", { name: "Erik" }).click();
    await dana.getByRole("button", { name: "Create group" }).click();
    await dana.getByRole("region", { name: "Party" }).getByText("Dana Okafor created the group").waitFor();
    await conversationIn(erik, "Party").click();
    await erik.getByRole("button", { name: "Members" }).click();
    const members = erik.getByRole("list", { name: "Members of the group" }).getByRole("listitem");
    await eventually(
      async () => (await members.allInnerTexts()).map((text) => text.replaceAll(/\s+/gu, " ")),
      ["DO Dana Okafor Online Owner", "EL Erik Lindqvist You"],
    );
    await Promise.all([hers.close(), his.close()]);
  });

  test("the list is searched and walked through with the keyboard", { skip: SKIP }, async () => {
    const context = await bench.browser();
    const page = await bench.signIn(context, "Alice");
    const search = page.getByRole("searchbox", { name: "Search conversations" });
    await search.fill("  LUN");
    await eventually(() => page.getByRole("navigation").getByRole("listitem").count(), 1);
    await search.press("ArrowDown");
    await eventually(
      () => conversationIn(page, "Lunch").evaluate((row) => row === document.activeElement),
      true,
    );
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "Lunch" }).waitFor();
    await search.fill("nobody has this name");
    await page.getByText("Nothing found").waitFor();
    await context.close();
  });

  test(
    "each conversation keeps what was begun to be written, also over a reload",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const page = await bench.signIn(context, "Alice");
      const field = page.getByRole("textbox", { name: /^Message/u });
      await open(page, "Launch");
      await field.fill("half a thought");
      await open(page, "Lunch");
      const other = await field.inputValue();
      await conversationIn(page, "Launch").filter({ hasText: "Draft: half a thought" }).waitFor();
      await page.reload();
      await open(page, "Launch");
      deepEqual([other, await field.inputValue()], ["", "half a thought"]);
      await context.close();
    },
  );

  test(
    "Enter within an input method's composition sends nothing, Shift+Enter breaks the line",
    { skip: SKIP },
    async () => {
      const context = await bench.browser();
      const page = await bench.signIn(context, "Alice");
      await open(page, "Lunch");
      const count = (await textsOf(page)).length;
      const field = page.getByRole("textbox", { name: /^Message/u });
      await field.focus();
      const devtools = await context.newCDPSession(page);
      await devtools.send("Input.imeSetComposition", { text: "zhong", selectionStart: 5, selectionEnd: 5 });
      // What a keyboard sends while an input method holds the keys.
      await devtools.send("Input.dispatchKeyEvent", {
        type: "rawKeyDown",
        key: "Enter",
        windowsVirtualKeyCode: 229,
      });
      await devtools.send("Input.insertText", { text: "中" });
      const composed = await field.inputValue();
      await page.keyboard.press("Shift+Enter");
      await page.keyboard.type("国");
      await page.keyboard.press("Enter");
      await eventually(async () => (await textsOf(page)).slice(count), ["中\n国"]);
      deepEqual([composed, await field.inputValue()], ["中", ""]);
      await context.close();
    },
  );

  test("the keyboard reaches rows of the list that are far off the screen", { skip: SKIP }, async () => {
    const context = await bench.browser();
    const page = await bench.signIn(context, "陈晓雯");
    const erik = await bench.client("erik");
    for (let index = 0; index < 40; index++) {
      await erik.createGroup({ title: `Room ${index}`, userIds: ["chen" as UserId] });
    }
    await conversationIn(page, "Room 39").waitFor();
    const search = page.getByRole("searchbox", { name: "Search conversations" });
    await search.focus();
    const focused = (): Promise<string | undefined> =>
      page.evaluate(() => document.activeElement?.querySelector("[dir=auto]")?.textContent ?? undefined);
    for (let step = 0; step < 30; step++) await page.keyboard.press("ArrowDown");
    await eventually(focused, "Room 10");
    await page.keyboard.press("End");
    await eventually(async () => /^(Launch|Lunch)/u.test((await focused()) ?? ""), true);
    await page.keyboard.press("Home");
    await eventually(focused, "Room 39");
    await page.keyboard.press("ArrowUp");
    deepEqual(await search.evaluate((field) => field === document.activeElement), true);
    await context.close();
  });
});
