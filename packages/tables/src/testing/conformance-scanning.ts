import assert from "node:assert/strict";

import { AssertionFailure } from "@parley/base";

import type { Key, RowKey, ScannedRow, Tables, TableSpec } from "../tables.js";
import { batch, bytes, DURABLE, put, text, type Check } from "./conformance-support.js";
import { NOTES, TYPING } from "./table-model.js";

/** Walks over whole tables. */
export function scanning(check: Check): void {
  const partitions: readonly Key[] = [["a"], ["a", ""], ["a", "b"], ["a\u0000"], ["ab"], [1], [256]];
  const fill = async (tables: Tables): Promise<void> => {
    await tables.write(
      partitions.toReversed().map((partition) => batch(partition, put([2], "two"), put([1, "x"], "one"))),
      DURABLE,
    );
    // Neighbours of the table that a walk must not stray into.
    const other = (name: string): TableSpec => ({ name });
    for (const name of ["note", "notes-", "notes0", "o"]) {
      await tables.write(
        [{ partition: ["a"], writes: [{ kind: "put", table: other(name), sort: [1], value: bytes("no") }] }],
        DURABLE,
      );
    }
  };
  const all = partitions.flatMap((partition) => [
    { partition, sort: [1, "x"], value: "one" },
    { partition, sort: [2], value: "two" },
  ]);
  const plain = (rows: readonly ScannedRow[]): unknown =>
    rows.map(({ partition, sort, value }) => ({ partition, sort, value: text(value) }));

  check(
    "a walk meets every row of all partitions in the order of the keys, in pages of any size",
    async ({ tables }) => {
      await fill(tables);
      for (const limit of [1, 2, 3, 14, 100]) {
        const walked: ScannedRow[] = [];
        let after: RowKey | undefined;
        for (;;) {
          const page = await tables.scanTable({
            table: NOTES,
            limit,
            ...(after === undefined ? {} : { after }),
          });
          walked.push(...page);
          after = page.at(-1);
          if (page.length < limit) break;
        }
        assert.deepEqual(plain(walked), all);
      }
    },
  );

  check("a walk goes on after the end of a partition, whether it has rows or not", async ({ tables }) => {
    await fill(tables);
    const ends = [["a"], ["a", "a"], [256], [257]].map(async (partition) => {
      const [next] = await tables.scanTable({ table: NOTES, after: { partition }, limit: 1 });
      return next?.partition;
    });
    assert.deepEqual(await Promise.all(ends), [["a", ""], ["a", "b"], undefined, undefined]);
  });

  check("a walk tells when rows expire, and leaves out those that have", async ({ tables, clock }) => {
    const nowMs = clock.nowMs();
    const typing = (sort: Key, expiresAtMs?: number) =>
      batch(["p"], {
        kind: "put",
        table: TYPING,
        sort,
        value: bytes("v"),
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      });
    await tables.write([typing([1], nowMs + 5), typing([2], nowMs + 9), typing([3])], DURABLE);
    clock.advance(5);
    const rows = await tables.scanTable({ table: TYPING, limit: 2 });
    assert.deepEqual(
      rows.map(({ sort, expiresAtMs }) => [sort, expiresAtMs]),
      [
        [[2], nowMs + 9],
        [[3], undefined],
      ],
    );
  });

  check("a walk over an empty table meets nothing, and a limit that is none is a bug", async ({ tables }) => {
    assert.deepEqual(await tables.scanTable({ table: NOTES, limit: 1 }), []);
    for (const limit of [0, 1.5, 10_001]) {
      await assert.rejects(tables.scanTable({ table: NOTES, limit }), AssertionFailure);
    }
  });
}
