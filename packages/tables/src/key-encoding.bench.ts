import type { MicroBench } from "@parley/base/testing";
import { decodeRowKey, encodePartition, encodeTuple } from "./key-encoding.js";

const TABLE = { name: "messages", owner: "tenant" } as never as Parameters<typeof encodePartition>[0];
const PARTITION = ["main", "g:01JD0000000000000000000000"] as const;
const SEQUENCE = 70_000;

const encoded = keyOf(SEQUENCE);
const written = JSON.stringify([TABLE.name, PARTITION, [SEQUENCE]]);

/** JSON has no order that is worth anything, which is what the encoding is for. */
export const benches: readonly MicroBench[] = [
  {
    name: "encode a key in order",
    baseline: "JSON.stringify",
    run: (times) => lengths(times, (count) => keyOf(SEQUENCE + count)),
    runBaseline: (times) =>
      lengths(times, (count) => JSON.stringify([TABLE.name, PARTITION, [SEQUENCE + count]])),
  },
  {
    name: "decode a key",
    baseline: "JSON.parse",
    run: (times) => lengths(times, () => decodeRowKey(TABLE, encoded)!.sort),
    runBaseline: (times) => lengths(times, () => JSON.parse(written) as unknown[]),
  },
];

function keyOf(sequence: number): string {
  return encodePartition(TABLE, PARTITION) + encodeTuple([sequence]);
}

function lengths(times: number, work: (count: number) => { readonly length: number }): number {
  let sum = 0;
  for (let count = 0; count < times; count++) sum += work(count).length;
  return sum;
}
