/** What notifications read of large groups: it is what the computed entry says, as far as they count. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UserKey } from "@parley/contracts";
import {
  Body,
  type ConversationEntry,
  type ConversationId,
  emptyEntry,
  filled,
  type UserId,
} from "@parley/protocol";
import { NotifiedGroupReader } from "./notified-groups.js";
import { MessageBench, TENANT } from "./testing/message-bench.js";

const BOB: UserKey = { tenantId: TENANT, userId: "bob" as UserId };

/** A large group in which ann says things, and bob is told of them. */
class Crowd {
  readonly bench: MessageBench;
  readonly id: ConversationId;
  #number = 0;

  private constructor(bench: MessageBench, id: ConversationId) {
    this.bench = bench;
    this.id = id;
  }

  static async open(): Promise<Crowd> {
    const bench = new MessageBench({ sharedFromMembers: 2 });
    await bench.index();
    return new Crowd(bench, await bench.group("ann", "bob", "cy"));
  }

  get reader(): NotifiedGroupReader {
    return new NotifiedGroupReader(this.bench.life.tables);
  }

  async say(names: readonly string[] | "all" = [], audience: readonly string[] = []): Promise<number> {
    const isAll = names === "all";
    const mentions = { userIds: (isAll ? [] : names) as UserId[], isAll };
    const body = filled(Body, { text: { text: "text" }, ...(names.length === 0 ? {} : { mentions }) });
    const session = this.bench.session("ann");
    this.#number += 1;
    const what = { body, audience: audience as UserId[] };
    return (await this.bench.run(this.bench.sendAny(session, this.id, this.#number, what))).sequence;
  }

  entry(notifyLevel = ""): ConversationEntry {
    return { ...emptyEntry(this.id), isShared: true, notifyLevel };
  }

  count(level: string, { limit = 100, hidden = [] as readonly number[] } = {}): Promise<number> {
    const how = { limit, hiddenIn: async () => hidden };
    return this.bench.run(this.reader.countUnread(BOB, this.entry(level), how));
  }
}

test("as unread stands what lies above the place up to which a member has read; nothing of who is none", async () => {
  const crowd = await Crowd.open();
  const { bench, reader, id } = crowd;
  await crowd.say();
  const read = await crowd.say();
  const last = await crowd.say();
  await bench.run(bench.message.markRead(bench.session("bob"), id, read));

  const some = await bench.run(reader.entry(BOB, crowd.entry()));
  await bench.run(bench.message.markRead(bench.session("bob"), id, last));
  const none = await bench.run(reader.entry(BOB, crowd.entry()));
  const eve = await bench.run(reader.entry({ ...BOB, userId: "eve" as UserId }, crowd.entry()));
  const left = await bench.run(reader.entry(BOB, { ...crowd.entry(), isMember: false }));

  assert.deepEqual(
    [some?.title, some?.unreadRanges, none?.unreadRanges, eve, left],
    ["Team", [last, last], [], undefined, undefined],
  );
});

test("a message is read as it is now, by those who see it", async () => {
  const crowd = await Crowd.open();
  const { bench, reader, id } = crowd;
  const toCy = await crowd.say([], ["cy"]);
  const recalled = await crowd.say();
  await bench.run(bench.message.recall(bench.session("ann"), { conversationId: id, sequence: recalled }));

  const messages = await bench.run(
    Promise.all([toCy, recalled, 99].map((sequence) => reader.message(BOB, id, sequence))),
  );

  assert.deepEqual(
    messages.map((message) => message?.recall?.actorId ?? message),
    [undefined, "ann", undefined],
  );
});

test("counted is what the level lets through: neither read, recalled, hidden nor directed to others", async () => {
  const crowd = await Crowd.open();
  const { bench, id } = crowd;
  const session = bench.session("ann");
  const read = await crowd.say(["bob"]);
  await bench.run(bench.message.markRead(bench.session("bob"), id, read));
  await crowd.say();
  await crowd.say(["bob"]);
  await crowd.say("all");
  await crowd.say(["cy"]);
  await crowd.say("all", ["cy"]);
  const hidden = await crowd.say(["bob"]);
  const recalled = await crowd.say(["bob"]);
  await bench.run(bench.message.recall(session, { conversationId: id, sequence: recalled }));

  const counts = [];
  for (const level of ["", "mentions", "all"]) counts.push(await crowd.count(level, { hidden: [hidden] }));
  counts.push(await crowd.count("all", { limit: 1 }), await crowd.count("", { limit: 1 }));

  // Of one message that is looked at the newest is recalled, and the newest mention is the one that is not hidden here.
  assert.deepEqual(counts, [2, 2, 4, 0, 1]);
});

test("the topic is read from its end", async () => {
  const crowd = await Crowd.open();
  const { bench, reader, id } = crowd;
  for (let count = 0; count < 4; count++) await crowd.say();
  const key = { tenantId: TENANT, conversationId: id };

  const last = await bench.run(reader.topicBefore(key, 0, 2));
  const before = await bench.run(reader.topicBefore(key, last.at(-1)!.pts, 2));

  assert.deepEqual(
    [...last, ...before].map(({ pts, row }) => [pts, row.sequence]),
    [
      [5, 5],
      [4, 4],
      [3, 3],
      [2, 2],
    ],
  );
});
