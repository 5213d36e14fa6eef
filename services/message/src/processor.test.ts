/**
 * The loop that applies the conversation machine. Goal: rows and emissions are a function of the log alone, wherever the
 * process dies and whatever it has in memory. Method: random traffic with crashes, torn flushes and tiny caches, compared
 * with one undisturbed replay of the same log.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, UserId } from "@parley/protocol";
import { textBody } from "@parley/protocol";
import fc from "fast-check";
import { type BenchOptions, MessageBench, TENANT, outcomeOf } from "./testing/message-bench.js";

const NAMES = ["ann", "bob", "cy", "eve"] as const;

type Step =
  | { readonly kind: "send"; readonly group: number; readonly sender: number; readonly device: number }
  | { readonly kind: "read"; readonly group: number; readonly sender: number }
  | { readonly kind: "edit"; readonly group: number; readonly sender: number; readonly at: number }
  | { readonly kind: "recall"; readonly group: number; readonly sender: number; readonly at: number }
  | { readonly kind: "members"; readonly group: number; readonly sender: number; readonly isRemoval: boolean }
  | { readonly kind: "flush" }
  | { readonly kind: "crash" }
  | { readonly kind: "tornFlush"; readonly batches: number };

const group = fc.nat(4);
const sender = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("send" as const), group, sender, device: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("read" as const), group, sender }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("edit" as const, "edit" as const, "recall" as const),
      group,
      sender,
      at: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("members" as const), group, sender, isRemoval: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "flush" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "crash" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tornFlush" as const), batches: fc.nat(4) }) },
);

/** Performs steps; what a step's call answers does not matter here. */
class Traffic {
  readonly groups: ConversationId[] = [];
  readonly #bench: MessageBench;
  readonly #numbers = new Map<string, number>();
  #pending: Promise<unknown>[] = [];
  #edits = 0;

  constructor(bench: MessageBench) {
    this.#bench = bench;
  }

  async begin(): Promise<void> {
    for (let index = 0; index < 5; index++) {
      this.groups.push(await this.#bench.group(...NAMES.slice(0, 1 + (index % 4))));
    }
  }

  async take(of: Step): Promise<void> {
    const { life } = this.#bench;
    if (of.kind === "flush") await this.#bench.run(life.tables.flush());
    else if (of.kind === "crash") await this.crash();
    else if (of.kind === "tornFlush") {
      await this.settle();
      life.engine.batchesUntilFailure = of.batches;
      await this.#bench.codeOf(life.tables.flush());
      await this.crash();
    } else this.#pending.push(outcomeOf(this.#call(of)));
  }

  async settle(): Promise<void> {
    await this.#bench.run(Promise.all(this.#pending));
    this.#pending = [];
  }

  async crash(): Promise<void> {
    await this.#bench.crash();
    await this.settle();
  }

  #call(of: Extract<Step, { readonly group: number }>): Promise<unknown> {
    const { message } = this.#bench;
    const name = NAMES[of.sender]!;
    const conversationId = this.groups[of.group]!;
    if (of.kind === "read") return message.markRead(this.#bench.session(name), conversationId, 3);
    if (of.kind === "edit" || of.kind === "recall") {
      const request = { conversationId, sequence: of.at };
      const session = this.#bench.session(name);
      if (of.kind === "recall") return message.recall(session, request);
      const body = textBody(`edit ${(this.#edits += 1)}`);
      return message.edit(session, { ...request, body });
    }
    if (of.kind === "members") {
      const userIds = [NAMES[(of.sender + of.group) % 4]! as string as UserId];
      return message.changeMembers(this.#bench.session(name), {
        conversationId,
        userIds,
        isRemoval: of.isRemoval,
      });
    }
    const device = `${name}-${of.device}`;
    const key = `${conversationId}/${device}`;
    const number = (this.#numbers.get(key) ?? 0) + 1;
    const sent = this.#bench.send(this.#bench.session(name, { device }), conversationId, number);
    // A number counts when it is accepted; most calls of one turn go to different conversations.
    return sent.then(() => this.#numbers.set(key, number));
  }
}

/** The same log, applied once by a service with room for everything. */
async function undisturbed(bench: MessageBench): Promise<MessageBench> {
  const { partitionCount = 2 } = bench.options;
  const clean = new MessageBench({ partitionCount });
  for (const [partition, { records }] of bench.logStore.partitions.entries()) {
    for (const { payload } of records) void clean.life.log.append(partition, payload);
  }
  await clean.time.settle();
  return clean;
}

async function comparedWithReplay(options: BenchOptions, steps: readonly Step[]): Promise<void> {
  const bench = new MessageBench(options);
  const traffic = new Traffic(bench);
  await traffic.begin();
  for (const each of steps) await traffic.take(each);
  await traffic.settle();
  await bench.crash();
  await bench.time.advance(1_000);
  const clean = await undisturbed(bench);
  assert.deepEqual(
    { rows: await bench.rows(traffic.groups), failures: bench.life.failures },
    { rows: await clean.rows(traffic.groups), failures: [] },
  );
  assert.deepEqual(bench.emitted(), clean.emitted());
}

test("a replay from the beginning gives equal rows and emissions, whatever crashed and was flushed between", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) =>
      comparedWithReplay({ partitionCount: 1 }, steps),
    ),
    { numRuns: 60 },
  );
});

test("a service that keeps next to nothing in memory does the same, also when its loops overtake each other", async () => {
  const options = { partitionCount: 3, conversationsMax: 1, sendersMax: 1, readMs: 5 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => comparedWithReplay(options, steps)),
    { numRuns: 60 },
  );
});

test("rows stay in memory until what they emitted is durable; after a crash it is emitted once", async () => {
  const bench = new MessageBench();
  const id = await bench.group("ann", "bob");
  const before = await bench.rows([id]);
  bench.life.userLog.isStuck = true;
  await bench.run(bench.send(bench.session("ann"), id, 1));
  void bench.life.tables.flush();
  await bench.time.advance(10_000);
  const stored = await bench.storedRows([id]);
  await bench.crash();
  await bench.time.settle();
  const told = Object.values(bench.emitted()).flatMap((events) =>
    events.flatMap((event) => event.split(" ", 1)[0]!.split(",")),
  );
  const messages = await bench.history(bench.session("bob"), id);
  assert.deepEqual(
    {
      isStored: JSON.stringify(stored) !== JSON.stringify(before),
      told: told.toSorted(),
      count: messages.length,
    },
    // Joined, created and the message, to both.
    { isStored: false, told: ["ann", "ann", "ann", "bob", "bob", "bob"], count: 2 },
  );
});

test("a record that cannot be read is reported, has no effect, and those behind it are applied", async () => {
  const bench = new MessageBench({ partitionCount: 1 });
  const id = await bench.group("ann");
  await bench.run(bench.life.log.append(0, new Uint8Array([255, 255, 255])));
  const { sequence } = await bench.run(bench.send(bench.session("ann"), id, 1));
  assert.deepEqual([sequence, bench.logger.errors, bench.life.failures], [2, ["poison-record"], []]);
});

test("a record whose key is destroyed is passed over without a word, and those behind it are applied", async () => {
  const bench = new MessageBench({ partitionCount: 1 });
  const id = await bench.group("ann");
  const payload = new Uint8Array([255, 255, 255]);
  const appended = bench.life.log.append(0, payload);
  const { records } = bench.logStore.partitions[0]!;
  records.push({ ...records.pop()!, isDestroyed: true });
  await bench.run(appended);
  const { sequence } = await bench.run(bench.send(bench.session("ann"), id, 1));
  assert.deepEqual([sequence, bench.logger.errors, bench.life.failures], [2, [], []]);
});

test("a failed flush is a failure of the service, told once", async () => {
  const bench = new MessageBench();
  const id = await bench.group("ann");
  bench.life.engine.batchesUntilFailure = 0;
  await bench.run(bench.send(bench.session("ann"), id, 1));
  await bench.time.advance(1_000);
  const codes = bench.life.failures.map((error) => (error as { readonly code: string }).code);
  assert.deepEqual(codes, ["tables-failed"]);
});

test("an emission that the user log does not take is a failure of the service", async () => {
  const bench = new MessageBench();
  const id = await bench.group("ann");
  const failure = new Error("the log failed");
  Object.assign(bench.life.userLog, { refusal: failure });
  await bench.run(bench.send(bench.session("ann"), id, 1));
  assert.equal(bench.life.failures[0], failure);
});

test("while the tables do not take what is staged, records wait in the log and memory stays bounded", async () => {
  const dirtyBytesMax = 64 * 1024;
  const bench = new MessageBench({ partitionCount: 1, dirtyBytesMax });
  const id = await bench.group("ann");
  await bench.rows([id]);
  let release = (): void => {};
  bench.life.engine.held = new Promise((resolve) => (release = resolve));
  const sends: Promise<unknown>[] = [];
  let answered = 0;
  for (let number = 1; number <= 100; number++) {
    const sent = bench.send(bench.session("ann"), id, number, "a".repeat(4096));
    sends.push(sent.then(() => (answered += 1)));
    await bench.time.settle();
  }
  const [held, bytes] = [answered, bench.life.tables.dirtyBytes];
  release();
  await bench.run(Promise.all(sends));
  assert.ok(held < 30 && bytes < dirtyBytesMax * 1.5, `${held} answered, ${bytes} bytes staged`);
  assert.equal(answered, 100);
});

test("a group of more members than one page of rows is whole again after a restart", async () => {
  const bench = new MessageBench();
  const userIds = Array.from({ length: 5_001 }, (_, index) => `u${String(index).padStart(4, "0")}` as UserId);
  const conversationId = "g:large" as ConversationId;
  await bench.run(
    bench.life.importing.openImportedGroup(TENANT, { conversationId, title: "All", userIds, timeMs: 1 }),
  );
  await bench.restart();
  const codes = [];
  for (const name of ["u0000", "u4999", "u5000", "ann"])
    codes.push(await bench.codeOf(bench.send(bench.session(name), conversationId, 1)));
  assert.deepEqual(codes, ["ok", "ok", "ok", "not-a-member"]);
});

test("once recovered, reads see everything that was acknowledged before the crash", async () => {
  const bench = new MessageBench({ readMs: 5 });
  const id = await bench.group("ann");
  for (let number = 1; number <= 5; number++) await bench.run(bench.send(bench.session("ann"), id, number));
  await bench.crash();
  await bench.run(bench.life.processor.recovered());
  const messages = await bench.history(bench.session("ann"), id);
  assert.equal(messages.length, 6);
});
