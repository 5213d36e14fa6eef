/**
 * Goal: a part is there whole or not at all, whenever the power fails, and what cannot be is told.
 *
 * Method: the conformance suite in a real directory; the simulated disk, with a loss of power after every number of operations.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { partName } from "@parley/blobs";
import { blobStoreConformance } from "@parley/blobs/conformance";
import { DirectoryBlobs } from "./directory-blobs.js";
import { systemFiles } from "./journal/files.js";
import { SimulatedDisk } from "./simulation/simulated-disk.js";

const BYTES = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
const DIRECTORY = "/data/media";
const BEFORE = partName({ tenant: "main", id: "0".repeat(32), variant: "", part: 0 });
const AFTER = partName({ tenant: "main", id: "f".repeat(32), variant: "", part: 0 });

blobStoreConformance("DirectoryBlobs", async () => {
  const parent = await mkdtemp(join(tmpdir(), "parley-blobs-"));
  const open = (): DirectoryBlobs =>
    new DirectoryBlobs({ directory: join(parent, "media"), files: systemFiles, reserveBytes: 1 });
  return { store: open(), reopen: async () => open(), remove: () => rm(parent, { recursive: true }) };
});

test("what is not a part is left alone, a draft of before is not", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parley-blobs-"));
  try {
    const store = new DirectoryBlobs({ directory, files: systemFiles });
    await mkdir(join(directory, "00"));
    await writeFile(join(directory, "00", "notes.txt"), "what somebody left there");
    await writeFile(join(directory, "00", AFTER), "in a folder that is not its own");
    await writeFile(join(directory, "00", `${BEFORE}.new`), "half of it");
    deepEqual(await store.list(""), []);
    await store.put(BEFORE, BYTES);
    await writeFile(join(directory, "00", `${BEFORE}.new`), "half of it");
    await store.put(BEFORE, BYTES);
    deepEqual(await store.list(""), [{ name: BEFORE, bytes: BYTES.length }]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("after a loss of power a part is whole or not there, and what was acknowledged is there", async () => {
  let operations = 0;
  let draws = 0;
  for (let at = 1; at <= operations + 1; at++) {
    const disk = new SimulatedDisk();
    const store = new DirectoryBlobs({ directory: DIRECTORY, files: disk.mount() });
    await store.put(BEFORE, BYTES);
    const start = total(disk);
    disk.faults = () => (total(disk) - start >= at ? { code: "EIO" } : undefined);
    const isAcknowledged = await store.put(AFTER, BYTES).then(
      () => true,
      (error: unknown) => {
        equal(failureCode(error), "blob-failed");
        return false;
      },
    );
    operations = Math.max(operations, total(disk) - start);
    disk.faults = () => undefined;
    // Some of what was not made durable survives, by chance.
    disk.losePower(() => Math.imul(at, ++draws * 2_654_435_761) % 3 === 0);
    const after = new DirectoryBlobs({ directory: DIRECTORY, files: disk.mount() });
    const found = [...(await after.list("")), ...(await after.list(BEFORE))];
    equal(found[0]?.name, BEFORE);
    ok(!isAcknowledged || found.length === 2, "what was acknowledged is there");
    for (const { name, bytes } of found) {
      equal(bytes, BYTES.length);
      deepEqual(await after.read(name, 0, BYTES.length + 1), BYTES);
    }
    ok(
      disk.paths().every((path) => !path.endsWith(".new")),
      "drafts are gone",
    );
  }
  ok(operations >= 6);
});

test("a full disk is told as such, before it is full to the end", async () => {
  const full = new SimulatedDisk();
  full.faults = (operation) => (operation === "write" ? { code: "ENOSPC" } : undefined);
  const store = new DirectoryBlobs({ directory: DIRECTORY, files: full.mount() });
  await rejects(store.put(BEFORE, BYTES), (error) => failureCode(error) === "blob-full");
  const low = new SimulatedDisk();
  low.free = 1_000_000;
  const kept = new DirectoryBlobs({ directory: DIRECTORY, files: low.mount(), reserveBytes: 900_000 });
  await kept.put(BEFORE, BYTES);
  low.free = 899_999;
  await rejects(kept.put(AFTER, BYTES), (error) => failureCode(error) === "blob-full");
  deepEqual(await kept.read(BEFORE, 0, BYTES.length), BYTES);
});

function total(disk: SimulatedDisk): number {
  return [...disk.counts.values()].reduce((sum, count) => sum + count, 0);
}
