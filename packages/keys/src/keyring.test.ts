import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { ManualTime, seededRandom } from "@parley/base/testing";
import type { KeyOwner } from "./key-owner.js";
import { type Keyring, SEALS_PER_KEY_MAX } from "./keyring.js";
import { sealHead } from "./seal-format.js";
import { MemoryKeyFiles } from "./testing/memory-key-files.js";
import { openTestKeyring } from "./testing/open-keyring.js";

const AAD = Buffer.from("row");
const MAIN: KeyOwner = { tenant: "main" };
const ONE: KeyOwner = { tenant: "main", conversation: "g:1" };
const TWO: KeyOwner = { tenant: "main", conversation: "g:2" };
let seed = 1;

async function open(
  files = new MemoryKeyFiles(),
  { clock = new ManualTime(), sealsPerKeyMax = SEALS_PER_KEY_MAX } = {},
): Promise<Keyring> {
  return openTestKeyring({ files, clock, random: seededRandom(seed++), sealsPerKeyMax });
}

async function seal(keyring: Keyring, owner: KeyOwner, text: string): Promise<Buffer> {
  if (keyring.sealingKey(owner) === undefined) await keyring.prepare([owner.tenant]);
  return keyring.seal(keyring.sealingKey(owner)!, AAD, Buffer.from(text));
}

function read(keyring: Keyring, owner: KeyOwner, sealed: Buffer): string | undefined {
  return keyring.open(owner, AAD, sealed)?.toString();
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return failureCode(error);
  }
}

test("what is sealed is open to its owner, also after opening the store again, and to nobody else", async () => {
  const files = new MemoryKeyFiles();
  const keyring = await open(files);
  const owners = [MAIN, ONE, TWO, { tenant: "" }];
  const sealed: Buffer[] = [];
  for (const owner of owners) sealed.push(await seal(keyring, owner, JSON.stringify(owner)));
  const again = await open(files);
  for (const [index, owner] of owners.entries()) {
    equal(read(keyring, owner, sealed[index]!), JSON.stringify(owner));
    equal(read(again, owner, sealed[index]!), JSON.stringify(owner));
  }
  equal(
    codeOf(() => read(again, TWO, sealed[1]!)),
    "seal-corrupt",
  );
  equal(
    codeOf(() => read(again, { tenant: "acme" }, sealed[0]!)),
    "seal-corrupt",
  );
  equal(
    codeOf(() => again.open(MAIN, Buffer.from("other row"), sealed[0]!)),
    "seal-corrupt",
  );
});

test("a seal whose key the store does not know says so", async () => {
  const keyring = await open();
  const sealed = await seal(keyring, MAIN, "a");
  sealed.writeUInt32BE(77, 1);
  equal(
    codeOf(() => read(keyring, MAIN, sealed)),
    "key-missing",
  );
});

test("a bond is there as long as what its key has sealed, and only its owner's", async () => {
  const files = new MemoryKeyFiles();
  const keyring = await open(files);
  const acme: KeyOwner = { tenant: "acme" };
  const owners = [MAIN, ONE, TWO, acme];
  const bonds = new Map<KeyOwner, Uint8Array>();
  const bind = async (owner: KeyOwner): Promise<void> => {
    if (keyring.sealingKey(owner) === undefined) await keyring.prepare([owner.tenant]);
    bonds.set(owner, keyring.bond(keyring.sealingKey(owner)!));
  };
  for (const owner of owners) await bind(owner);
  const state = async (): Promise<readonly boolean[]> => {
    const again = await open(files);
    const here = owners.map((owner) => keyring.isBound(owner, bonds.get(owner)!));
    deepEqual(
      owners.map((owner) => again.isBound(owner, bonds.get(owner)!)),
      here,
    );
    return here;
  };
  deepEqual(await state(), [true, true, true, true]);
  equal(
    codeOf(() => keyring.isBound(MAIN, bonds.get(acme)!)),
    "seal-corrupt",
  );
  equal(
    codeOf(() => keyring.isBound(MAIN, new Uint8Array([3, 0, 0, 0, 77]))),
    "key-missing",
  );
  equal(
    codeOf(() => keyring.isBound(MAIN, new Uint8Array(0))),
    "seal-corrupt",
  );
  await keyring.shredConversation("main", "g:1");
  deepEqual(await state(), [true, false, true, true]);
  await bind(ONE);
  deepEqual(await state(), [true, true, true, true]);
  await keyring.shredTenant("main");
  deepEqual(await state(), [false, false, false, true]);
});

test("many who need keys at once share one change of the store, each durable before use", async () => {
  const files = new MemoryKeyFiles();
  const keyring = await open(files);
  await Promise.all(["a", "b", "c"].map((tenant) => keyring.prepare([tenant])));
  equal(keyring.sealingKey({ tenant: "d" }), undefined);
  deepEqual([...keyring.state.dataKeys.keys()], [1, 2, 3]);
  const again = await open(files);
  deepEqual([...again.state.dataKeys.keys()], [1, 2, 3]);
});

test("a new key is taken in a new month, after so many seals, and after opening again", async () => {
  const clock = new ManualTime();
  const files = new MemoryKeyFiles();
  const keyring = await open(files, { clock, sealsPerKeyMax: 2 });
  const ids: (number | undefined)[] = [];
  const take = async (ring: Keyring): Promise<void> => {
    ids.push(sealHead(await seal(ring, MAIN, "x"))?.keyId);
  };
  await take(keyring);
  await take(keyring);
  await take(keyring);
  clock.jump(31 * 24 * 3_600_000);
  await take(keyring);
  await take(await open(files, { clock }));
  deepEqual(ids, [1, 1, 2, 3, 4]);
});

test("no nonce comes twice under a key, also not in a copy of the directory", async () => {
  const files = new MemoryKeyFiles();
  const first = await open(files);
  const seen = new Set<string>();
  const note = async (keyring: Keyring): Promise<void> => {
    for (const owner of [MAIN, ONE, TWO, { tenant: "acme" }]) {
      const sealed = await seal(keyring, owner, "x");
      const { key } = keyring.state.dataKeys.get(sealHead(sealed)!.keyId)!;
      seen.add(`${key} ${owner.conversation} ${sealed.toString("hex", 5, 17)}`);
    }
  };
  await note(first);
  const copy = new MemoryKeyFiles();
  for (const [name, content] of files.content) copy.content.set(name, content);
  for (const keyring of [await open(files), await open(copy), await open(copy)]) await note(keyring);
  equal(seen.size, 16);
});

test("rotating a tenant's key wraps its data keys again, and what was sealed stays", async () => {
  const files = new MemoryKeyFiles();
  const keyring = await open(files);
  const sealed = [await seal(keyring, MAIN, "a"), await seal(keyring, ONE, "b")];
  const before = keyring.state;
  await keyring.rotateTenant("main");
  const after = keyring.state;
  deepEqual([before.tenants.get("main")!.version, after.tenants.get("main")!.version], [1, 2]);
  notEqual(after.dataKeys.get(1)!.key, before.dataKeys.get(1)!.key);
  for (const ring of [keyring, await open(files)]) {
    deepEqual([read(ring, MAIN, sealed[0]!), read(ring, ONE, sealed[1]!)], ["a", "b"]);
  }
  equal(sealHead(await seal(keyring, MAIN, "c"))?.keyId, 2);
});

test("a shredded tenant is gone, others stay, and its name begins anew", async () => {
  const files = new MemoryKeyFiles();
  const keyring = await open(files);
  const gone = [await seal(keyring, MAIN, "a"), await seal(keyring, ONE, "b")];
  const other = await seal(keyring, { tenant: "acme" }, "c");
  await keyring.shredTenant("main");
  const fresh = await seal(keyring, MAIN, "d");
  for (const ring of [keyring, await open(files)]) {
    deepEqual([read(ring, MAIN, gone[0]!), read(ring, ONE, gone[1]!)], [undefined, undefined]);
    deepEqual([read(ring, { tenant: "acme" }, other), read(ring, MAIN, fresh)], ["c", "d"]);
  }
});

test("a shredded conversation is gone, as often as it begins anew", async () => {
  const files = new MemoryKeyFiles();
  let keyring = await open(files);
  const lives: Buffer[] = [];
  const other = await seal(keyring, TWO, "two");
  const own = await seal(keyring, MAIN, "main");
  for (let life = 0; life < 3; life++) {
    lives.push(await seal(keyring, ONE, `life ${life}`));
    deepEqual(
      lives.map((sealed) => read(keyring, ONE, sealed)),
      lives.map((_, index) => (index === life ? `life ${life}` : undefined)),
    );
    await keyring.shredConversation("main", "g:1");
    await keyring.shredConversation("main", "g:1");
    keyring = await open(files);
    deepEqual([read(keyring, TWO, other), read(keyring, MAIN, own)], ["two", "main"]);
  }
  deepEqual(
    lives.map((sealed) => read(keyring, ONE, sealed)),
    [undefined, undefined, undefined],
  );
});

test("keys of tenants that were forgotten from memory are unwrapped again", async () => {
  const keyring = await open();
  const sealed: Buffer[] = [];
  for (let index = 0; index < 300; index++) {
    sealed.push(await seal(keyring, { tenant: `t${index}`, conversation: "g" }, String(index)));
  }
  for (const [index, each] of sealed.entries()) {
    equal(read(keyring, { tenant: `t${index}`, conversation: "g" }, each), String(index));
  }
});

test("a key may not be used after its turn: a new one is asked for", async () => {
  const keyring = await open();
  equal(keyring.sealingKey(MAIN), undefined);
  throws(() => keyring.open(MAIN, AAD, Buffer.from("never sealed")), { code: "seal-corrupt" });
});

test("each opening that seals has an epoch of its own, which is durable before it does", async () => {
  const files = new MemoryKeyFiles();
  const epochs: unknown[] = [];
  for (let opening = 0; opening < 3; opening++) {
    const keyring = await open(files);
    await keyring.prepare(["main"]);
    const stored = (await open(files)).state.epoch;
    const sealed = await seal(keyring, MAIN, "x");
    epochs.push([stored, sealed.readUInt32BE(5), Number(sealed.readBigUInt64BE(9))]);
  }
  deepEqual(epochs, [
    [1, 1, 1],
    [2, 2, 1],
    [3, 3, 1],
  ]);
});
