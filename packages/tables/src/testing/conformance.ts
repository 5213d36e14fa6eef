/**
 * What every engine of the table port has to do, as tests. An engine's package calls `tableConformance` with a way to
 * open itself over storage of its own.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { appending, lasting } from "./conformance-lasting.js";
import { expiring, ranging, writing } from "./conformance-reading.js";
import { scanning } from "./conformance-scanning.js";
import { plain, text, type Check, type OpenTableFixture } from "./conformance-support.js";
import { ManualClock } from "./manual-time.js";
import {
  arbitraryBatch,
  arbitraryNearKey,
  arbitraryPartition,
  arbitraryRange,
  NOTES,
  TableModel,
  TYPING,
} from "./table-model.js";

export type { OpenTableFixture, TableFixture } from "./conformance-support.js";

/** Runs the conformance suite of the table port on an engine. */
export function tableConformance(name: string, openFixture: OpenTableFixture): void {
  const check: Check = (title, body) => {
    it(title, async () => {
      const clock = new ManualClock();
      const fixture = await openFixture(clock);
      try {
        await body({ fixture, tables: fixture.tables, clock });
      } finally {
        await fixture.remove();
      }
    });
  };
  describe(`${name} keeps the contract of tables`, () => {
    writing(check);
    ranging(check);
    scanning(check);
    expiring(check);
    appending(check);
    lasting(check);
    it("every mix of operations gives what a naive model gives", async () => modelHolds(openFixture));
  });
}

async function modelHolds(openFixture: OpenTableFixture): Promise<void> {
  const clock = new ManualClock();
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("write" as const),
        batch: arbitraryBatch(clock.nowMs()),
        isDurable: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("range" as const), query: arbitraryRange }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("find" as const),
        table: fc.constantFrom(NOTES, TYPING),
        partition: arbitraryPartition,
        sort: arbitraryNearKey,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("advance" as const), byMs: fc.constantFrom(1, 3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const) }) },
  );
  const holds = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const ownClock = new ManualClock();
    const fixture = await openFixture(ownClock);
    const model = new TableModel();
    let { tables } = fixture;
    try {
      for (const next of steps) {
        if (next.do === "advance") ownClock.advance(next.byMs);
        else if (next.do === "reopen") tables = await fixture.reopen();
        else if (next.do === "write") {
          model.write(next.batch);
          await tables.write([next.batch], next);
        } else if (next.do === "range") {
          assert.deepEqual(
            plain(await tables.range(next.query)),
            plain(model.range(next.query, ownClock.nowMs())),
          );
        } else {
          const { table, partition, sort } = next;
          const expected = model.find(table, partition, sort, ownClock.nowMs());
          assert.deepEqual(text(await tables.find(table, partition, sort)), text(expected));
        }
      }
    } finally {
      await fixture.remove();
    }
  });
  await fc.assert(holds, { numRuns: 60 });
}
