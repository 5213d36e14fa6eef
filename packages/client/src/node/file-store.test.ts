import { deepEqual } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { testClientStore } from "../testing/store-conformance.js";
import { createFileStore } from "./file-store.js";

const folder = mkdtempSync(join(tmpdir(), "parley-client-"));
after(() => rmSync(folder, { recursive: true }));

testClientStore("file store", { create: (name) => createFileStore({ path: join(folder, name) }) });
testClientStore("file store that always compacts", {
  create: (name) => createFileStore({ path: join(folder, name), compactionBytesMin: 1 }),
});

test("a file cut off anywhere opens with the commits that are whole", async () => {
  const path = join(folder, "torn");
  const store = createFileStore({ path });
  await store.load();
  const ends: number[] = [0];
  for (const pts of [1, 2, 3]) {
    await store.commit([{ kind: "position", position: { epoch: 1, pts } }]);
    ends.push(statSync(path).size);
  }
  await store.close();
  const whole = readFileSync(path);
  const found: number[] = [];
  const expected: number[] = [];
  for (let bytes = 0; bytes <= whole.length; bytes++) {
    writeFileSync(path, whole.subarray(0, bytes));
    const cut = createFileStore({ path });
    found.push((await cut.load()).position.pts);
    await cut.close();
    expected.push(ends.findLastIndex((end) => end <= bytes));
  }
  deepEqual(found, expected);
});

test("a flipped byte ends the file before its commit, and what is written then is kept", async () => {
  const path = join(folder, "flipped");
  const store = createFileStore({ path });
  await store.load();
  await store.commit([{ kind: "position", position: { epoch: 1, pts: 1 } }]);
  const end = statSync(path).size;
  await store.commit([{ kind: "position", position: { epoch: 1, pts: 2 } }]);
  await store.close();
  const bytes = readFileSync(path);
  bytes[end + 20]! ^= 1;
  writeFileSync(path, bytes);
  const damaged = createFileStore({ path });
  const before = (await damaged.load()).position.pts;
  await damaged.commit([{ kind: "position", position: { epoch: 1, pts: 9 } }]);
  await damaged.close();
  const again = createFileStore({ path });
  deepEqual([before, (await again.load()).position.pts], [1, 9]);
  await again.close();
});

test("a file does not grow without end", async () => {
  const path = join(folder, "compact");
  const store = createFileStore({ path, compactionBytesMin: 1000 });
  await store.load();
  for (let pts = 1; pts <= 1000; pts++)
    await store.commit([{ kind: "position", position: { epoch: 1, pts } }]);
  await store.close();
  deepEqual(statSync(path).size < 5000, true);
});
