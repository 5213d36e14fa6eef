/**
 * Goal: whatever byte of a database's files has changed while nobody had it open, the tables say so when they are opened,
 * with the file and the place, or show every row as it was.
 *
 * Method: databases as LevelDB writes them (rows in its log, rows in tables, both, large records, an unfinished
 * compaction), with single bytes flipped, cut, and filled with zeros. LevelDB itself is not asked where our answer is that
 * a file is damaged: it may end the process.
 */
import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import { failureCode } from "@parley/base";
import { systemClock } from "@parley/base/node";
import { ClassicLevel } from "classic-level";
import fc from "fast-check";

import { openLevelTables } from "../level-tables.js";
import { maskedCrc32c } from "./crc32c.js";
import { readLogFile } from "./log-file.js";
import { unsnappy } from "./snappy.js";
import { findTableDamage } from "./table-file.js";
import { type FileDamage, findDamage, verifyFiles } from "./verify-files.js";

const NOTES = { name: "notes" };
const ROWS = 40;
const EVERYTHING = { tableBytesMax: Number.MAX_SAFE_INTEGER };
/** Larger than a block of the log, so that it is cut into fragments. */
const LARGE_BYTES = 70_000;

const root = await mkdtemp(join(tmpdir(), "parley-verify-"));
after(() => rm(root, { recursive: true }));

describe("the files of a database", () => {
  it("are without damage however they were left: closed, killed, compacted or large", async () => {
    const found = [];
    for (const make of [killed, closed, compacted, async () => killed(LARGE_BYTES)])
      found.push(await findDamage(await make(), EVERYTHING));
    assert.deepEqual(found, [undefined, undefined, undefined, undefined]);
  });

  it("of tables have no byte that may change unseen", async () => {
    const directory = await compacted();
    const [name = ""] = await names(directory, ".ldb");
    const whole = await readFile(join(directory, name));
    const unseen: number[] = [];
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << (at % 8);
      const offset = findTableDamage(damaged);
      if (offset === undefined || offset > at) unseen.push(at);
    }
    assert.deepEqual(unseen, []);
  });

  it("of the log have no byte that may change unseen, but those of the last record, which may be torn", async () => {
    const directory = await killed();
    const [name = ""] = await names(directory, ".log");
    const whole = await readFile(join(directory, name));
    const last = lastRecordOf(whole);
    const unseen: number[] = [];
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << (at % 8);
      const { brokenAt, isFollowed } = readLogFile(damaged);
      if (brokenAt === undefined || !isFollowed || brokenAt > at) unseen.push(at);
    }
    assert.deepEqual(
      unseen,
      Array.from({ length: whole.length - last }, (_, index) => last + index),
    );
  });

  it("of the log may end anywhere, in zeros or in the middle of a large record", async () => {
    for (const valueBytes of [10, LARGE_BYTES]) {
      const directory = await killed(valueBytes);
      const [name = ""] = await names(directory, ".log");
      const path = join(directory, name);
      const whole = await readFile(path);
      const last = lastRecordOf(whole);
      const found = new Set<unknown>();
      const step = Math.ceil((whole.length - last) / 100);
      for (let end = last; end < whole.length; end += step) {
        await writeFile(path, whole.subarray(0, end));
        found.add(await findDamage(directory, EVERYTHING));
        await writeFile(path, Buffer.concat([whole.subarray(0, end), Buffer.alloc(5_000)]));
        found.add(await findDamage(directory, EVERYTHING));
      }
      assert.deepEqual([...found], [undefined]);
    }
  });

  it("are reported when tables are opened, by file and place, and nothing is changed", async () => {
    for (const [make, ending] of [
      [compacted, ".ldb"],
      [killed, ".log"],
    ] as const) {
      const directory = await make();
      const [name = ""] = await names(directory, ending);
      const path = join(directory, name);
      const bytes = await readFile(path);
      bytes[20]! ^= 1;
      await writeFile(path, bytes);
      const before = await names(directory, "");
      const failure = await openLevelTables({ directory, clock: systemClock }).catch(
        (error: unknown) => error,
      );
      assert.equal(failureCode(failure), "tables-corrupt");
      assert.deepEqual((failure as { details?: unknown }).details, { file: name, offset: 0 });
      assert.match(String(failure), new RegExp(`${name} in .* damaged at byte 0. .* restore`));
      assert.deepEqual(await names(directory, ""), before);
    }
  });

  it("that an interrupted compaction has left half written are not looked at", async () => {
    const directory = await compacted();
    await writeFile(join(directory, "000999.ldb"), "half a file");
    assert.equal(await findDamage(directory, EVERYTHING), undefined);
  });

  it("are read up to a bound, and then left to LevelDB", async () => {
    const directory = await compacted();
    const [name = ""] = await names(directory, ".ldb");
    await truncate(join(directory, name), 100);
    const found = [
      await findDamage(directory, { tableBytesMax: 99 }),
      await findDamage(directory, { tableBytesMax: 100 }),
    ];
    assert.deepEqual(found, [undefined, { file: name, offset: 52 }]);
  });

  it("are all read when all damage is asked for, and a missing one is damage", async () => {
    const directory = await closed();
    const tables = await openLevelTables({ directory, clock: systemClock });
    await fill(tables);
    await tables.close();
    await (await openLevelTables({ directory, clock: systemClock })).close();
    const found = await names(directory, ".ldb");
    assert.equal(found.length, 2);
    const [first = "", second = ""] = found;
    const whole = await allDamage(directory);
    await truncate(join(directory, first), 100);
    await truncate(join(directory, second), 100);
    const both = await allDamage(directory);
    await rm(join(directory, first));
    const missing = await allDamage(directory);
    assert.deepEqual(whole, []);
    assert.deepEqual(both, [
      { file: second, offset: 52 },
      { file: first, offset: 52 },
    ]);
    assert.deepEqual(missing, [
      { file: first, offset: 0 },
      { file: second, offset: 52 },
    ]);
  });

  it("damaged in any way are reported, or hold all rows, or the first of a log", async () => {
    const left = await killed();
    const sources = [left, await compacted(), await closed()];
    const directory = join(root, "any");
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sources),
        fc.nat(),
        fc.array(fc.record({ at: fc.nat(), length: fc.nat(600), value: fc.nat(255) }), {
          minLength: 1,
          maxLength: 3,
        }),
        async (source, which, damages) => {
          await rm(directory, { recursive: true, force: true });
          await cp(source, directory, { recursive: true });
          const files = await names(directory, "", /\.(ldb|log)$|^MANIFEST|^CURRENT$/);
          const path = join(directory, files[which % files.length]!);
          const bytes = await readFile(path);
          for (const { at, length, value } of damages) {
            const start = bytes.length === 0 ? 0 : at % bytes.length;
            bytes.fill(value, start, Math.min(bytes.length, start + length + 1));
          }
          await writeFile(path, bytes);
          const opened = await openLevelTables({ directory, clock: systemClock }).catch(
            (error: unknown) => error,
          );
          if (opened instanceof Error)
            return assert.equal(failureCode(opened), "tables-corrupt", String(opened));
          const tables = opened as Awaited<ReturnType<typeof openLevelTables>>;
          const rows = await tables.range({ table: NOTES, partition: ["p"], limit: ROWS * 2 });
          await tables.close();
          // Of a log, the end may be missing: it cannot be told from one that was torn.
          assert.ok(rows.length === ROWS || (source === left && path.endsWith(".log")));
          assert.deepEqual(
            rows.map(({ sort, value }) => [sort[0], Buffer.from(value).toString()]),
            Array.from({ length: rows.length }, (_, index) => [index, `content ${index}`]),
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("what LevelDB's files are made of", () => {
  it("has these checksums", () => {
    const bytes = Buffer.from("123456789");
    // The check value of CRC-32C is e3069283; masked as LevelDB stores it.
    const masked = (((0xe3_06_92_83 >>> 15) | (0xe3_06_92_83 << 17)) + 0xa2_82_ea_d8) >>> 0;
    assert.equal(maskedCrc32c(bytes, 0, 9), masked);
  });

  it("is unpacked: literals, copies that repeat themselves, and nothing that leads outside", () => {
    const packed = (hex: string): string | undefined => {
      const found = unsnappy(Buffer.from(hex, "hex"));
      return found === undefined ? undefined : Buffer.from(found).toString();
    };
    assert.deepEqual(
      // "abc" · then 6 bytes from 3 back; an empty text; a copy from before the beginning; too short; too long.
      ["09086162630903", "00", "04000501", "0a08616263", "0208616263"].map(packed),
      ["abcabcabc", "", undefined, undefined, undefined],
    );
  });

  it("does no harm when it is random", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        unsnappy(bytes);
        assert.deepEqual(readLogFile(bytes).records, []);
      }),
    );
  });
});

async function allDamage(directory: string): Promise<readonly FileDamage[]> {
  const found: FileDamage[] = [];
  for await (const { damage } of verifyFiles(directory, EVERYTHING))
    if (damage !== undefined) found.push(damage);
  return found;
}

/** As a killed process leaves it: every row is in the log. */
async function killed(valueBytes = 0): Promise<string> {
  const directory = await mkdtemp(join(root, "killed-"));
  const copy = `${directory}-copy`;
  const tables = await openLevelTables({ directory, clock: systemClock });
  await fill(tables, valueBytes);
  await cp(directory, copy, { recursive: true });
  await tables.close();
  return copy;
}

/** Opened twice: rows in a table of level 0, and the log of the second opening. */
async function closed(): Promise<string> {
  const directory = await mkdtemp(join(root, "closed-"));
  const first = await openLevelTables({ directory, clock: systemClock });
  await fill(first);
  await first.close();
  await (await openLevelTables({ directory, clock: systemClock })).close();
  return directory;
}

async function compacted(): Promise<string> {
  const directory = await closed();
  const database = new ClassicLevel<Buffer, Buffer>(directory, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
  });
  await database.compactRange(Buffer.of(0), Buffer.of(255), { keyEncoding: "buffer" });
  await database.close();
  return directory;
}

async function fill(tables: Awaited<ReturnType<typeof openLevelTables>>, valueBytes = 0): Promise<void> {
  for (let index = 0; index < (valueBytes === 0 ? ROWS : 3); index++) {
    const value = Buffer.from(`content ${index}`.padEnd(valueBytes));
    const writes = [{ kind: "put" as const, table: NOTES, sort: [index], value }];
    await tables.write([{ partition: ["p"], writes }], { isDurable: true });
  }
}

async function names(directory: string, ending: string, pattern = /./): Promise<readonly string[]> {
  const found = await readdir(directory);
  return found.filter((name) => name.endsWith(ending) && pattern.test(name)).toSorted();
}

/** Where the last record of a log begins: the shortest beginning that holds all others. */
function lastRecordOf(file: Buffer): number {
  const { brokenAt } = readLogFile(file.subarray(0, file.length - 1));
  assert.ok(brokenAt !== undefined);
  return brokenAt;
}
