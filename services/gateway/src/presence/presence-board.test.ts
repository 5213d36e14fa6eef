/** The board alone, on manual time; the invariants at its head are cited here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime } from "@parley/base/testing";
import {
  type PersonPresence,
  type TenantId,
  type UserId,
  PRESENCE_STATES,
  PRESENCE_WATCHED_MAX,
} from "@parley/protocol";
import fc from "fast-check";
import { GRACE_MS, PresenceBoard, type PresenceBoardOptions, SLOW_TELL_MS_MIN } from "./presence-board.js";
import type { PresenceSink } from "./presence-port.js";

const TICK_MS = 1_000;

class Sink implements PresenceSink {
  readonly told: (readonly PersonPresence[])[] = [];
  pace: "now" | "rarely" | "no" = "now";

  tellPresence(people: readonly PersonPresence[]): void {
    this.told.push(people);
  }

  presencePace(): "now" | "rarely" | "no" {
    return this.pace;
  }

  /** What was told since this was asked last, as "user state". */
  news(): string[] {
    return this.told.splice(0).flatMap((people) => people.map(({ userId, state }) => `${userId} ${state}`));
  }
}

class Bench {
  readonly time = new ManualTime();
  readonly board: PresenceBoard;

  constructor(options: Omit<PresenceBoardOptions, "clock"> = {}) {
    const { time } = this;
    const clock = { nowMs: () => time.nowMs(), monotonicMs: () => time.monotonicMs() };
    this.board = new PresenceBoard({ ...options, clock });
  }

  connect(userId: string, tenantId = "acme"): Sink {
    const sink = new Sink();
    this.board.opened(sink, { tenantId: tenantId as TenantId, userId: userId as UserId });
    return sink;
  }

  watch(sink: Sink, ...userIds: string[]): readonly PersonPresence[] {
    return this.board.watch(sink, userIds as UserId[]);
  }

  async tick(count = 1): Promise<void> {
    for (let index = 0; index < count; index++) {
      await this.time.advance(TICK_MS);
      this.board.tick();
    }
  }

  graceTicks(): Promise<void> {
    return this.tick(Math.ceil(GRACE_MS / TICK_MS) + 1);
  }
}

test("whoever watches is answered how all are, and told who comes and goes", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  const first = bench.watch(ann, "bob", "cy");
  const bob = bench.connect("bob");
  await bench.tick();
  const came = ann.news();
  bench.board.closed(bob);
  const leftMs = bench.time.nowMs();
  await bench.graceTicks();
  assert.deepEqual(
    [first, came, ann.told],
    [
      [
        { userId: "bob", state: "offline", sinceMs: 0 },
        { userId: "cy", state: "offline", sinceMs: 0 },
      ],
      ["bob online"],
      [[{ userId: "bob", state: "offline", sinceMs: leftMs }]],
    ],
  );
});

test("B2: a device that comes back within the grace was never gone", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  const bob = bench.connect("bob");
  await bench.tick();
  bench.watch(ann, "bob");
  bench.board.closed(bob);
  await bench.tick(GRACE_MS / TICK_MS - 1);
  bench.connect("bob");
  await bench.graceTicks();
  assert.deepEqual(ann.news(), []);
});

test("away is when nobody is at any device, and says since when", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  const [desk, phone] = [bench.connect("bob"), bench.connect("bob")];
  bench.watch(ann, "bob");
  await bench.tick();
  bench.board.setActive(desk, false);
  await bench.tick();
  const one = ann.news();
  bench.board.setActive(phone, false);
  const idleMs = bench.time.nowMs();
  await bench.tick(3);
  const both = ann.told.splice(0);
  bench.board.closed(phone);
  await bench.graceTicks();
  const closed = ann.news();
  bench.board.setActive(desk, true);
  await bench.tick();
  assert.deepEqual(
    [one, both, closed, ann.told],
    [
      ["bob online"],
      [[{ userId: "bob", state: "away", sinceMs: idleMs }]],
      [],
      [[{ userId: "bob", state: "online", sinceMs: 0 }]],
    ],
  );
});

test("B1: what goes there and back between two ticks is not told", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  const bob = bench.connect("bob");
  bench.watch(ann, "bob");
  await bench.tick();
  ann.news();
  for (let index = 0; index < 5; index++) {
    bench.board.setActive(bob, false);
    bench.board.setActive(bob, true);
  }
  await bench.tick();
  assert.deepEqual(ann.news(), []);
});

test("B1: who was here for less than a tick was seen", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  bench.watch(ann, "bob");
  await bench.tick();
  bench.board.closed(bench.connect("bob"));
  const sinceMs = bench.time.nowMs();
  await bench.graceTicks();
  assert.deepEqual(ann.told, [[{ userId: "bob", state: "offline", sinceMs }]]);
});

test("a new watch takes the place of the one before, and many changes are one frame", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  bench.watch(ann, "bob", "cy", "dan");
  bench.watch(ann, "cy", "dan");
  for (const name of ["bob", "cy", "dan"]) bench.connect(name);
  await bench.tick(3);
  assert.deepEqual([ann.told.length, ann.news()], [1, ["cy online", "dan online"]]);
});

test("B5: a user of another tenant is as one that does not exist", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann", "acme");
  bench.connect("bob", "other");
  await bench.tick();
  const answer = bench.watch(ann, "bob", "nobody");
  bench.connect("bob", "other");
  await bench.tick(2);
  assert.deepEqual(
    [answer.map(({ state, sinceMs }) => [state, sinceMs]), ann.news()],
    [
      [
        ["offline", 0],
        ["offline", 0],
      ],
      [],
    ],
  );
});

test("B3: who takes nothing is told nothing, and then once what holds", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  bench.watch(ann, "bob", "cy");
  ann.pace = "no";
  const bob = bench.connect("bob");
  await bench.tick(2);
  bench.connect("cy");
  await bench.tick(2);
  bench.board.setActive(bob, false);
  await bench.tick(2);
  const meanwhile = ann.news();
  ann.pace = "now";
  await bench.tick(2);
  assert.deepEqual([meanwhile, ann.told.length, ann.news()], [[], 1, ["bob away", "cy online"]]);
});

test("a slow network is told more rarely", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  bench.watch(ann, "bob");
  ann.pace = "rarely";
  const bob = bench.connect("bob");
  await bench.tick();
  const first = ann.news();
  bench.board.setActive(bob, false);
  await bench.tick(SLOW_TELL_MS_MIN / TICK_MS - 1);
  const early = ann.news();
  await bench.tick();
  assert.deepEqual([first, early, ann.news()], [["bob online"], [], ["bob away"]]);
});

test("a connection watches so many people and no more, and keeps what it watched", async () => {
  const bench = new Bench();
  const ann = bench.connect("ann");
  const names = Array.from({ length: PRESENCE_WATCHED_MAX + 1 }, (_, index) => `u${index}`);
  bench.watch(ann, ...names.slice(1));
  assert.throws(
    () => bench.watch(ann, ...names),
    (error) => failureCode(error) === "bad-request",
  );
  assert.equal(bench.board.counts.watches, PRESENCE_WATCHED_MAX);
});

test("beyond what all together may watch a connection watches nobody, and others go on", async () => {
  const bench = new Bench({ watchesMax: 3 });
  const [ann, bob] = [bench.connect("ann"), bench.connect("bob")];
  bench.watch(ann, "x", "y");
  bench.watch(bob, "x");
  assert.throws(
    () => bench.watch(bob, "x", "y"),
    (error) => failureCode(error) === "unavailable",
  );
  bench.connect("x");
  await bench.tick();
  assert.deepEqual([bench.board.counts.watches, ann.news(), bob.news()], [2, ["x online"], []]);
});

test("B4: a tick does so much and the next one goes on; nobody is left out", async () => {
  const bench = new Bench({ workPerTickMax: 10 });
  const watchers = Array.from({ length: 8 }, (_, index) => bench.connect(`w${index}`));
  await bench.tick(9);
  for (const watcher of watchers) bench.watch(watcher, "a", "b", "c");
  for (const name of ["a", "b", "c"]) bench.connect(name);
  await bench.tick();
  const first = watchers.filter(({ told }) => told.length > 0).length;
  await bench.tick(20);
  const told = watchers.map((watcher) => new Set(watcher.news()).size);
  assert.deepEqual([first < 8, told], [true, watchers.map(() => 3)]);
});

test("nobody who is gone and whom nobody watches is kept, but when the last ones left", async () => {
  const bench = new Bench({ lastSeenMax: 2 });
  const ann = bench.connect("ann");
  const names = ["b", "c", "d"];
  for (const name of names) {
    const sink = bench.connect(name);
    await bench.tick();
    bench.board.closed(sink);
  }
  await bench.graceTicks();
  const kept = bench.board.counts;
  const seen = bench.watch(ann, ...names).map(({ sinceMs }) => sinceMs > 0);
  bench.watch(ann);
  bench.board.closed(ann);
  await bench.graceTicks();
  assert.deepEqual(
    [kept, seen, bench.board.counts],
    [{ people: 1, watches: 0, lastSeen: 2 }, [false, true, true], { people: 0, watches: 0, lastSeen: 2 }],
  );
});

test("whatever happens, those who watch know in the end what holds, and nothing is left of those who are gone", async () => {
  const step = fc.record({
    what: fc.constantFrom("open", "close", "active", "idle", "watch", "pace", "tick"),
    user: fc.integer({ min: 0, max: 3 }),
    other: fc.integer({ min: 0, max: 3 }),
    pace: fc.constantFrom("now", "rarely", "no"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const bench = new Bench({ workPerTickMax: 4 });
      const open = new Map<Sink, { known: Map<string, string>; user: string; isActive: boolean }>();
      const pick = (index: number): Sink | undefined => [...open.keys()][index % Math.max(1, open.size)];
      for (const { what, user, other, pace } of steps) {
        const sink = pick(user);
        if (what === "tick") await bench.tick();
        else if (what === "open")
          open.set(bench.connect(`u${user}`), { known: new Map(), user: `u${user}`, isActive: true });
        else if (sink === undefined) continue;
        else if (what === "close") {
          bench.board.closed(sink);
          open.delete(sink);
        } else if (what === "watch") {
          sink.told.splice(0);
          const answer = bench.watch(sink, `u${other}`, `u${user}`);
          open.get(sink)!.known = new Map(answer.map(({ userId, state }) => [userId, state]));
        } else if (what === "pace") sink.pace = pace;
        else {
          bench.board.setActive(sink, what === "active");
          open.get(sink)!.isActive = what === "active";
        }
      }
      for (const sink of open.keys()) sink.pace = "now";
      await bench.tick(60);
      for (const [sink, { known }] of open) {
        for (const { userId, state } of sink.told.flat()) known.set(userId, state);
        for (const [userId, state] of known) {
          const theirs = [...open.values()].filter(({ user }) => user === userId);
          const holds = theirs.some(({ isActive }) => isActive) ? 0 : theirs.length > 0 ? 1 : 2;
          assert.equal(state, PRESENCE_STATES[holds]);
        }
      }
      for (const sink of open.keys()) bench.board.closed(sink);
      await bench.tick(60);
      const { people, watches } = bench.board.counts;
      assert.deepEqual([people, watches], [0, 0]);
    }),
    { numRuns: 200 },
  );
});
