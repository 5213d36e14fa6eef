import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { SEARCHES_MAX, SEARCHES_PER_USER_MAX, SEARCHES_WAITING_MAX, SearchSlots } from "./search-slots.js";

/** Searches that end when they are told to. */
class World {
  readonly slots = new SearchSlots();
  readonly begun: string[] = [];
  readonly outcomes = new Map<string, string>();
  readonly #ends = new Map<string, () => void>();
  #count = 0;

  search(user: string, isFailing = false): void {
    const name = `${user} ${(this.#count += 1)}`;
    const run = (): Promise<void> => {
      this.begun.push(name);
      return new Promise((resolve, reject) => {
        this.#ends.set(name, () => (isFailing ? reject(new Error("failed")) : resolve()));
      });
    };
    this.slots.run(user, run).then(
      () => this.outcomes.set(name, "ok"),
      (error: unknown) => this.outcomes.set(name, failureCode(error) ?? "failed"),
    );
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }
}

test("some run, others wait for their turn in order, and the rest is refused", async () => {
  const world = new World();
  const count = SEARCHES_MAX + SEARCHES_WAITING_MAX + 3;
  for (let user = 1; user <= count; user++) world.search(`u${user}`);
  await world.settle();
  const first = [world.begun.length, [...world.outcomes.values()]];
  for (let user = 1; user <= count; user++) await world.end(`u${user} ${user}`);
  const names = Array.from({ length: count - 3 }, (_, index) => `u${index + 1} ${index + 1}`);
  assert.deepEqual(
    [first, world.begun, [...world.outcomes.values()].filter((outcome) => outcome === "ok").length],
    [[SEARCHES_MAX, Array<string>(3).fill("too-many-requests")], names, count - 3],
  );
});

test("one user has a few, and more when these have ended, well or not", async () => {
  const world = new World();
  for (let search = 0; search <= SEARCHES_PER_USER_MAX; search++) world.search("ann", search === 0);
  world.search("bob");
  await world.settle();
  const refused = [...world.outcomes];
  await world.end("ann 1");
  world.search("ann");
  await world.settle();
  assert.deepEqual(
    [refused, world.begun, world.outcomes.get("ann 1")],
    [[["ann 3", "too-many-requests"]], ["ann 1", "ann 2", "bob 4", "ann 5"], "failed"],
  );
});
