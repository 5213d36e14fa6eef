import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { Random } from "./ports.js";
import { seededRandom } from "./testing/manual-ambient.js";
import { createUlidSource, type UlidSource } from "./ulid.js";

/** The first is the example of the specification, the last the largest time that there is. */
const TIMES: readonly (readonly [number, string])[] = [
  [1_469_918_176_385, "01ARYZ6S41"],
  [0, "0000000000"],
  [2 ** 48 - 1, "7ZZZZZZZZZ"],
];

test("an id begins with the time of its making", () => {
  deepEqual(
    TIMES.map(([timeMs]) => sourceAt([timeMs], seededRandom(1))().slice(0, 10)),
    TIMES.map(([, text]) => text),
  );
});

test("ids grow strictly, however the clock jumps", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 2, maxLength: 200 }), fc.nat(), (times, seed) => {
      const next = sourceAt(times, seededRandom(seed));
      let last = "";
      for (let index = 0; index < times.length; index++) {
        const id = next();
        match(id, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
        ok(id > last, `${id} after ${last}`);
        last = id;
      }
    }),
  );
});

test("within a millisecond the chance part is counted up, with carry, and does not overflow", () => {
  const largest: Random = { bytes: (length) => new Uint8Array(length).fill(255), unit: () => 0 };
  const next = sourceAt([0], largest);
  deepEqual(
    [next(), next(), next()],
    ["0000000000FZZZZZZZZZZZZZZZ", "0000000000G000000000000000", "0000000000G000000000000001"],
  );
});

test("chance is asked once a millisecond, and two sources do not agree", () => {
  let asked = 0;
  const random = seededRandom(7);
  const counting: Random = { ...random, bytes: (length) => (asked++, random.bytes(length)) };
  const next = sourceAt([5, 5, 5, 6, 6, 4], counting);
  for (let index = 0; index < 6; index++) next();
  equal(asked, 2);
  ok(sourceAt([5], seededRandom(1))() !== sourceAt([5], seededRandom(2))());
});

/** A source whose clock shows these times one after the other, the last one for ever. */
function sourceAt(timesMs: readonly number[], random: Random): UlidSource {
  let index = -1;
  const nowMs = (): number => {
    index = Math.min(index + 1, timesMs.length - 1);
    return timesMs[index]!;
  };
  return createUlidSource({ nowMs, monotonicMs: nowMs }, random);
}
