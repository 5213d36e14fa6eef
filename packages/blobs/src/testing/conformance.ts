/**
 * What every engine of the blob port has to do, as tests. An engine's package calls `blobStoreConformance` with a way to open
 * itself over storage of its own.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failureCode } from "@parley/base";
import type { BlobStore } from "../blob-store.js";
import { partName } from "../part-name.js";

export interface BlobStoreFixture {
  readonly store: BlobStore;
  /** Opens the store again as a new process finds it. */
  reopen(): Promise<BlobStore>;
  /** Closes everything and removes the storage. */
  remove(): Promise<void>;
}

const BYTES = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 251);

function nameOf(number: number, tenant = "main"): string {
  // Spread over the whole range, so that an engine that spreads its files shows them in order all the same.
  const id = (Math.imul(number, 2_654_435_761) >>> 0).toString(16).padStart(8, "0").padEnd(32, "0");
  return partName({ tenant, id, variant: number % 3 === 0 ? "thumbnail" : "", part: number % 7 });
}

async function listAll(store: BlobStore): Promise<string[]> {
  const names: string[] = [];
  for (let after = ""; ;) {
    const page = await store.list(after);
    if (page.length === 0) return names;
    names.push(...page.map(({ name }) => name));
    after = names.at(-1)!;
  }
}

/** Runs the conformance suite of the blob port on an engine. */
export function blobStoreConformance(name: string, open: () => Promise<BlobStoreFixture>): void {
  const check = (title: string, body: (fixture: BlobStoreFixture) => Promise<void>): void => {
    it(title, async () => {
      const fixture = await open();
      try {
        await body(fixture);
      } finally {
        await fixture.remove();
      }
    });
  };
  describe(`${name} keeps the contract of blob stores`, () => {
    check("a part is read as a whole, in ranges, and as far as it goes", async ({ store }) => {
      await store.put(nameOf(1), BYTES);
      assert.deepEqual(
        [
          await store.length(nameOf(1)),
          await store.read(nameOf(1), 0, BYTES.length + 10),
          await store.read(nameOf(1), 1_048_570, 100),
          (await store.read(nameOf(1), BYTES.length - 5, 100)).length,
          (await store.read(nameOf(1), BYTES.length + 5, 100)).length,
        ],
        [BYTES.length, BYTES, BYTES.subarray(1_048_570, 1_048_670), 5, 0],
      );
    });

    check("what is not there is told, and deleting it is nothing", async ({ store }) => {
      assert.equal(await store.length(nameOf(1)), undefined);
      await assert.rejects(store.read(nameOf(1), 0, 1), (error) => failureCode(error) === "blob-missing");
      await store.delete(nameOf(1));
      assert.deepEqual(await store.list(""), []);
    });

    check("parts are listed in the order of their names, of all tenants, in pages", async ({ store }) => {
      const names = Array.from({ length: 300 }, (_, index) =>
        nameOf(index, index % 2 === 0 ? "main" : "a-1"),
      );
      for (const each of names) await store.put(each, BYTES.subarray(0, 10));
      assert.deepEqual(await listAll(store), names.toSorted());
      assert.ok((await store.list("")).every(({ bytes }) => bytes === 10));
    });

    check("what is deleted is gone, and nothing else", async ({ store }) => {
      for (const number of [1, 2, 3]) await store.put(nameOf(number), BYTES.subarray(0, number));
      await store.delete(nameOf(2));
      await store.delete(nameOf(2));
      assert.deepEqual(await listAll(store), [nameOf(1), nameOf(3)].toSorted());
      assert.equal(await store.length(nameOf(2)), undefined);
    });

    check("a part that is put again is there once", async ({ store }) => {
      await store.put(nameOf(1), BYTES.subarray(0, 100));
      await store.put(nameOf(1), BYTES.subarray(0, 100));
      assert.deepEqual(await store.list(""), [{ name: nameOf(1), bytes: 100 }]);
    });

    check("parts are there after the process has ended", async (fixture) => {
      await fixture.store.put(nameOf(1), BYTES);
      const after = await fixture.reopen();
      assert.deepEqual(await after.read(nameOf(1), 0, BYTES.length), BYTES);
    });
  });
}
