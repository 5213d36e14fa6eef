/**
 * Goal: whatever is damaged in the database of a browser, the page comes up, finds it and shows everything right again, without an
 * error and without losing what was not sent yet.
 */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId } from "@parley/protocol";
import type { BrowserContext, Page } from "playwright-core";
import { differences, stateOfClient, stateOfPage } from "./testing/device-state.js";
import {
  conversationIn,
  eventually,
  open,
  SKIP,
  textsOf,
  type WebBench,
  withBench,
  write,
  WAIT_MS_MAX,
} from "./testing/web-bench.js";

const LINES = Array.from({ length: 12 }, (_, index) => `line ${index}`);
/** Some row of the conversation: what stands there instead; undefined: it is gone. */
type Damage = readonly (readonly [store: string, key: string | (string | number)[], row: unknown])[];

test(
  "messages that are missing, garbled or others are found after a reload and shown again",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const { context, alice, club } = await prepare(bench);
      const other = {
        conversationId: club,
        sequence: 4,
        messageId: "another",
        senderId: "erik",
        body: { text: { text: "forged" } },
      };
      await damage(alice, [
        ["messages", [club, 3], undefined],
        [
          "messages",
          [club, 4],
          {
            ...other,
            clientMessageId: "",
            timeMs: 1,
            audience: [],
            revision: 0,
            editedMs: 0,
            isCountable: true,
          },
        ],
        [
          "messages",
          [club, 6],
          { conversationId: club, sequence: 6, messageId: "m", senderId: 7, body: { text: { text: 8 } } },
        ],
        ["messages", [club, 7], "garbled"],
        ["messages", [club, 9], null],
      ]);
      await isRightAgain(bench, context, alice);
    });
  },
);

test(
  "a list, spans and positions that are damaged are asked for anew, and what was not sent is sent once",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const { context, alice, club } = await prepare(bench);
      const { outbox, entries } = await writeUnsent(bench, context, alice);
      const [first, second, third] = outbox;
      const lunch = entries.find(({ title }) => title === "Lunch")!.conversationId;
      await damage(alice, [
        ["outbox", [second!.conversationId, second!.clientMessageId], { ...second, body: "garbled" }],
        ["numbers", club, "many"],
        ["entries", lunch, undefined],
        ["entries", club, { conversationId: club, title: 5, lastMessage: "none" }],
        ["spans", club, [{ first: 1, last: null }]],
        ["looked", club, "never"],
        ["state", "leader", "somebody"],
        ["state", "given", 5],
        ["messages", [lunch, 2], []],
      ]);
      await isRightAgain(
        bench,
        context,
        alice,
        [first!, third!].map(({ body }) => body.text!.text),
      );
    });
  },
);

test("a page whose position is damaged begins anew with what it has", { skip: SKIP }, async () => {
  await withBench(async (bench) => {
    const { context, alice } = await prepare(bench);
    await writeUnsent(bench, context, alice);
    await damage(alice, [["state", "position", { epoch: "one" }]]);
    await isRightAgain(bench, context, alice, UNSENT);
  });
});

const UNSENT = ["unsent 1", "unsent 2", "unsent 3"];

/** A page of Alice that holds a group of Erik's, and has it open. */
async function prepare(
  bench: WebBench,
): Promise<{ readonly context: BrowserContext; readonly alice: Page; readonly club: ConversationId }> {
  const erik = await bench.client("erik");
  const club = await erik.createGroup({
    title: "Book club",
    userIds: ["alice" as never],
    isHistoryOpen: true,
  });
  for (const text of LINES) await erik.sendText(club, text);
  await erik.settled(WAIT_MS_MAX);
  // All of it is on the screen, and so read.
  const context = await bench.browser({ viewport: { width: 1100, height: 800 } });
  const alice = await bench.signIn(context, "Alice");
  await open(alice, "Lunch");
  await open(alice, "Book club");
  await eventually(() => textsOf(alice), LINES);
  await eventually(
    () =>
      conversationIn(alice, "Book club")
        .getByLabel(/unread/u)
        .count(),
    0,
  );
  return { context, alice, club };
}

/** Leaves the page without a connection, with three messages that wait. */
async function writeUnsent(
  bench: WebBench,
  context: BrowserContext,
  alice: Page,
): ReturnType<typeof stateOfPage> {
  bench.expectTrouble();
  await context.setOffline(true);
  await alice
    .getByRole("status")
    .filter({ hasText: /No connection/u })
    .waitFor();
  for (const text of UNSENT) await write(alice, text);
  await eventually(() => alice.getByRole("log").getByText("Waiting to be sent").count(), UNSENT.length);
  return stateOfPage(alice);
}

/** Writes into the database of a page behind its back. */
async function damage(page: Page, rows: Damage): Promise<void> {
  // A value that is not there cannot be given to a page.
  const given = rows.map(([store, key, row]) => ({
    store,
    key,
    row: row ?? null,
    isGone: row === undefined,
  }));
  await page.evaluate(async (damaged) => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener("success", () => resolve(request.result));
        request.addEventListener("error", () => reject(request.error ?? new Error("not written")));
      });
    const names = (await indexedDB.databases()).map(({ name = "" }) => name);
    const database = await done(indexedDB.open(names.find((name) => name.startsWith("parley/"))!));
    for (const { store, key, row, isGone } of damaged) {
      const rowsOf = database.transaction(store, "readwrite").objectStore(store);
      await (isGone ? done(rowsOf.delete(key)) : done(rowsOf.put(row, key)));
    }
    database.close();
  }, given);
}

/** After a reload the page holds what a device without a past is told, and shows it; the bench refuses errors. */
async function isRightAgain(
  bench: WebBench,
  context: BrowserContext,
  page: Page,
  sent: readonly string[] = [],
): Promise<void> {
  await context.setOffline(false);
  await page.reload();
  await eventually(() => textsOf(page), [...LINES, ...sent]);
  await open(page, "Lunch");
  await open(page, "Book club");
  await eventually(async () => (await stateOfPage(page)).outbox.length, 0);
  const fresh = await bench.client("alice");
  await eventually(async () => differences(await stateOfPage(page), await stateOfClient(fresh)), []);
  deepEqual(await textsOf(page), [...LINES, ...sent]);
  deepEqual(await page.getByRole("alert").count(), 0);
}
