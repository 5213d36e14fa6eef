/**
 * Goal: a search finds the same messages wherever they lie and whatever was made of their filters.
 * Method: one conversation is searched when its messages are in memory, stored, in blocks and in the cold tier, before and after a
 * start, and after changes; every time the same words are looked for in the pages of history.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { CONVERSATION_SEARCH } from "@parley/message";
import { type Message, textBody } from "@parley/protocol";
import type { Parley } from "../parley.js";
import { type Chat, sendMany, startChat, withDirectory } from "../testing/closed-installation.js";

const COUNT = 600;
const WORDS = ["needle", "项目", "plain 7", "nobody"];
const HAYSTACK = 200;

function search(parley: Parley, chat: Chat, text: string): ReturnType<Parley["message"]["search"]> {
  const { session, conversationId } = chat;
  return parley.message.search(session, {
    text,
    conversationId,
    senderId: undefined,
    kind: "",
    fromMs: 0,
    untilMs: 0,
    cursor: "",
    limit: 0,
  });
}

async function historyOf(parley: Parley, { session, conversationId }: Chat): Promise<readonly Message[]> {
  const messages: Message[] = [];
  let after = 0;
  for (;;) {
    const request = { conversationId, after, before: 0, isForward: true, atMs: 0, limit: HAYSTACK };
    const page = await parley.message.history(session, request);
    if (page.first > page.last) return messages;
    messages.push(...page.messages);
    after = page.last;
  }
}

/** What each of the words is found in, and that it is what history shows. */
async function found(parley: Parley, chat: Chat): Promise<readonly (readonly number[])[]> {
  const history = await historyOf(parley, chat);
  const results: number[][] = [];
  for (const text of WORDS) {
    const { hits } = await search(parley, chat, text);
    const expected = history.filter(({ body }) =>
      text.split(" ").every((word) => says(body?.text?.text ?? "", word)),
    );
    assert.deepEqual(
      hits.map(({ message }) => message),
      expected.toReversed().slice(0, 50),
    );
    results.push(hits.map(({ message }) => message.sequence));
  }
  return results;
}

function says(text: string, word: string): boolean {
  return word === "项目" ? text.includes(word) : text.split(" ").some((each) => each.startsWith(word));
}

async function filterCount(parley: Parley, { tenantId, conversationId }: Chat): Promise<number> {
  const rows = { table: CONVERSATION_SEARCH, partition: [tenantId, conversationId], limit: 100 };
  return (await parley.tableStack.tables.range(rows)).length;
}

test("a search finds what it found, wherever messages lie", async () => {
  await withDirectory(async (directory) => {
    const options = { history: { coldAfterDays: 0, keepDays: undefined } };
    let parley = await directory.open(options);
    const chat = await startChat(parley, "main", "plain");
    await sendMany(parley, chat, { text: "a needle in 新项目", count: 1, from: 151 });
    await sendMany(parley, chat, { text: "plain", count: COUNT, from: 152 });
    const { session, conversationId } = chat;
    const counts: number[] = [];
    const results: unknown[] = [];
    const look = async (): Promise<void> => {
      results.push((await found(parley, chat)).slice(0, 2));
      counts.push(await filterCount(parley, chat));
    };
    await look();
    await parley.checkpoint();
    await look();
    await parley.close();
    parley = await directory.open(options);
    await look();
    assert.ok((await parley.historyKeeper.run({ isGentle: false })).movedMessages > 512);
    await look();
    await parley.message.edit(session, { conversationId, sequence: 5, body: textBody("another needle") });
    await parley.message.recall(session, { conversationId, sequence: 152 });
    await look();
    await parley.checkpoint();
    await parley.historyKeeper.run({ isGentle: false });
    await parley.close();
    parley = await directory.open(options);
    await look();
    await parley.close();
    const before = [[152], [152]];
    const after = [[5], []];
    assert.deepEqual(
      [results, counts],
      [
        [before, before, before, before, after, after],
        [2, 2, 2, 2, 2, 2],
      ],
    );
  });
});

test("what searches know of a conversation goes with its key", async () => {
  await withDirectory(async (directory) => {
    let parley = await directory.open();
    const chat = await startChat(parley, "main", "plain");
    await sendMany(parley, chat, { text: "plain", count: COUNT, from: 151 });
    await search(parley, chat, "needle");
    const count = await filterCount(parley, chat);
    await parley.checkpoint();
    await parley.encryption!.shredConversation(chat, () => undefined);
    await parley.close();
    parley = await directory.open();
    const outcome = [
      count,
      await filterCount(parley, chat),
      await search(parley, chat, "plain").then(() => "ok", failureCode),
    ];
    await parley.close();
    assert.deepEqual(outcome, [2, 0, "not-a-member"]);
  });
});
