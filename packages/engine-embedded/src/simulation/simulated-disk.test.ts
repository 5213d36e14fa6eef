import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import fc from "fast-check";

import { type FileOps, systemFiles } from "../journal/files.js";
import { SimulatedDisk } from "./simulated-disk.js";

type Step =
  | { readonly kind: "create" | "remove" | "truncate"; readonly name: string; readonly length: number }
  | { readonly kind: "rename"; readonly name: string; readonly newName: string }
  | { readonly kind: "write"; readonly name: string; readonly at: number; readonly content: Uint8Array }
  | { readonly kind: "read"; readonly name: string; readonly at: number; readonly length: number };

describe("the simulated disk", () => {
  it("answers as a real one does, errors included, as long as nothing fails", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep(), { maxLength: 30 }), async (steps) => {
        const directory = await mkdtemp(join(tmpdir(), "parley-disk-"));
        try {
          assert.deepEqual(
            await performed(new SimulatedDisk().mount(), "/any", steps),
            await performed(systemFiles, directory, steps),
          );
        } finally {
          await rm(directory, { recursive: true });
        }
      }),
      { numRuns: 50 },
    );
  });

  it("forgets at a loss of power what was not synced, names too, and keeps what was", async () => {
    const disk = new SimulatedDisk();
    const files = disk.mount();
    const file = await files.openSegment("/any/kept", true);
    await files.openSegment("/any/unsynced name", true);
    await files.syncDirectory("/any");
    await files.openSegment("/any/new name", true);
    await file.write(Buffer.from("synced"), 0);
    await file.sync();
    await file.write(Buffer.from("lost"), 6);
    disk.losePower(() => false);
    assert.deepEqual(disk.paths(), ["/any/kept", "/any/unsynced name"]);
    assert.equal(disk.content("/any/kept").toString(), "synced");
    await assert.rejects(file.write(Buffer.from("x"), 0), /ESHUTDOWN/);
  });

  it("syncs a file that was cut before pages that were not synced", async () => {
    const disk = new SimulatedDisk();
    const file = await disk.mount().openSegment("/any/file", true);
    await file.write(Buffer.alloc(10_000, "a"), 0);
    await file.truncate(100);
    await file.sync();
    assert.equal(disk.content("/any/file").toString(), "a".repeat(100));
  });

  it("keeps any of the sectors that were not synced", async () => {
    const results = new Set<string>();
    for (let survivors = 0; survivors < 8; survivors++) {
      const disk = new SimulatedDisk();
      const files = disk.mount();
      const file = await files.openSegment("/any/file", true);
      await file.write(Buffer.alloc(1024, "a"), 0);
      await file.sync();
      await files.syncDirectory("/any");
      await file.write(Buffer.alloc(1024, "b"), 0);
      // Asked for the length first, then for each sector.
      let asked = 0;
      disk.losePower(() => (survivors & (1 << asked++)) !== 0);
      const content = disk.content("/any/file").toString();
      results.add(`${content[0]}${content[512]} ${content.length}`);
    }
    assert.deepEqual([...results].toSorted(), ["aa 1024", "ab 1024", "ba 1024", "bb 1024"]);
  });

  it("shows after a failed sync what a loss of power takes away, whatever is synced later", async () => {
    const disk = new SimulatedDisk();
    const files = disk.mount();
    const file = await files.openSegment("/any/file", true);
    await files.syncDirectory("/any");
    await file.write(Buffer.from("dropped"), 0);
    disk.faults = () => ({ code: "EIO" });
    await assert.rejects(file.sync(), /EIO/);
    disk.faults = () => undefined;
    await file.sync();
    const seen = disk.content("/any/file").toString();
    disk.losePower(() => true);
    assert.deepEqual([seen, disk.content("/any/file")], ["dropped", Buffer.alloc(7)]);
  });
});

async function performed(files: FileOps, directory: string, steps: readonly Step[]): Promise<unknown[]> {
  const results: unknown[] = [];
  const open = new Set<{ close(): Promise<void> }>();
  const attempt = async (task: () => Promise<unknown>): Promise<void> => {
    try {
      results.push(await task());
    } catch (error) {
      results.push((error as { code?: unknown }).code);
    }
  };
  for (const step of steps) {
    const path = join(directory, step.name);
    await attempt(async () => {
      if (step.kind === "remove") return files.remove(path);
      if (step.kind === "rename") return files.rename(path, join(directory, step.newName));
      const file = await files.openSegment(path, step.kind === "create");
      open.add(file);
      if (step.kind === "create") return file.length();
      if (step.kind === "write") return file.write(step.content, step.at);
      if (step.kind === "read") return Buffer.from(await file.read(step.at, step.length)).toString("hex");
      // The journal only ever cuts.
      return file.truncate(Math.min(step.length, await file.length()));
    });
  }
  await attempt(async () => (await files.openDirectory(directory)).toSorted());
  for (const file of open) await file.close();
  return results;
}

function anyStep(): fc.Arbitrary<Step> {
  const name = fc.constantFrom("a", "b");
  const length = fc.nat(9000);
  return fc.oneof(
    fc.record({ kind: fc.constantFrom("create", "remove", "truncate"), name, length }),
    fc.record({ kind: fc.constant("rename" as const), name, newName: name }),
    fc.record({
      kind: fc.constant("write" as const),
      name,
      at: fc.nat(9000),
      content: fc.uint8Array({ maxLength: 5000 }),
    }),
    fc.record({ kind: fc.constant("read" as const), name, at: length, length }),
  );
}
