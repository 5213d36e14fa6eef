import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { manualAmbient, ManualTime, seededRandom } from "@parley/base/testing";
import { KeyStore } from "./key-store.js";
import { Keyring } from "./keyring.js";
import { decodeStore, encodeStore } from "./store-state.js";
import { MemoryKeyFiles } from "./testing/memory-key-files.js";
import { openTestKeyring, TEST_MASTER } from "./testing/open-keyring.js";
import { secretKey } from "./wrapping.js";

const MASTER = secretKey(TEST_MASTER);
const AAD = new Uint8Array(0);

async function storeWithKeys(): Promise<MemoryKeyFiles> {
  const files = new MemoryKeyFiles();
  const keyring = await openTestKeyring({ ...manualAmbient(new ManualTime()), files });
  await keyring.prepare(["", "main"]);
  await keyring.shredConversation("main", "g:gone");
  await keyring.prepare(["acme"]);
  await keyring.shredTenant("acme");
  return files;
}

test("what is written is read again", async () => {
  const files = await storeWithKeys();
  const bytes = Buffer.from(files.content.get("store")!);
  deepEqual(encodeStore(decodeStore(bytes, "store")), bytes);
});

test("another master key is refused and nothing is changed", async () => {
  const files = await storeWithKeys();
  const before = new Map(files.content);
  const other = secretKey(new Uint8Array(32));
  equal(await KeyStore.open(files, other).catch(failureCode), "master-key-wrong");
  deepEqual(files.content, before);
});

test("a missing store is refused", async () => {
  equal(await KeyStore.open(new MemoryKeyFiles(), MASTER).catch(failureCode), "key-store-missing");
});

test("every truncation is refused, with the place", async () => {
  const whole = (await storeWithKeys()).content.get("store")!;
  for (let length = 0; length < whole.length; length++) {
    const files = new MemoryKeyFiles();
    files.content.set("store", whole.slice(0, length));
    await rejects(KeyStore.open(files, MASTER), (error: Error & { details?: { offset?: number } }) => {
      equal(failureCode(error), "keys-corrupt");
      return error.message.includes("keys/store") && Number.isInteger(error.details?.offset);
    });
  }
});

test("every flipped bit is refused", async () => {
  const whole = (await storeWithKeys()).content.get("store")!;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const damaged = whole.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const files = new MemoryKeyFiles();
    files.content.set("store", damaged);
    equal(await KeyStore.open(files, MASTER).catch(failureCode), "keys-corrupt", `bit ${bit}`);
  }
});

/** Changes of every kind, each stopped at every step: afterwards all that was sealed before is open. */
for (const change of [
  "prepare",
  "rotateTenant",
  "rotateMaster",
  "shredTenant",
  "shredConversation",
] as const) {
  test(`a process that ends at any step of ${change} leaves a store that opens all it should`, async () => {
    for (let stepsLeft = 0; ; stepsLeft++) {
      const files = new MemoryKeyFiles();
      const ambient = { ...manualAmbient(new ManualTime()), random: seededRandom(stepsLeft) };
      const keyring = await openTestKeyring({ ...ambient, files });
      await keyring.prepare(["main", "acme"]);
      const owners = [
        { tenant: "main" },
        { tenant: "main", conversation: "g:1" },
        { tenant: "acme", conversation: "g:1" },
      ];
      const sealed = owners.map((owner) =>
        keyring.seal(keyring.sealingKey(owner)!, AAD, Buffer.from(JSON.stringify(owner))),
      );
      files.stepsLeft = stepsLeft;
      const newMaster = new Uint8Array(32).fill(9);
      const run = {
        prepare: () => keyring.prepare(["other"]),
        rotateTenant: () => keyring.rotateTenant("main"),
        rotateMaster: () => keyring.rotateMaster(newMaster),
        shredTenant: () => keyring.shredTenant("acme"),
        shredConversation: () => keyring.shredConversation("acme", "g:1"),
      };
      const isDone = await run[change]().then(
        () => true,
        () => false,
      );
      files.stepsLeft = Infinity;
      const again = await KeyStore.open(files, MASTER).catch(() =>
        KeyStore.open(files, secretKey(newMaster)),
      );
      const reopened = await openOver(again, ambient);
      const read = owners.map((owner, index) => reopened.open(owner, AAD, sealed[index]!)?.toString());
      const expected: (string | undefined)[] = owners.map((owner) => JSON.stringify(owner));
      const isShred = change.startsWith("shred");
      if (isShred && read[2] === undefined) expected[2] = undefined;
      deepEqual(read, expected);
      if (isDone) {
        if (isShred) equal(read[2], undefined);
        equal(stepsLeft > 3, true);
        return;
      }
    }
  });
}

async function openOver(store: KeyStore, ambient: ReturnType<typeof manualAmbient>): Promise<Keyring> {
  return new Keyring({ ...ambient, store });
}

test("wrapped bytes of a destroyed key are in no file afterwards", async () => {
  const files = new MemoryKeyFiles();
  const keyring = await openTestKeyring({ ...manualAmbient(new ManualTime()), files });
  await keyring.prepare(["main", "acme"]);
  const { key, tree } = keyring.state.tenants.get("acme")!;
  const dataKeys = [...keyring.state.dataKeys.values()].filter(({ tenant }) => tenant === "acme");
  const secrets = [key, tree, ...dataKeys.map((each) => each.key)];
  const found = (): readonly boolean[] => {
    const text = [...files.content.values()].map((bytes) => Buffer.from(bytes).toString()).join("");
    return secrets.map((secret) => text.includes(secret));
  };
  deepEqual(found(), [true, true, true]);
  await keyring.shredTenant("acme");
  deepEqual(found(), [false, false, false]);
});
