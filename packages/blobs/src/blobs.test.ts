/**
 * Goal: a blob gives back what was put into it, or says that it cannot, whatever became of its parts.
 *
 * Method: small parts and blocks, so that every bound is met; every byte of every part changed, parts cut, swapped, missing.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime, seededRandom } from "@parley/base/testing";
import type { Keyring } from "@parley/keys";
import { MemoryKeyFiles, openTestKeyring } from "@parley/keys/testing";
import * as fc from "fast-check";
import { type BlobSeals, checksums, keyringSeals } from "./blob-seals.js";
import { type Blob, Blobs } from "./blobs.js";
import { MemoryBlobs } from "./memory-blobs.js";
import { parsePartName, partName } from "./part-name.js";

const PART = 32;
const BLOCK = 8;
const ID = "0123456789abcdef0123456789abcdef";
const BYTES = Uint8Array.from({ length: 100 }, (_, index) => index + 1);
const BLOB: Blob = { tenant: "main", id: ID, variant: "", bytes: BYTES.length };

function openKeyring(): Promise<Keyring> {
  return openTestKeyring({ files: new MemoryKeyFiles(), clock: new ManualTime(), random: seededRandom(1) });
}

function smallBlobs(seals: BlobSeals, store = new MemoryBlobs()): { blobs: Blobs; store: MemoryBlobs } {
  return { store, blobs: new Blobs({ store, seals, partBytes: PART, blockBytes: BLOCK }) };
}

async function putAll(blobs: Blobs, blob: Blob = BLOB, bytes: Uint8Array = BYTES): Promise<void> {
  for (let part = 0; part * PART < blob.bytes; part++)
    await blobs.put(blob, part, bytes.subarray(part * PART, Math.min((part + 1) * PART, blob.bytes)));
}

async function readAll(blobs: Blobs, blob: Blob = BLOB, start = 0, end = blob.bytes): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of blobs.read(blob, start, end)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const PROTECTIONS: readonly (readonly [string, () => Promise<BlobSeals>])[] = [
  ["sealed", async () => keyringSeals(await openKeyring())],
  ["with checksums", async () => checksums],
];

for (const [protection, makeSeals] of PROTECTIONS) {
  describe(`a blob ${protection}`, () => {
    it("gives back any range of what was put", async () => {
      const { blobs } = smallBlobs(await makeSeals());
      await putAll(blobs);
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: 100 }), fc.nat({ max: 100 }), async (one, other) => {
          const [start, end] = [Math.min(one, other), Math.max(one, other)];
          assert.deepEqual(await readAll(blobs, BLOB, start, end), Buffer.from(BYTES.subarray(start, end)));
        }),
      );
    });

    it("holds as much as was put without a hole", async () => {
      const { blobs } = smallBlobs(await makeSeals());
      const held: number[] = [await blobs.heldBytes(BLOB)];
      for (const part of [0, 2, 1, 3]) {
        await blobs.put(BLOB, part, BYTES.subarray(part * PART, (part + 1) * PART));
        held.push(await blobs.heldBytes(BLOB));
      }
      assert.deepEqual(held, [0, 32, 32, 96, 100]);
    });

    it("refuses every byte that was changed, and every cut", async () => {
      const { blobs, store } = smallBlobs(await makeSeals());
      await putAll(blobs);
      const accepted: string[] = [];
      for (const [name, sound] of store.parts) {
        for (let at = 0; at < sound.length; at++) {
          const damaged = Uint8Array.from(sound);
          damaged[at]! ^= 1;
          for (const each of [damaged, sound.subarray(0, at)]) {
            store.parts.set(name, each);
            const code = await readAll(blobs).then(() => "read", failureCode);
            // A changed key number names a key that there is none of.
            if (code !== "blob-corrupt" && code !== "key-missing") accepted.push(`${name} ${at} ${code}`);
          }
        }
        store.parts.set(name, sound);
      }
      assert.deepEqual([accepted, (await readAll(blobs)).equals(BYTES)], [[], true]);
    });

    it("refuses parts and blocks in the place of others", async () => {
      const { blobs, store } = smallBlobs(await makeSeals());
      const other: Blob = { ...BLOB, id: ID.replace("0", "f") };
      const variant: Blob = { ...BLOB, variant: "thumbnail" };
      for (const blob of [BLOB, other, variant]) await putAll(blobs, blob);
      const nameOf = (blob: Blob, part: number): string => partName({ ...blob, part });
      const codes: (string | undefined)[] = [];
      const tryWith = async (bytes: Uint8Array): Promise<void> => {
        const sound = store.parts.get(nameOf(BLOB, 0))!;
        store.parts.set(nameOf(BLOB, 0), bytes);
        codes.push(await readAll(blobs).then(() => "read", failureCode));
        store.parts.set(nameOf(BLOB, 0), sound);
      };
      const first = store.parts.get(nameOf(BLOB, 0))!;
      const box = first.length / (PART / BLOCK);
      await tryWith(store.parts.get(nameOf(BLOB, 1))!);
      await tryWith(store.parts.get(nameOf(other, 0))!);
      await tryWith(store.parts.get(nameOf(variant, 0))!);
      await tryWith(
        Buffer.concat([first.subarray(box, 2 * box), first.subarray(0, box), first.subarray(2 * box)]),
      );
      assert.deepEqual(codes, ["blob-corrupt", "blob-corrupt", "blob-corrupt", "blob-corrupt"]);
    });

    it("is not read under another length: a cut at a part is no shorter blob", async () => {
      const { blobs } = smallBlobs(await makeSeals());
      await putAll(blobs);
      const code = await readAll(blobs, { ...BLOB, bytes: 64 }).then(() => "read", failureCode);
      assert.equal(code, "blob-corrupt");
    });

    it("says when a part is missing", async () => {
      const { blobs, store } = smallBlobs(await makeSeals());
      await putAll(blobs);
      store.parts.delete(partName({ ...BLOB, part: 2 }));
      const before = await readAll(blobs, BLOB, 0, 64);
      const code = await readAll(blobs).then(() => "read", failureCode);
      assert.deepEqual([before.length, code], [64, "blob-missing"]);
    });

    it("is gone when it is deleted, and its thumbnail is not", async () => {
      const { blobs, store } = smallBlobs(await makeSeals());
      const thumbnail: Blob = { ...BLOB, variant: "thumbnail", bytes: 5 };
      await putAll(blobs);
      await putAll(blobs, thumbnail);
      await blobs.delete(BLOB);
      await blobs.delete(BLOB);
      assert.deepEqual([...store.parts.keys()], [partName({ ...thumbnail, part: 0 })]);
    });
  });
}

it("what is stored of a sealed blob has nothing of what was put", async () => {
  const { blobs, store } = smallBlobs(keyringSeals(await openKeyring()));
  const text = Buffer.from("a secret that is longer than a block");
  const blob = { ...BLOB, bytes: text.length };
  await putAll(blobs, blob, text);
  const stored = Buffer.concat([...store.parts.values()]);
  assert.deepEqual([stored.includes("secret"), (await readAll(blobs, blob)).equals(text)], [false, true]);
});

it("a tenant's blobs cannot be read after its keys were destroyed, others can", async () => {
  const keyring = await openKeyring();
  const { blobs } = smallBlobs(keyringSeals(keyring));
  const other = { ...BLOB, tenant: "other" };
  await putAll(blobs);
  await putAll(blobs, other);
  await keyring.shredTenant("main");
  const code = await readAll(blobs).then(() => "read", failureCode);
  assert.deepEqual([code, (await readAll(blobs, other)).equals(BYTES)], ["blob-destroyed", true]);
});

it("a tenant's blob is not read as another's", async () => {
  const { blobs, store } = smallBlobs(keyringSeals(await openKeyring()));
  const other = { ...BLOB, tenant: "other" };
  await putAll(blobs);
  await putAll(blobs, other);
  store.parts.set(partName({ ...other, part: 0 }), store.parts.get(partName({ ...BLOB, part: 0 }))!);
  assert.equal(await readAll(blobs, other).then(() => "read", failureCode), "blob-corrupt");
});

it("names of parts are read back, and nothing else is one", () => {
  const part = { tenant: "a-1", id: ID, variant: "thumbnail", part: 12 };
  const others = ["", "x", `${ID}.1.main`, `../${ID}.000001.main`, `${ID}.000001.`, `${ID}.000001.main.new`];
  assert.deepEqual(
    [partName(part), parsePartName(partName(part)), others.map(parsePartName)],
    [`${ID}-thumbnail.000012.a-1`, part, others.map(() => undefined)],
  );
});
