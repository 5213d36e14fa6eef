/** Topics of large groups, as connected devices are fed with them; F1 is checked by every sink. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Feed } from "@parley/contracts";
import { TopicRow } from "@parley/domain";
import {
  type ConversationId,
  type UserId,
  Event,
  UNCONFIRMED_EVENTS_MAX,
  encode,
  filled,
} from "@parley/protocol";
import { EPOCH, SyncBench, TENANT, TopicSink, message } from "./testing/sync-bench.js";

const GROUP = "g:large" as ConversationId;
const OTHER = "g:other" as ConversationId;
const key = (conversationId: ConversationId) => ({ tenantId: TENANT, conversationId });

/** Says messages to a topic: durable, and told to those who follow. */
function say(bench: SyncBench, first: number, last: number, conversationId = GROUP): void {
  const topic = bench.topics.topic(conversationId);
  for (let sequence = first; sequence <= last; sequence++) {
    const row = filled(TopicRow, { sequence, event: encode(Event, message(conversationId, sequence)) });
    topic.rows.push(row);
    bench.life.topicFeeds.onTold(key(conversationId), topic.rows.length, [row]);
  }
}

function join(bench: SyncBench, name: string, firstVisible = 1, conversationId = GROUP): void {
  bench.topics.topic(conversationId).members.set(name as UserId, firstVisible);
}

async function connect(
  bench: SyncBench,
  name: string,
): Promise<{ readonly feed: Feed; readonly sink: TopicSink }> {
  const sink = new TopicSink({ epoch: EPOCH, pts: 0 });
  const feed = await bench.run(bench.sync.attach(bench.session(name), { epoch: EPOCH, pts: 0 }, sink));
  return { feed, sink };
}

function follow(bench: SyncBench, feed: Feed, pts: number, conversationId = GROUP): Promise<void> {
  return bench.run(feed.follow(EPOCH, [{ conversationId, pts }]));
}

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

test("a member gets what it missed of a topic, and then what is told, each once", async () => {
  const bench = new SyncBench();
  join(bench, "ann");
  say(bench, 1, 5);
  const { feed, sink } = await connect(bench, "ann");
  await follow(bench, feed, 2);
  say(bench, 6, 8);
  assert.deepEqual([sink.told(GROUP), sink.rebases], [span(3, 8), []]);
});

test("who does not follow is told nothing, and who is no member is told nothing either", async () => {
  const bench = new SyncBench();
  join(bench, "ann");
  say(bench, 1, 2);
  const [idle, stranger] = [await connect(bench, "ann"), await connect(bench, "eve")];
  await follow(bench, stranger.feed, 0);
  say(bench, 3, 4);
  assert.deepEqual([idle.sink.told(GROUP), stranger.sink.told(GROUP)], [[], []]);
});

test("who leaves hears nothing from that moment on, also when it begins to follow at that moment", async () => {
  const bench = new SyncBench();
  join(bench, "ann");
  join(bench, "bob");
  const [ann, bob] = [await connect(bench, "ann"), await connect(bench, "bob")];
  await follow(bench, ann.feed, 0);
  say(bench, 1, 1);
  // Bob's membership is looked up, and ends before the answer is there.
  let found = (): void => undefined;
  bench.topics.finding = new Promise((resolve) => (found = resolve));
  const following = bob.feed.follow(EPOCH, [{ conversationId: GROUP, pts: 0 }]);
  await bench.time.settle();
  bench.life.topicFeeds.onLeft(key(GROUP), ["ann", "bob"] as UserId[]);
  say(bench, 2, 2);
  found();
  await bench.run(following);
  say(bench, 3, 3);
  assert.deepEqual([ann.sink.told(GROUP), bob.sink.told(GROUP)], [[1], []]);
});

test("who came later gets an empty event for what is about earlier messages, read and live", async () => {
  const bench = new SyncBench();
  join(bench, "ann", 3);
  join(bench, "bob");
  say(bench, 1, 3);
  const [ann, bob] = [await connect(bench, "ann"), await connect(bench, "bob")];
  await follow(bench, ann.feed, 0);
  await follow(bench, bob.feed, 0);
  // A change of the second message.
  const row = filled(TopicRow, { sequence: 2, event: encode(Event, message(GROUP, 2)) });
  bench.topics.topic(GROUP).rows.push(row);
  bench.life.topicFeeds.onTold(key(GROUP), 4, [row]);
  // An event without any field waits for company.
  await bench.time.advance(1_000);
  assert.deepEqual(
    [ann.sink.told(GROUP), ann.sink.positions.get(GROUP), bob.sink.told(GROUP)],
    [[0, 0, 3, 0], 4, [1, 2, 3, 2]],
  );
});

test("a topic that cannot be continued is rebased, and goes on from there", async () => {
  const bench = new SyncBench({ rebaseEventsMax: 3 });
  join(bench, "ann");
  join(bench, "ann", 1, OTHER);
  say(bench, 1, 9);
  say(bench, 1, 2, OTHER);
  bench.topics.topic(OTHER).expiredPts = 1;
  const { feed, sink } = await connect(bench, "ann");
  await follow(bench, feed, 1);
  await follow(bench, feed, 0, OTHER);
  say(bench, 10, 10);
  say(bench, 3, 3, OTHER);
  assert.deepEqual(
    [sink.rebases, sink.told(GROUP), sink.told(OTHER)],
    [[`${GROUP} too-far-behind 9`, `${OTHER} too-far-behind 2`], [10], [3]],
  );
});

test("a topic followed in another epoch is rebased", async () => {
  const bench = new SyncBench();
  join(bench, "ann");
  say(bench, 1, 2);
  const { feed, sink } = await connect(bench, "ann");
  await bench.run(feed.follow(EPOCH - 1, [{ conversationId: GROUP, pts: 2 }]));
  assert.deepEqual(sink.rebases, [`${GROUP} unknown-epoch 2`]);
});

test("F2: what is unconfirmed counts for all topics of a connection together, and room goes to those who wait", async () => {
  const bench = new SyncBench({ rebaseEventsMax: 10_000 });
  join(bench, "ann");
  join(bench, "ann", 1, OTHER);
  say(bench, 1, 900);
  say(bench, 1, 900, OTHER);
  const { feed, sink } = await connect(bench, "ann");
  await bench.run(
    feed.follow(EPOCH, [
      { conversationId: GROUP, pts: 0 },
      { conversationId: OTHER, pts: 0 },
    ]),
  );
  await bench.time.settle();
  const before = sink.told(GROUP).length + sink.told(OTHER).length;
  for (let round = 0; round < 8; round++) {
    for (const [conversationId, pts] of sink.positions) feed.confirm({ epoch: EPOCH, pts }, conversationId);
    await bench.time.settle();
  }
  assert.ok(before > 0 && before < UNCONFIRMED_EVENTS_MAX && sink.bytesAtMost(before) <= 33 * 1024);
  assert.deepEqual([sink.told(GROUP), sink.told(OTHER)], [span(1, 900), span(1, 900)]);
});

test("a device whose entry is ahead of what it was sent confirms all of that", async () => {
  const bench = new SyncBench();
  join(bench, "ann");
  say(bench, 1, 2_000);
  const { feed, sink } = await connect(bench, "ann");
  await follow(bench, feed, 0);
  for (let round = 0; round < 8; round++) {
    // As one that fetched its list meanwhile says it.
    feed.confirm({ epoch: EPOCH, pts: 2_000 }, GROUP);
    await bench.time.advance(1_000);
  }
  assert.equal(sink.positions.get(GROUP), 2_000);
});

test("following many topics at once brings what is missed of each", async () => {
  const bench = new SyncBench();
  const { feed, sink } = await connect(bench, "ann");
  const ids = Array.from({ length: 40 }, (_, index) => `g:${index}` as ConversationId);
  for (const id of ids) {
    join(bench, "ann", 1, id);
    say(bench, 1, 3, id);
  }
  await bench.run(
    feed.follow(
      EPOCH,
      ids.map((conversationId) => ({ conversationId, pts: 0 })),
    ),
  );
  await bench.time.settle();
  assert.deepEqual(
    ids.map((id) => sink.told(id)),
    ids.map(() => [1, 2, 3]),
  );
});

test("a topic that is followed again begins where it is asked to, and is told once", async () => {
  const bench = new SyncBench();
  join(bench, "ann");
  const { feed, sink } = await connect(bench, "ann");
  await follow(bench, feed, 0);
  say(bench, 1, 2);
  sink.positions.set(GROUP, 1);
  await follow(bench, feed, 1);
  say(bench, 3, 3);
  assert.deepEqual(sink.told(GROUP), [1, 2, 2, 3]);
});

test("a connection that is closed hears nothing more, nor one that closes while it begins to follow", async () => {
  const bench = new SyncBench();
  join(bench, "ann");
  say(bench, 1, 1);
  const [one, other] = [await connect(bench, "ann"), await connect(bench, "ann")];
  await follow(bench, one.feed, 0);
  one.feed.close();
  const following = other.feed.follow(EPOCH, [{ conversationId: GROUP, pts: 1 }]);
  other.feed.close();
  await bench.run(following);
  say(bench, 2, 2);
  assert.deepEqual([one.sink.told(GROUP), other.sink.told(GROUP)], [[1], []]);
});

test("a directed message reaches those who see it, and the others learn of its place, live and when they catch up", async () => {
  const bench = new SyncBench();
  const heard: (readonly number[])[] = [];
  for (const name of ["ann", "bob", "cy"]) join(bench, name);
  const topic = bench.topics.topic(GROUP);
  const direct = (sequence: number): void => {
    const voided = { conversationId: GROUP, sequence, timeMs: 1 };
    const row = filled(TopicRow, {
      sequence,
      event: encode(Event, message(GROUP, sequence)),
      senderId: "ann" as UserId,
      audience: ["bob" as UserId],
      instead: encode(Event, { voided }),
    });
    topic.rows.push(row);
    bench.life.topicFeeds.onTold(key(GROUP), topic.rows.length, [row]);
  };
  const devices = await Promise.all(["ann", "bob", "cy"].map((name) => connect(bench, name)));
  say(bench, 1, 1);
  direct(2);
  for (const { feed } of devices) await follow(bench, feed, 0);
  direct(3);
  say(bench, 4, 4);
  for (const { sink } of devices) heard.push(sink.told(GROUP));
  assert.deepEqual(heard, [
    [1, 2, 3, 4],
    [1, 2, 3, 4],
    [1, -2, -3, 4],
  ]);
});

test("what a device has of a topic is heard: where it follows from, what it confirms, and the list after a rebase", async () => {
  const bench = new SyncBench({ rebaseEventsMax: 3 });
  for (const conversationId of [GROUP, OTHER]) {
    join(bench, "ann", 1, conversationId);
    say(bench, 1, 5, conversationId);
  }
  const { feed } = await connect(bench, "ann");
  await follow(bench, feed, 5);
  say(bench, 6, 7);
  feed.confirm({ epoch: EPOCH, pts: 7 }, GROUP);
  // Too far behind: what it has comes with its list.
  await follow(bench, feed, 1, OTHER);
  feed.confirm({ epoch: EPOCH, pts: 5 }, OTHER);
  const stranger = await connect(bench, "eve");
  await follow(bench, stranger.feed, 5);

  assert.deepEqual(bench.life.topicConfirmations, [
    `ann ${GROUP} 5`,
    `ann ${GROUP} 7`,
    `ann ${OTHER} 1`,
    `ann ${OTHER} 5`,
  ]);
});
