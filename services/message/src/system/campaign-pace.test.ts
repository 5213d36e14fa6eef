/** When campaigns send: at once while nobody else does, and a few at a time with pauses while people do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "@parley/base";
import { ManualTime } from "@parley/base/testing";
import type { ConversationRecord, Verdict } from "@parley/domain";
import { CampaignPace } from "./campaign-pace.js";

const RECORD = {} as ConversationRecord;

/** A pace whose batches take `batchMs`, beside people who are played. */
class Played {
  readonly time = new ManualTime();
  /** Of others. */
  submitted = 0;
  waiting = 0;
  #own = 0;
  #ownWaiting = 0;
  readonly #batchMs: number;
  /** When each batch began, and how many sends it had. */
  readonly batches: (readonly [number, number])[] = [];
  readonly pace: CampaignPace;

  constructor(batchMs: number) {
    this.#batchMs = batchMs;
    const count = (): Pick<Played, "submitted" | "waiting"> => ({
      submitted: this.submitted + this.#own,
      waiting: this.waiting + this.#ownWaiting,
    });
    this.pace = new CampaignPace({
      clock: this.time,
      scheduler: this.time,
      processor: {
        submit: async () => this.#submit(),
        get submittedCount() {
          return count().submitted;
        },
        get waitingCount() {
          return count().waiting;
        },
      },
    });
  }

  /** So many batches, asked for at once. */
  ask(turns: number): Promise<unknown> {
    const beganMs = this.time.monotonicMs();
    const turn = (): Promise<void> =>
      this.pace.turn(async (count) => {
        this.batches.push([this.time.monotonicMs() - beganMs, count]);
        await Promise.all(Array.from({ length: count }, () => this.pace.submit(RECORD)));
      });
    return Promise.all(Array.from({ length: turns }, turn));
  }

  async #submit(): Promise<Verdict> {
    this.#own += 1;
    this.#ownWaiting += 1;
    await sleep(this.time, this.#batchMs);
    this.#ownWaiting -= 1;
    return { kind: "done" };
  }
}

test("while nobody else sends, batches are large and follow each other at once, never two at a time", async () => {
  const played = new Played(5);
  const asked = played.ask(3);
  await played.time.advance(100);
  await asked;
  assert.deepEqual(played.batches, [
    [0, 32],
    [5, 32],
    [10, 32],
  ]);
});

test("while people send, batches are small, and pauses leave most of the time to them", async () => {
  const played = new Played(5);
  played.submitted = 1;
  const asked = played.ask(3);
  await played.time.advance(100);
  await asked;
  assert.deepEqual(played.batches, [
    [0, 4],
    [25, 4],
    [50, 4],
  ]);
});

test("a pause is short also after a batch that took long", async () => {
  const played = new Played(300);
  played.submitted = 1;
  const asked = played.ask(2);
  await played.time.advance(1_000);
  await asked;
  assert.deepEqual(played.batches, [
    [0, 4],
    [350, 4],
  ]);
});

test("when people have been quiet for a while, it is as if nobody were there", async () => {
  const played = new Played(5);
  played.submitted = 1;
  const first = played.ask(1);
  await played.time.advance(1_100);
  await first;
  const asked = played.ask(1);
  await played.time.advance(100);
  await asked;
  assert.deepEqual(
    played.batches.map(([, count]) => count),
    [4, 32],
  );
});

test("people who wait for the log go first, but not for ever", async () => {
  const played = new Played(5);
  played.waiting = 40;
  const asked = played.ask(2);
  await played.time.advance(20);
  const early = played.batches.length;
  await played.time.advance(200);
  await asked;
  assert.deepEqual(
    [early, played.batches],
    [
      0,
      [
        [50, 4],
        [125, 4],
      ],
    ],
  );
});
