/** The review of what was said already: everything is looked at, whatever crashes, and what is refused is taken back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaterReviewer } from "@parley/contracts";
import { sleep } from "@parley/base";
import { type ConversationId, type UserId, textBody } from "@parley/protocol";
import { type Batch, MemoryTables } from "@parley/tables";
import { MessageBench } from "../testing/message-bench.js";
import { REVIEW_PENDING } from "./later-review.js";

/** Refuses what begins with "bad"; takes as long as the test says. */
class Slow implements LaterReviewer {
  bench: MessageBench | undefined;
  delayMs = 0;
  failures = 0;
  /** Every so many calls one fails. */
  failsEach = Number.POSITIVE_INFINITY;
  #calls = 0;
  readonly seen: string[] = [];

  async review({ body }: Parameters<LaterReviewer["review"]>[0]): Promise<"accept" | "refuse"> {
    const text = body.text?.text ?? "";
    this.#calls += 1;
    if (this.failures > 0 || this.#calls % this.failsEach === 0) {
      this.failures -= 1;
      throw new Error("broken");
    }
    if (this.delayMs > 0) await sleep(this.bench!.time, this.delayMs);
    this.seen.push(text);
    return text.startsWith("bad") ? "refuse" : "accept";
  }
}

async function begun(): Promise<{ bench: MessageBench; slow: Slow; group: ConversationId }> {
  const slow = new Slow();
  const bench = new MessageBench({ laterReviewer: slow });
  slow.bench = bench;
  return { bench, slow, group: await bench.group("ann", "bob") };
}

/** What is there, and who took back what is not. */
async function said(bench: MessageBench, group: ConversationId): Promise<readonly (string | undefined)[]> {
  const messages = await bench.history(bench.session("bob"), group);
  return messages
    .filter(({ isCountable }) => isCountable)
    .map(({ body, recall }) => body?.text?.text ?? recall?.actorId);
}

/** As a flush that was cut off behind the messages. */
async function forgetWaiting(bench: MessageBench): Promise<void> {
  const tables = new MemoryTables(bench.tableStore, bench.time);
  const rows = await tables.scanTable({ table: REVIEW_PENDING, limit: 100 });
  assert.equal(rows.length, 1);
  const batches = rows.map(({ partition, sort }): Batch => ({
    partition,
    writes: [{ kind: "delete", table: REVIEW_PENDING, sort }],
  }));
  await tables.write(batches, { isDurable: true });
}

test("what is refused later is taken back, also in a message that was edited to it", async () => {
  const { bench, slow, group } = await begun();
  const ann = bench.session("ann");
  for (const [index, text] of ["one", "bad", "two"].entries())
    await bench.run(bench.send(ann, group, index + 1, text));
  await bench.time.settle();
  assert.deepEqual(await said(bench, group), ["one", "review", "two"]);
  await bench.run(bench.message.edit(ann, { conversationId: group, sequence: 2, body: textBody("bad one") }));
  await bench.time.settle();
  assert.deepEqual(await said(bench, group), ["review", "review", "two"]);
  assert.deepEqual(slow.seen, ["one", "bad", "two", "bad one"]);
  assert.deepEqual(bench.life.later!.counts(), { accepted: 2, refused: 2, skipped: 0, waiting: 0 });
});

test("an edit while a message is looked at is looked at too", async () => {
  const { bench, slow, group } = await begun();
  const ann = bench.session("ann");
  slow.delayMs = 100;
  await bench.run(bench.send(ann, group, 1, "one"));
  await bench.run(bench.message.edit(ann, { conversationId: group, sequence: 2, body: textBody("bad") }));
  await bench.time.advance(1_000);
  assert.deepEqual([await said(bench, group), slow.seen], [["review"], ["one", "bad"]]);
});

test("a reviewer that fails, or never answers, is asked again", async () => {
  const { bench, slow, group } = await begun();
  slow.failures = 6;
  await bench.run(bench.send(bench.session("ann"), group, 1, "bad"));
  await bench.time.advance(5_000);
  assert.deepEqual(await said(bench, group), ["bad"]);
  slow.delayMs = 200_000;
  await bench.time.advance(60_000);
  slow.delayMs = 0;
  await bench.time.advance(20_000);
  assert.deepEqual(await said(bench, group), ["review"]);
});

test("what is reviewed stays so when a review behind it fails", async () => {
  const { bench, slow, group } = await begun();
  const ann = bench.session("ann");
  slow.failures = 1;
  const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
  for (const [index, text] of texts.entries()) await bench.run(bench.send(ann, group, index + 1, text));
  slow.failsEach = 2;
  await bench.time.advance(60_000);
  assert.deepEqual(slow.seen, texts);
});

test("when the tables fail meanwhile the review ends, and its work is found after the crash", async () => {
  const { bench, slow, group } = await begun();
  await bench.restart();
  slow.delayMs = 100;
  await bench.run(bench.send(bench.session("ann"), group, 1, "one"));
  bench.life.engine.batchesUntilFailure = 0;
  await assert.rejects(bench.run(bench.life.tables.flush()), { code: "tables-failed" });
  await bench.time.advance(1_000);
  assert.deepEqual(slow.seen, ["one"]);
  assert.deepEqual(bench.logger.errors, ["later-review-ended"]);
  await bench.crash();
  await bench.time.advance(1_000);
  assert.deepEqual([slow.seen, bench.life.later!.counts().waiting], [["one", "one"], 0]);
});

for (const point of ["flushed", "not flushed"] as const) {
  test(`what waits is looked at after a crash, with its rows ${point}`, async () => {
    const { bench, slow, group } = await begun();
    const ann = bench.session("ann");
    slow.delayMs = 1_000_000;
    await bench.run(bench.send(ann, group, 1, "one"));
    await bench.run(bench.send(ann, group, 2, "bad"));
    if (point === "flushed") await bench.run(bench.life.tables.flush());
    await bench.run(bench.send(ann, group, 3, "bad too"));
    await bench.crash();
    slow.delayMs = 0;
    await bench.time.advance(10_000);
    assert.deepEqual(await said(bench, group), ["one", "review", "review"]);
    assert.deepEqual(await bench.rows([group]).then(() => bench.life.later!.counts().waiting), 0);
  });
}

test("what is in the rows is looked at after a crash that lost only that it waits, however much follows", async () => {
  const { bench, slow, group } = await begun();
  const ann = bench.session("ann");
  slow.delayMs = 1_000_000;
  await bench.run(bench.send(ann, group, 1, "bad"));
  await bench.run(bench.life.tables.flush());
  await bench.run(forgetWaiting(bench));
  for (let number = 2; number <= 6; number++) await bench.run(bench.send(ann, group, number, `${number}`));
  await bench.crash();
  slow.delayMs = 0;
  await bench.time.advance(10_000);
  assert.deepEqual((await said(bench, group))[0], "review");
});

test("many conversations have their turn", async () => {
  const { bench, slow } = await begun();
  const ann = bench.session("ann");
  const groups: ConversationId[] = [];
  for (let index = 0; index < 40; index++)
    groups.push(
      await bench.run(
        bench.message.createGroup(ann, {
          name: `n${index}`,
          title: "T",
          userIds: ["bob" as UserId],
          isHistoryOpen: true,
        }),
      ),
    );
  for (const group of groups)
    for (let number = 1; number <= 4; number++) await bench.run(bench.send(ann, group, number));
  await bench.time.advance(1_000);
  assert.deepEqual([slow.seen.length, bench.life.later!.counts().waiting], [160, 0]);
});
