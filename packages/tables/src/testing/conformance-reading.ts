import assert from "node:assert/strict";

import { AssertionFailure } from "@parley/base";

import { successor } from "../key-encoding.js";
import type { Batch, Key, RangeQuery, Tables, Write } from "../tables.js";
import { batch, bytes, contents, DURABLE, P, put, remove, text, type Check } from "./conformance-support.js";
import { NOTES, TYPING } from "./table-model.js";

/** Finds, batches and the independence of partitions. */
export function writing(check: Check): void {
  check("a row is found by its key and by no other", async ({ tables }) => {
    await tables.write([batch(P, put([1], "one"))], DURABLE);
    const keys = [
      { partition: P, sort: [2] },
      { partition: P, sort: [1] },
      { partition: ["q"], sort: [1] },
      { partition: P, sort: [1, ""] },
      { partition: P, sort: [1] },
    ];
    assert.deepEqual((await tables.findMany(NOTES, keys)).map(text), [
      undefined,
      "one",
      undefined,
      undefined,
      "one",
    ]);
    assert.equal(text(await tables.find(NOTES, P, [1])), "one");
    assert.equal(await tables.find(TYPING, P, [1]), undefined);
    assert.deepEqual(await tables.findMany(NOTES, []), []);
  });

  check("a batch reaches several tables of its partition", async ({ tables }) => {
    await tables.write(
      [batch(P, put([1], "note"), { kind: "put", table: TYPING, sort: ["u"], value: bytes("dots") })],
      DURABLE,
    );
    assert.equal(text(await tables.find(NOTES, P, [1])), "note");
    assert.equal(text(await tables.find(TYPING, P, ["u"])), "dots");
  });

  check("the last write to a row wins, in a batch and over batches", async ({ tables }) => {
    await tables.write(
      [batch(P, put([1], "a"), put([1], "b"), put([2], "c"), remove([2]), remove([3]), put([3], "d"))],
      DURABLE,
    );
    await tables.write([batch(P, put([4], "x")), batch(P, put([4], "y"))], DURABLE);
    assert.deepEqual(await contents(tables, { table: NOTES, partition: P, limit: 10 }), [
      "1:b",
      "3:d",
      "4:y",
    ]);
  });

  check("writes that wait together take effect in the order of their calls", async ({ tables }) => {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => tables.write([batch(P, put([0], String(index)))], DURABLE)),
    );
    assert.equal(text(await tables.find(NOTES, P, [0])), "49");
  });

  check("values are kept byte by byte, also empty and large ones", async ({ tables, fixture }) => {
    const values = [
      new Uint8Array(0),
      Uint8Array.from({ length: 256 }, (_, index) => index),
      new Uint8Array(1_000_000).fill(7),
    ];
    for (const table of [NOTES, TYPING]) {
      await tables.write(
        [
          {
            partition: P,
            writes: values.map((value, index) => ({ kind: "put", table, sort: [index], value })),
          },
        ],
        DURABLE,
      );
    }
    const again = await fixture.reopen();
    for (const table of [NOTES, TYPING]) {
      const found = await again.range({ table, partition: P, limit: 10 });
      assert.deepEqual(
        found.map((row) => Buffer.from(row.value)),
        values.map((value) => Buffer.from(value)),
      );
    }
  });

  check("partitions do not touch, whatever their keys contain", async ({ tables }) => {
    const partitions: Key[] = [
      ["a"],
      ["a", ""],
      ["a", "b"],
      ["ab"],
      ["a/b"],
      ["a\u0000"],
      ["a\u0000\u0001"],
      ["a\u0001"],
      ["a\u00ff"],
      ["\u{1f600}"],
      ["\uffff"],
      [0],
      [1],
      [256],
      ["a", 0],
      [],
    ];
    await tables.write(
      partitions.map((partition, index) =>
        batch(partition, put([1], `low ${index}`), put(["\u{10ffff}"], "high")),
      ),
      DURABLE,
    );
    for (const [index, partition] of partitions.entries()) {
      const rows = await tables.range({ table: NOTES, partition, limit: 10 });
      assert.deepEqual(new Set(rows.map((row) => text(row.value))), new Set(["high", `low ${index}`]));
      assert.equal(rows.length, 2);
    }
  });

  check("keys that are no keys and an expiry where none is declared are bugs", async ({ tables }) => {
    for (const sort of [[-1], [0.5], [2 ** 53], ["\ud800"]]) {
      await assert.rejects(tables.write([batch(P, put(sort, "x"))], DURABLE), AssertionFailure);
    }
    const write: Write = { kind: "put", table: NOTES, sort: [1], value: bytes("x"), expiresAtMs: 5 };
    await assert.rejects(tables.write([batch(P, write)], DURABLE), AssertionFailure);
  });
}

/** Order, bounds, pages and limits of ranges. */
export function ranging(check: Check): void {
  const fill = async (tables: Tables): Promise<void> => {
    const sorts: Key[] = [[1, "a"], [1, "b"], [2], [2, "a"], [3, "\u0000"], [255], [256], [65_536]];
    await tables.write([batch(P, ...sorts.toReversed().map((sort) => put(sort, "v")))], DURABLE);
  };
  const sortsOf = async (tables: Tables, query: Partial<RangeQuery>): Promise<readonly Key[]> =>
    (await tables.range({ table: NOTES, partition: P, limit: 100, ...query })).map((row) => row.sort);

  check("a range is in key order, both ways", async ({ tables }) => {
    await fill(tables);
    const up = [[1, "a"], [1, "b"], [2], [2, "a"], [3, "\u0000"], [255], [256], [65_536]];
    assert.deepEqual(await sortsOf(tables, {}), up);
    assert.deepEqual(await sortsOf(tables, { isDescending: true }), up.toReversed());
  });

  check("bounds may be the beginnings of keys", async ({ tables }) => {
    await fill(tables);
    const inside = [[2], [2, "a"], [3, "\u0000"]];
    assert.deepEqual(await sortsOf(tables, { from: [2], before: [4] }), inside);
    assert.deepEqual(
      await sortsOf(tables, { from: [2], before: [4], isDescending: true }),
      inside.toReversed(),
    );
    assert.deepEqual(await sortsOf(tables, { from: [1], before: [2] }), [
      [1, "a"],
      [1, "b"],
    ]);
    assert.deepEqual(await sortsOf(tables, { from: [1, "b"], before: [2, "a"] }), [[1, "b"], [2]]);
    assert.deepEqual(await sortsOf(tables, { from: [4], before: [4] }), []);
    assert.deepEqual(await sortsOf(tables, { from: [5], before: [4] }), []);
    assert.deepEqual(await sortsOf(tables, { from: [65_537] }), []);
  });

  check("pages joined are the whole range, both ways", async ({ tables }) => {
    await fill(tables);
    const all = await sortsOf(tables, {});
    const up: Key[] = [];
    for (let page = await sortsOf(tables, { limit: 3 }); page.length > 0;) {
      up.push(...page);
      page = await sortsOf(tables, { limit: 3, from: successor(up.at(-1)!) });
    }
    const down: Key[] = [];
    for (let page = await sortsOf(tables, { limit: 3, isDescending: true }); page.length > 0;) {
      down.push(...page);
      page = await sortsOf(tables, { limit: 3, isDescending: true, before: down.at(-1)! });
    }
    assert.deepEqual([up, down], [all, all.toReversed()]);
  });

  check("limits outside of 1 to 10,000 are bugs", async ({ tables }) => {
    for (const limit of [0, -1, 1.5, 10_001]) {
      await assert.rejects(tables.range({ table: NOTES, partition: P, limit }), AssertionFailure);
    }
  });

  check("a range gives as many as 10,000 rows", async ({ tables }) => {
    const writes = Array.from({ length: 10_005 }, (_, index) => put([index], ""));
    await tables.write([batch(P, ...writes)], DURABLE);
    const sorts = await sortsOf(tables, { limit: 10_000, isDescending: true });
    assert.deepEqual(
      sorts,
      Array.from({ length: 10_000 }, (_, index) => [10_004 - index]),
    );
  });
}

/** Rows that are gone from a time on. */
export function expiring(check: Check): void {
  check("a row with an expiry is gone from its time on", async ({ tables, clock, fixture }) => {
    const expiresAtMs = clock.nowMs() + 10;
    const shortly: Write = {
      kind: "put",
      table: TYPING,
      sort: ["u1"],
      value: bytes("soon gone"),
      expiresAtMs,
    };
    await tables.write(
      [batch(P, shortly, { kind: "put", table: TYPING, sort: ["u2"], value: bytes("stays") })],
      DURABLE,
    );
    const both = await contents(tables, { table: TYPING, partition: P, limit: 1 });
    clock.advance(9);
    const before = text(await tables.find(TYPING, P, ["u1"]));
    clock.advance(1);
    const after = await tables.findMany(TYPING, [
      { partition: P, sort: ["u1"] },
      { partition: P, sort: ["u2"] },
    ]);
    // The limit counts rows that are returned, not those that are skipped.
    const rest = await contents(await fixture.reopen(), { table: TYPING, partition: P, limit: 1 });
    assert.deepEqual(
      [both, before, after.map(text), rest],
      [["u1:soon gone"], "soon gone", [undefined, "stays"], ["u2:stays"]],
    );
  });

  check("a put renews the expiry or ends it", async ({ tables, clock }) => {
    const until = (expiresAtMs?: number): Batch =>
      batch(P, {
        kind: "put",
        table: TYPING,
        sort: [1],
        value: bytes("v"),
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      });
    await tables.write([until(clock.nowMs() + 10)], DURABLE);
    await tables.write([until(clock.nowMs() + 20)], DURABLE);
    clock.advance(15);
    const renewed = text(await tables.find(TYPING, P, [1]));
    await tables.write([until()], DURABLE);
    clock.advance(1_000_000);
    assert.deepEqual([renewed, text(await tables.find(TYPING, P, [1]))], ["v", "v"]);
  });
}
