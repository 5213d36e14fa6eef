/** Reactions, pins and read counts, from the request to what is stored, read and told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import {
  type ConversationId,
  type Message,
  type ReadCount,
  type UserId,
  PINS_MAX,
  READ_COUNTS_MAX,
  digestOf,
} from "@parley/protocol";
import { WINDOW_MS_MAX } from "./spreading.js";
import { MessageBench } from "./testing/message-bench.js";

/** The first message after the notice of the creation. */
const FIRST = 2;

interface Talk {
  readonly bench: MessageBench;
  readonly conversationId: ConversationId;
}

async function talk(
  count: number,
  options: ConstructorParameters<typeof MessageBench>[0] = {},
): Promise<Talk> {
  const bench = new MessageBench(options);
  const conversationId = await bench.group("ann", "bob", "cy");
  for (let number = 1; number <= count; number++)
    await bench.run(bench.send(bench.session("ann"), conversationId, number, `text ${number}`));
  return { bench, conversationId };
}

function react(
  { bench, conversationId }: Talk,
  name: string,
  key: string,
  { sequence = FIRST, isRemoval = false } = {},
): Promise<void> {
  return bench.message.react(bench.session(name), { conversationId, sequence, key, isRemoval });
}

function pin(
  { bench, conversationId }: Talk,
  name: string,
  sequence: number,
  isRemoval = false,
): Promise<void> {
  return bench.message.pin(bench.session(name), { conversationId, sequence, isRemoval });
}

/** The newest summary of a message that a user was told. */
function toldTo({ bench }: Talk, name: string): readonly string[] | undefined {
  const told = bench.eventsFor(name).flatMap(({ reactions }) => reactions?.reactions ?? []);
  const last = told.toSorted((one, other) => one.revision - other.revision).at(-1);
  return last?.items.map(({ key, count }) => `${key}${count}`);
}

function shortOf({ sequence, reactions }: Message): unknown[] {
  const items = reactions?.items.map(({ key, count, userIds }) => `${key}${count} ${userIds.join()}`);
  return [sequence, items, reactions?.mine, reactions?.revision, reactions?.mineRevision];
}

test("reactions are read with a message by everybody, with one's own, in pages, digests and after a restart", async () => {
  const here = await talk(2);
  const { bench, conversationId } = here;
  for (const [name, key] of [
    ["bob", "👍"],
    ["ann", "👍"],
    ["bob", "ok"],
  ] as const)
    await bench.run(react(here, name, key));
  await bench.run(react(here, "bob", "ok", { isRemoval: true }));
  const seen = [];
  for (const isRestarted of [false, true]) {
    if (isRestarted) await bench.restart();
    for (const name of ["bob", "cy"]) {
      const messages = await bench.history(bench.session(name), conversationId);
      const span = { conversationId, first: 1, last: 9 };
      const { digest } = await bench.run(bench.message.digest(bench.session(name), span));
      assert.equal(digest, digestOf(messages));
      seen.push(messages.slice(1).map(shortOf));
    }
  }
  const ofBob = [
    [2, ["👍2 bob,ann"], ["👍"], 4, 4],
    [3, undefined, undefined, undefined, undefined],
  ];
  const ofCy = [[2, ["👍2 bob,ann"], [], 4, 0], ofBob[1]];
  assert.deepEqual(seen, [ofBob, ofCy, ofBob, ofCy]);
});

test("a burst of reactions is told to the others a few times, and in the end with all of it", async () => {
  const here = await talk(1);
  const { bench } = here;
  const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
  for (const isRemoval of [false, true, false])
    for (const key of keys) await bench.run(react(here, "ann", key, { isRemoval }));
  await bench.time.advance(WINDOW_MS_MAX);
  const count = (name: string): number => bench.eventsFor(name).filter((event) => event.reactions).length;
  assert.deepEqual([count("bob"), count("ann"), toldTo(here, "bob")], [2, 32, keys.map((key) => `${key}1`)]);
});

test("the window grows while reactions go on, up to its maximum, and is short again after a pause", async () => {
  const here = await talk(1);
  const { bench, conversationId } = here;
  const key = { tenantId: bench.session("ann").tenantId, conversationId };
  const windows = new Set<number>();
  for (let index = 0; index < 200; index++) {
    await bench.run(react(here, "ann", "a", { isRemoval: index % 2 === 1 }));
    await bench.time.advance(50);
    windows.add(bench.life.spreading.windowMs(key));
  }
  await bench.time.advance(60_000);
  assert.deepEqual(
    [[...windows], bench.life.spreading.windowMs(key)],
    [[250, 500, 1000, WINDOW_MS_MAX], 250],
  );
});

test("without a window every reaction is told at once", async () => {
  const here = await talk(1, { windowMsMax: 0 });
  for (const key of ["a", "b", "c"]) await here.bench.run(react(here, "ann", key));
  const told = here.bench.eventsFor("bob").filter((event) => event.reactions);
  assert.equal(told.length, 3);
});

test("W1, W2: nothing that was merged is forgotten, wherever the server stops", async () => {
  const steps = 6;
  const outcomes = [];
  for (let crashAt = 0; crashAt <= steps; crashAt++) {
    for (const isFlushed of [false, true]) {
      const here = await talk(1);
      const { bench } = here;
      for (let step = 0; step <= steps; step++) {
        if (step === crashAt) {
          // What is durable holds the marks, and the log below the checkpoint is not seen again.
          if (isFlushed) await bench.checkpoint();
          await bench.crash();
          await bench.run(bench.life.processor.recovered());
        }
        if (step < steps) await bench.run(react(here, "ann", `k${step}`));
      }
      await bench.time.advance(WINDOW_MS_MAX);
      outcomes.push(toldTo(here, "bob")?.length);
    }
  }
  assert.deepEqual(
    outcomes,
    Array.from({ length: (steps + 1) * 2 }, () => steps),
  );
});

test("W2: a checkpoint stops before what waits, and passes it when it was told", async () => {
  const here = await talk(1, { partitionCount: 1 });
  const { bench } = here;
  const { spreading, processor } = bench.life;
  for (const key of ["a", "b", "c"]) await bench.run(react(here, "ann", key));
  const applied = processor.appliedEnd(0);
  const waiting = spreading.settledEnd(0, applied);
  await bench.time.advance(WINDOW_MS_MAX);
  assert.deepEqual([applied - waiting, spreading.settledEnd(0, processor.appliedEnd(0)) - applied], [2, 1]);
});

test("what the log refuses to have told is told later", async () => {
  const here = await talk(1);
  const { bench } = here;
  for (const key of ["a", "b"]) await bench.run(react(here, "ann", key));
  bench.life.log.refusal = new Failure("storage-full", "The disk is nearly full.", { retry: "same" });
  await bench.time.advance(WINDOW_MS_MAX);
  const before = toldTo(here, "bob");
  bench.life.log.refusal = undefined;
  await bench.time.advance(WINDOW_MS_MAX);
  assert.deepEqual([before, toldTo(here, "bob")], [["a1"], ["a1", "b1"]]);
});

test("who gave which reaction is listed page by page, in whole and of one", async () => {
  const here = await talk(1);
  const { bench, conversationId } = here;
  for (const name of ["cy", "ann", "bob"]) await bench.run(react(here, name, "a"));
  await bench.run(react(here, "bob", "b"));
  await bench.run(react(here, "cy", "a", { isRemoval: true }));
  const pagesOf = async (key: string): Promise<unknown[]> => {
    const pages: unknown[] = [];
    let after = "";
    do {
      const request = { conversationId, sequence: FIRST, key, after, limit: 1 };
      const page = await bench.run(bench.message.reactions(bench.session("cy"), request));
      pages.push(page.items);
      after = page.next;
    } while (after !== "");
    return pages;
  };
  assert.deepEqual(
    [await pagesOf(""), await pagesOf("b")],
    [
      [[{ userId: "ann", keys: ["a"] }], [{ userId: "bob", keys: ["a", "b"] }], []],
      [[{ userId: "bob", keys: ["b"] }], []],
    ],
  );
});

test("pins are listed with their messages as one sees them, the newest first, and in pages", async () => {
  const here = await talk(0);
  const { bench, conversationId } = here;
  const long = "x".repeat(16 * 1024);
  for (let number = 1; number <= 12; number++)
    await bench.run(bench.send(bench.session("ann"), conversationId, number, long));
  for (let sequence = 2; sequence <= 13; sequence++) await bench.run(pin(here, "bob", sequence));
  await bench.run(react(here, "cy", "a", { sequence: 13 }));
  await bench.run(bench.message.recall(bench.session("ann"), { conversationId, sequence: 12 }));
  await bench.run(pin(here, "cy", 11, true));
  bench.hidden = [10];
  const pages: unknown[] = [];
  let before = 0;
  let revision = 0;
  do {
    const page = await bench.run(bench.message.pins(bench.session("cy"), { conversationId, before }));
    pages.push(
      page.pins.map(({ actorId, message }) => [actorId, message?.sequence, message?.reactions?.mine]),
    );
    ({ next: before, revision } = page);
  } while (before > 0);
  const of = (sequence: number): unknown => ["bob", sequence, sequence === 13 ? ["a"] : undefined];
  assert.deepEqual([pages, revision], [[[13, 9, 8, 7, 6].map(of), [5, 4, 3, 2].map(of)], 14]);
});

test("each request is refused to who may not, and nothing changes", async () => {
  const here = await talk(3);
  const { bench, conversationId } = here;
  await bench.run(bench.message.recall(bench.session("ann"), { conversationId, sequence: 3 }));
  const change = { conversationId, userIds: ["bob" as UserId], isRemoval: true };
  await bench.run(bench.message.changeMembers(bench.session("ann"), change));
  bench.hidden = [4];
  const before = await bench.rows([conversationId]);
  const at = (name: string, sequence: number) => [bench.session(name), { conversationId, sequence }] as const;
  const asked = { key: "", after: "", limit: 0, isUnread: false };
  const of = async (name: string, sequence: number): Promise<string[]> => {
    const [session, place] = at(name, sequence);
    const { message } = bench;
    const all = [
      message.react(session, { ...place, key: "a", isRemoval: false }),
      message.reactions(session, { ...place, ...asked }),
      message.pin(session, { ...place, isRemoval: false }),
      message.readers(session, { ...place, ...asked }),
    ];
    const codes = [];
    for (const call of all) codes.push(bench.codeOf(call));
    return Promise.all(codes);
  };
  const react32 = (key: string) => bench.codeOf(react(here, "ann", key));
  const countsOf = (name: string, sequences: readonly number[]) =>
    bench.codeOf(bench.message.readCounts(bench.session(name), { conversationId, sequences }));
  const codes = {
    stranger: await of("eve", 2),
    "one who was removed": await of("bob", 2),
    "what is not there": await of("ann", 99),
    "no sequence": await of("ann", 0),
    hidden: await of("ann", 4),
    recalled: await of("ann", 3),
    keys: [
      await react32(""),
      await react32(" "),
      await react32("é".repeat(17)),
      await react32("x".repeat(10_000_000)),
    ],
    counts: [
      await countsOf("eve", [2]),
      await countsOf("ann", []),
      await countsOf(
        "ann",
        Array.from({ length: READ_COUNTS_MAX + 1 }, (_, index) => index),
      ),
    ],
    pins: await bench.codeOf(bench.message.pins(bench.session("bob"), { conversationId, before: 0 })),
  };
  const all = (code: string): string[] => Array.from({ length: 4 }, () => code);
  assert.deepEqual(codes, {
    stranger: all("not-a-member"),
    "one who was removed": all("not-a-member"),
    "what is not there": all("message-unknown"),
    "no sequence": all("bad-request"),
    hidden: all("message-unknown"),
    recalled: ["message-recalled", "message-recalled", "message-recalled", "ok"],
    keys: all("bad-request"),
    counts: ["not-a-member", "bad-request", "bad-request"],
    pins: "not-a-member",
  });
  assert.deepEqual(await bench.rows([conversationId]), before);
});

test(`more than ${PINS_MAX} pins are refused`, async () => {
  const here = await talk(PINS_MAX + 1);
  for (let sequence = 2; sequence < PINS_MAX + 2; sequence++)
    await here.bench.run(pin(here, "ann", sequence));
  assert.equal(await here.bench.codeOf(pin(here, "ann", PINS_MAX + 2)), "too-many-pins");
});

test("who has read is counted and listed as it is now, whoever reads, comes and goes, and after a restart", async () => {
  const here = await talk(3);
  const { bench, conversationId } = here;
  const seen: unknown[] = [];
  const look = async (): Promise<void> => {
    const session = bench.session("ann");
    const { counts } = await bench.run(
      bench.message.readCounts(session, { conversationId, sequences: [3, 99, 2, 3] }),
    );
    const lists = [];
    for (const isUnread of [false, true]) {
      const request = { conversationId, sequence: 3, isUnread, after: "", limit: 0 };
      lists.push((await bench.run(bench.message.readers(session, request))).userIds.join());
    }
    seen.push([counts.map(({ read, unread }) => `${read}/${unread}`).join(" "), ...lists]);
  };
  await look();
  await bench.run(bench.message.markRead(bench.session("bob"), conversationId, 2));
  await look();
  await bench.run(bench.message.markRead(bench.session("cy"), conversationId, 4));
  await look();
  const others = { conversationId, userIds: ["eve" as UserId], isRemoval: false };
  await bench.run(bench.message.changeMembers(bench.session("ann"), others));
  await look();
  await bench.run(
    bench.message.changeMembers(bench.session("ann"), {
      ...others,
      userIds: ["cy" as UserId],
      isRemoval: true,
    }),
  );
  await look();
  await bench.restart();
  await look();
  assert.deepEqual(seen, [
    ["0/2 0/2", "", "bob,cy"],
    ["1/1 0/2", "", "bob,cy"],
    ["2/0 1/1", "cy", "bob"],
    ["3/0 2/1", "cy,eve", "bob"],
    ["2/0 1/1", "eve", "bob"],
    ["2/0 1/1", "eve", "bob"],
  ]);
});

test("readers come in pages", async () => {
  const here = await talk(1);
  const { bench, conversationId } = here;
  const pages: string[] = [];
  let after = "";
  do {
    const request = { conversationId, sequence: FIRST, isUnread: true, after, limit: 1 };
    const page = await bench.run(bench.message.readers(bench.session("ann"), request));
    pages.push(page.userIds.join());
    after = page.next;
  } while (after !== "");
  assert.deepEqual(pages, ["bob", "cy"]);
});

test("an index that is being made misses nothing that happens meanwhile", async () => {
  const here = await talk(1, { readMs: 40 });
  const { bench, conversationId } = here;
  await bench.restart();
  const ask = (): Promise<readonly ReadCount[]> =>
    bench.message
      .readCounts(bench.session("ann"), { conversationId, sequences: [FIRST] })
      .then(({ counts }) => counts);
  const early = ask();
  const read = bench.message.markRead(bench.session("bob"), conversationId, FIRST);
  await bench.run(Promise.all([early, read]));
  assert.deepEqual(await bench.run(ask()), [{ sequence: FIRST, read: 1, unread: 1 }]);
});

test("the sender alone is told of readers, and in the end of all of them", async () => {
  const here = await talk(2);
  const { bench, conversationId } = here;
  await bench.run(bench.message.markRead(bench.session("bob"), conversationId, 2));
  await bench.run(bench.message.markRead(bench.session("cy"), conversationId, 3));
  await bench.run(bench.message.markRead(bench.session("bob"), conversationId, 3));
  await bench.time.advance(WINDOW_MS_MAX);
  const told = (name: string) =>
    bench
      .eventsFor(name)
      .flatMap(({ readers }) => readers?.counts.map((count) => [count.sequence, count.read]) ?? []);
  assert.deepEqual(
    [told("ann"), told("bob"), told("cy")],
    [
      [
        [2, 1],
        [2, 2],
        [3, 2],
      ],
      [],
      [],
    ],
  );
});
