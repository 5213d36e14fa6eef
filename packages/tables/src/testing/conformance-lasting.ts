import assert from "node:assert/strict";

import { AssertionFailure, failureCode } from "@parley/base";

import type { Tables } from "../tables.js";
import { batch, bytes, contents, DURABLE, P, put, type Check } from "./conformance-support.js";
import { NOTES } from "./table-model.js";

/** Auto-increment columns. */
export function appending(check: Check): void {
  const append = (tables: Tables, ...values: string[]): Promise<number> =>
    tables.appendRows({
      table: NOTES,
      partition: P,
      sortPrefix: ["m"],
      counterSort: ["c"],
      values: values.map(bytes),
      ...DURABLE,
    });

  check("appended rows are numbered from 1 on and written with what stands alongside", async ({ tables }) => {
    const first = await append(tables, "a", "b");
    const second = await tables.appendRows({
      table: NOTES,
      partition: P,
      sortPrefix: ["m"],
      counterSort: ["c"],
      values: [bytes("c")],
      alongside: [put(["x"], "with it")],
      ...DURABLE,
    });
    const rows = await contents(tables, { table: NOTES, partition: P, from: ["m"], limit: 10 });
    assert.deepEqual([first, second, rows], [1, 3, ["m,1:a", "m,2:b", "m,3:c", "x:with it"]]);
  });

  check("concurrent appends leave no hole, also over a reopening", async ({ tables, fixture }) => {
    const round = (current: Tables): Promise<number[]> =>
      Promise.all(Array.from({ length: 40 }, (_, index) => append(current, `${index}`, "second")));
    const firsts = await round(tables);
    const again = await fixture.reopen();
    firsts.push(...(await round(again)));
    const rows = await again.range({ table: NOTES, partition: P, from: ["m"], limit: 1000 });
    assert.deepEqual(
      firsts.toSorted((left, right) => left - right),
      Array.from({ length: 80 }, (_, index) => 1 + 2 * index),
    );
    assert.deepEqual(
      rows.map((row) => row.sort),
      Array.from({ length: 160 }, (_, index) => ["m", index + 1]),
    );
  });

  check("an append without values is a bug", async ({ tables }) => {
    await assert.rejects(append(tables), AssertionFailure);
  });
}

/** Durability, crashes and closing. */
export function lasting(check: Check): void {
  check("every write survives closing, durable or not", async ({ tables, fixture }) => {
    await tables.write([batch(P, put([1], "durable"))], DURABLE);
    await tables.write([batch(P, put([2], "not durable"))], { isDurable: false });
    const again = await fixture.reopen();
    assert.deepEqual(await contents(again, { table: NOTES, partition: P, limit: 10 }), [
      "1:durable",
      "2:not durable",
    ]);
  });

  check("durable writes and appends survive a crash", async ({ tables, fixture }) => {
    await tables.write([batch(P, put([1], "not durable"))], { isDurable: false });
    await tables.write([batch(P, put([1], "a"), put([2], "b")), batch(["q"], put([1], "c"))], DURABLE);
    const first = await tables.appendRows({
      table: NOTES,
      partition: ["r"],
      sortPrefix: [],
      counterSort: ["c"],
      values: [bytes("r")],
      ...DURABLE,
    });
    const again = await fixture.crash();
    const found = await Promise.all(
      [P, ["q"], ["r"]].map((partition) => contents(again, { table: NOTES, partition, from: [0], limit: 9 })),
    );
    assert.deepEqual([first, found], [1, [["1:a", "2:b"], ["1:c"], ["1:r"]]]);
  });

  check("a crash takes a batch that is not durable as a whole or not at all", async ({ tables, fixture }) => {
    const writes = Array.from({ length: 100 }, (_, index) => put([index], "v"));
    await tables.write([batch(P, ...writes)], { isDurable: false });
    const again = await fixture.crash();
    const rows = await again.range({ table: NOTES, partition: P, limit: 1000 });
    assert.ok(rows.length === 0 || rows.length === 100, `${rows.length} of 100 rows survived`);
  });

  check("closed tables refuse, and closing twice is closing", async ({ tables }) => {
    await Promise.all([tables.close(), tables.close()]);
    const calls = [
      tables.find(NOTES, P, [1]),
      tables.findMany(NOTES, [{ partition: P, sort: [1] }]),
      tables.range({ table: NOTES, partition: P, limit: 1 }),
      tables.scanTable({ table: NOTES, limit: 1 }),
      tables.write([batch(P, put([1], "x"))], DURABLE),
      tables.appendRows({
        table: NOTES,
        partition: P,
        sortPrefix: [],
        counterSort: ["c"],
        values: [bytes("x")],
        ...DURABLE,
      }),
    ];
    const codes = (await Promise.allSettled(calls)).map((end) =>
      end.status === "rejected" ? failureCode(end.reason) : "done",
    );
    assert.deepEqual(
      codes,
      calls.map(() => "tables-closed"),
    );
  });

  check("a close waits for the writes before it", async ({ tables, fixture }) => {
    const waiting = Promise.all(
      Array.from({ length: 20 }, (_, index) => tables.write([batch(P, put([index], "v"))], DURABLE)),
    );
    await tables.close();
    await waiting;
    assert.equal(
      (await (await fixture.reopen()).range({ table: NOTES, partition: P, limit: 100 })).length,
      20,
    );
  });
}
