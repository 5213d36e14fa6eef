/**
 * Goal: an object is there whole or not at all, whenever the power fails, and what cannot be is told.
 *
 * Method: the simulated disk, with a loss of power after every number of operations; and a real directory.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "@parley/base";
import { DirectoryObjects } from "./directory-objects.js";
import { systemFiles } from "./journal/files.js";
import { SimulatedDisk } from "./simulation/simulated-disk.js";

const BYTES = Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251);
const BEFORE = "0".repeat(32);
const LARGE = "f".repeat(32);

test("objects are put, read in parts, listed in pages and deleted", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parley-objects-"));
  try {
    const objects = new DirectoryObjects(join(directory, "cold"), systemFiles);
    deepEqual(await objects.list(""), []);
    const names = Array.from({ length: 300 }, (_, index) => index.toString(16).padStart(32, "0"));
    for (const name of names) await objects.put(name, BYTES.subarray(0, 10));
    const first = await objects.list("");
    equal(first.length, 256);
    const rest = await objects.list(first.at(-1)!.name);
    deepEqual(
      [...first, ...rest].map(({ name }) => name),
      names,
    );
    ok(first.every(({ bytes }) => bytes === 10));
    await mkdir(join(directory, "cold", "lost+found"));
    await writeFile(join(directory, "cold", "notes.txt"), "what somebody left there");
    equal((await objects.list(names.at(-1)!)).length, 0, "what is not an object is left alone");
    await objects.put(LARGE, BYTES);
    deepEqual(await objects.read(LARGE, 1_048_570, 100), BYTES.subarray(1_048_570, 1_048_670));
    equal((await objects.read(LARGE, BYTES.length - 5, 100)).length, 5);
    await objects.delete(LARGE);
    await objects.delete(LARGE);
    await rejects(objects.read(LARGE, 0, 1), (error) => codeOf(error) === "cold-missing");
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("after a loss of power an object is whole or not there, and what was acknowledged is there", async () => {
  let operations = 0;
  let draws = 0;
  for (let at = 1; at <= operations + 1; at++) {
    const disk = new SimulatedDisk();
    const objects = new DirectoryObjects("/data/cold", disk.mount());
    await objects.put(BEFORE, BYTES);
    const start = total(disk);
    disk.faults = () => (total(disk) - start >= at ? { code: "EIO" } : undefined);
    const isAcknowledged = await objects.put(LARGE, BYTES).then(
      () => true,
      (error: unknown) => {
        equal(codeOf(error), "cold-failed");
        return false;
      },
    );
    operations = Math.max(operations, total(disk) - start);
    disk.faults = () => undefined;
    // Some of what was not made durable survives, by chance.
    disk.losePower(() => Math.imul(at, ++draws * 2_654_435_761) % 3 === 0);
    const after = new DirectoryObjects("/data/cold", disk.mount());
    const found = await after.list("");
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

test("a full disk is told as such", async () => {
  const disk = new SimulatedDisk();
  disk.faults = (operation) => (operation === "write" ? { code: "ENOSPC" } : undefined);
  await rejects(
    new DirectoryObjects("/data/cold", disk.mount()).put(LARGE, BYTES),
    (error) => codeOf(error) === "cold-full",
  );
});

function total(disk: SimulatedDisk): number {
  return [...disk.counts.values()].reduce((sum, count) => sum + count, 0);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Failure ? error.code : undefined;
}
