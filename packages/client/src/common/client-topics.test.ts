/** Large groups: their topics are followed, applied in order, and never confused with the queue. */
import {
  type Event,
  type Init,
  AS_SENT,
  Event as EventSchema,
  JoinedEvent,
  Message,
  ModuleEvent,
  type ModuleName,
  emptyEntry,
  encode,
  filled,
  textBody,
} from "@parley/protocol";
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import {
  type ClientBench,
  createClientBench,
  GROUP,
  GROUP_2,
  OTHER,
  SELF,
  textsOf,
} from "../testing/client-bench.js";

/** The server puts a message into the topic of GROUP_2. */
function said(sequence: number, text = `said ${sequence}`, senderId = OTHER): Init<Event> {
  const message = filled(Message, {
    conversationId: GROUP_2,
    sequence,
    messageId: String(9000 + sequence).padStart(26, "0") as Message["messageId"],
    senderId,
    timeMs: 1_793_491_300_000 + sequence,
    body: textBody(text),
    isCountable: true,
    ...AS_SENT,
  });
  return { message };
}

async function tell(bench: ClientBench, firstPts: number, ...events: readonly Init<Event>[]): Promise<void> {
  bench.server.say("push", {
    epoch: bench.world.epoch,
    firstPts,
    events: events.map((event) => encode(EventSchema, event)),
    conversationId: GROUP_2,
  });
  await bench.sync();
}

function joined(bench: ClientBench, topicPts: number, lastSequence = 0): void {
  const fields = { conversationId: GROUP_2, title: "All", firstVisible: 1, isShared: true };
  bench.world.push({ joined: filled(JoinedEvent, { ...fields, topicPts, lastSequence }) });
}

/** A device in a large group that has heard nothing of it yet. */
async function inLargeGroup(): Promise<ClientBench> {
  const bench = createClientBench();
  await bench.begin();
  joined(bench, 4);
  await bench.sync();
  return bench;
}

const followed = ({ server }: ClientBench): readonly unknown[] =>
  server
    .framesOf("follow")
    .map(({ topics }) => topics.map(({ conversationId, pts }) => [conversationId, pts]));

const entryOf = ({ client }: ClientBench) =>
  client.conversations().find(({ conversationId }) => conversationId === GROUP_2)!;

test("a large group is followed from where joining it says, and its messages come over its topic", async () => {
  const bench = await inLargeGroup();
  await bench.time.run(bench.client.open(GROUP_2));
  await tell(bench, 5, said(1), said(2));
  await tell(bench, 7, said(3));
  const { topicPts, unread, lastSequence } = entryOf(bench);
  deepEqual(
    [followed(bench), textsOf(bench.client, GROUP_2), topicPts, unread, lastSequence],
    [[[[GROUP_2, 4]]], ["said 1", "said 2", "said 3"], 7, 3, 3],
  );
  await bench.client.stop();
});

test("the next connection follows from where the entry stands, and what comes twice changes nothing", async () => {
  const bench = await inLargeGroup();
  await tell(bench, 5, said(1), said(2));
  const before = entryOf(bench);
  bench.server.cut();
  await bench.time.advance(1_000);
  await bench.sync();
  await tell(bench, 5, said(1), said(2));
  deepEqual([followed(bench), entryOf(bench)], [[[[GROUP_2, 4]], [[GROUP_2, 6]]], before]);
  await bench.client.stop();
});

test("what is told is stored with its place before it is confirmed, and confirmed for its topic", async () => {
  const bench = await inLargeGroup();
  const { store, server } = bench;
  const commits: number[] = [];
  const commit = store.commit.bind(store);
  store.commit = async (changes) => {
    await commit(changes);
    commits.push(server.framesOf("confirm").filter(({ conversationId }) => conversationId !== "").length);
  };
  await tell(bench, 5, said(1));
  await bench.time.advance(1_000);
  const confirmed = server.framesOf("confirm").filter(({ conversationId }) => conversationId !== "");
  const stored = (await store.load()).entries.find(({ conversationId }) => conversationId === GROUP_2);
  deepEqual(
    [commits, confirmed.map(({ pts, conversationId }) => [pts, conversationId]), stored?.topicPts],
    [[0], [[5, GROUP_2]], 5],
  );
  await bench.client.stop();
});

test("a gap in a topic ends the connection and is filled by the next", async () => {
  const bench = await inLargeGroup();
  const links = bench.server.links.length;
  bench.server.say("push", {
    epoch: bench.world.epoch,
    firstPts: 6,
    events: [encode(EventSchema, said(2))],
    conversationId: GROUP_2,
  });
  await bench.time.advance(1_000);
  await bench.sync();
  equal(bench.server.links.length, links + 1);
  await tell(bench, 5, said(1), said(2));
  deepEqual([entryOf(bench).topicPts, entryOf(bench).unread], [6, 2]);
  await bench.client.stop();
});

test("an empty event in a topic only counts", async () => {
  const bench = await inLargeGroup();
  const before = entryOf(bench);
  await tell(bench, 5, {}, {});
  deepEqual(entryOf(bench), { ...before, topicPts: 6 });
  await bench.client.stop();
});

test("what was on its way when I left is left out, and who comes back follows anew", async () => {
  const bench = await inLargeGroup();
  await tell(bench, 5, said(1));
  const left = {
    conversationId: GROUP_2,
    sequence: 1,
    isShared: true,
    title: "All",
    firstVisible: 1,
    timeMs: 5,
  };
  bench.world.push({ left });
  await bench.sync();
  const gone = entryOf(bench);
  await tell(bench, 6, said(2));
  const later = entryOf(bench);
  joined(bench, 9, 5);
  await bench.sync();
  await tell(bench, 10, said(6));
  deepEqual(
    [gone.isMember, later, followed(bench), entryOf(bench).unreadRanges],
    [false, gone, [[[GROUP_2, 4]], [[GROUP_2, 9]]], [6, 6]],
  );
  await bench.client.stop();
});

test("what a module told a topic is told once, also when the queue brings leaving and joining later than the topic what followed", async () => {
  const bench = await inLargeGroup();
  const told: string[] = [];
  bench.client.on("module", ({ id, timeMs }) => told.push(`${id} ${timeMs}`));
  const publish = (id: string, timeMs: number): Init<Event> => ({
    module: filled(ModuleEvent, { module: "todo" as ModuleName, id, timeMs, conversationId: GROUP_2 }),
  });
  await tell(bench, 5, said(1), publish("e-1", 1), publish("e-2", 2));
  bench.world.push({
    left: { conversationId: GROUP_2, sequence: 1, isShared: true, title: "All", firstVisible: 1, timeMs: 5 },
  });
  joined(bench, 5);
  await bench.sync();
  // An id that is used again, days later, is another event.
  await tell(bench, 6, publish("e-1", 1), publish("e-2", 2), publish("e-3", 3), publish("e-1", 900));
  deepEqual([followed(bench).at(-1), told], [[[GROUP_2, 5]], ["e-1 1", "e-2 2", "e-3 3", "e-1 900"]]);
  await bench.client.stop();
});

test("who joined again is followed anew also where the list was ahead of that event", async () => {
  const bench = await inLargeGroup();
  await tell(bench, 5, said(1));
  // The entry contains it and does not change, but the server forgot who left in between.
  joined(bench, 4);
  await bench.sync();
  deepEqual([followed(bench), entryOf(bench).topicPts], [[[[GROUP_2, 4]], [[GROUP_2, 5]]], 5]);
  await bench.client.stop();
});

test("after a rebase of the queue topics are followed anew: among what it skipped may be leaving and joining", async () => {
  const bench = await inLargeGroup();
  const before = bench.server.framesOf("follow").length;
  const { epoch } = bench.world;
  bench.server.say("rebase", { epoch, pts: bench.world.events.length, reason: "too-far-behind" });
  await bench.sync();
  const follows = bench.server.framesOf("follow").slice(before);
  const { topicPts } = bench.client.conversations().find(({ conversationId }) => conversationId === GROUP_2)!;
  deepEqual(
    follows.map(({ topics }) => topics),
    [[{ conversationId: GROUP_2, pts: topicPts }]],
  );
  await bench.client.stop();
});

test("a topic that begins anew brings its entry, checks what is held, and then what follows", async () => {
  const bench = await inLargeGroup();
  await tell(bench, 5, said(1));
  const lastMessage = said(8).message as Message;
  // Edited while the topic was not followed.
  const edited = { ...(said(1, "better").message as Message), revision: 1 };
  bench.world.messages.set(GROUP_2, [
    edited,
    ...[2, 3, 4, 5, 6, 7, 8].map((at) => said(at).message as Message),
  ]);
  bench.world.entries.set(GROUP_2, {
    ...emptyEntry(GROUP_2),
    title: "All of us",
    isShared: true,
    topicPts: 20,
    lastSequence: 8,
    readSequence: 3,
    unread: 5,
    unreadRanges: [4, 8],
    lastMessage,
  });
  const { epoch } = bench.world;
  bench.server.say("rebase", { epoch, pts: 18, reason: "too-far-behind", conversationId: GROUP_2 });
  // The list is ahead of the rebase: the first two are in it.
  await tell(bench, 19, said(7), said(8), said(9));
  const { title, topicPts, unreadRanges } = entryOf(bench);
  const held = (await bench.store.load()).spans.get(GROUP_2);
  const [first] = await bench.store.readMessages(GROUP_2, { first: 1, last: 1 });
  deepEqual(
    [title, topicPts, unreadRanges, first?.body?.text?.text, held, bench.client.conversations().length],
    [
      "All of us",
      21,
      [4, 9],
      "better",
      // What was told meanwhile is fetched.
      [{ first: 1, last: 9 }],
      2,
    ],
  );
  await bench.client.stop();
});

test("a message that was hidden on another device before it came is neither shown nor counted", async () => {
  const bench = await inLargeGroup();
  await bench.time.run(bench.client.open(GROUP_2));
  bench.world.push({ hidden: { conversationId: GROUP_2, sequences: [2] } });
  await bench.sync();
  await tell(bench, 5, said(1), said(2), said(3));
  deepEqual(
    [textsOf(bench.client, GROUP_2), entryOf(bench).unreadRanges, entryOf(bench).hiddenAhead],
    [["said 1", "said 3"], [1, 1, 3, 3], []],
  );
  await bench.client.stop();
});

test("a message that was read on another device before it came is not unread", async () => {
  const bench = await inLargeGroup();
  bench.world.push({ read: { conversationId: GROUP_2, sequence: 2 } });
  await bench.sync();
  await tell(bench, 5, said(1), said(2), said(3));
  deepEqual([entryOf(bench).unreadRanges, entryOf(bench).readSequence], [[3, 3], 2]);
  await bench.client.stop();
});

test("a topic is not taken for the queue, nor one group for another", async () => {
  const bench = await inLargeGroup();
  await tell(bench, 5, said(1, "to all", SELF));
  const { pts } = (await bench.store.load()).position;
  const other = bench.client.conversations().find(({ conversationId }) => conversationId === GROUP)!;
  deepEqual([pts, other.lastSequence, entryOf(bench).unread], [bench.world.events.length, 0, 0]);
  await bench.client.stop();
});

test("who cannot follow comes back on another connection", async () => {
  const bench = createClientBench();
  await bench.begin();
  let refusals = 1;
  bench.server.script = (frame) =>
    frame.name === "follow" && refusals-- > 0 ? { code: "unavailable", retry: "same" } : "handle";
  joined(bench, 4);
  bench.server.push();
  await bench.time.advance(5_000);
  await bench.sync();
  await tell(bench, 5, said(1));
  deepEqual([bench.server.links.length, entryOf(bench).unread], [2, 1]);
  await bench.client.stop();
});
