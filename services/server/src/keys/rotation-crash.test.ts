/**
 * Goal: a rotation that ends anywhere, with the process or with the power, leaves keys that open all that was ever sealed, and
 * that can be rotated again.
 *
 * Method: every disk operation of every kind of rotation is the last one in turn, on a simulated disk. At a loss of power
 * whatever was not synced survives or not by chance. What is sealed before and after is opened by the next opening, which
 * does what the server's start does.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualAmbient, ManualTime, seededRandom } from "@parley/base/testing";
import { type FileOps, keyFilesOn } from "@parley/engine-embedded";
import { SimulatedDisk } from "@parley/engine-embedded/simulation";
import { type KeyOwner, KeyStore, Keyring, parseMasterKey, secretKey } from "@parley/keys";
import {
  leaveOwnMaster,
  makeOwnMaster,
  MASTER_FILE,
  NEXT_MASTER_FILE,
  openWithOwnMaster,
  renewOwnMaster,
} from "./own-master-key.js";

const PATH = "keys";
const AAD = new Uint8Array(0);
const OWNERS: readonly KeyOwner[] = [
  { tenant: "" },
  { tenant: "main" },
  { tenant: "main", conversation: "g:1" },
  { tenant: "acme", conversation: "g:1" },
];
const ELSEWHERE = new Uint8Array(32).fill(9);
/** Ways in which the disk may look after a loss of power, tried for each operation. */
const POWER_CUTS = 6;

interface Opened {
  readonly keyring: Keyring;
  readonly files: FileOps;
  readonly hasOwnMaster: boolean;
}

const ROTATIONS = {
  "a tenant's key": ({ keyring }) => keyring.rotateTenant("main"),
  "the master key in the directory": ({ keyring, files }, random) =>
    renewOwnMaster(keyring, { path: PATH, files }, random),
  "the master key to one elsewhere": ({ keyring, files }) =>
    leaveOwnMaster(keyring, { path: PATH, files }, ELSEWHERE),
} as const satisfies Readonly<
  Record<string, (opened: Opened, random: ReturnType<typeof seededRandom>) => Promise<void>>
>;

for (const [name, rotate] of Object.entries(ROTATIONS)) {
  for (const how of ["process", "power"] as const) {
    test(`${name} is rotated, and the ${how} ends at any operation of the disk`, async () => {
      let stops = 0;
      for (let operations = 0, isDone = false; !isDone; operations++) {
        for (let cut = 0; cut < (how === "power" ? POWER_CUTS : 1); cut++) {
          const random = seededRandom(1_000 * operations + cut);
          const disk = new SimulatedDisk();
          const sealed = new Map<string, Buffer>();
          await begin(disk, random);
          await sealMore(await open(disk, random), sealed, "before");
          const opened = await open(disk, random);
          stopAfter(disk, operations, random);
          isDone = await rotate(opened, random).then(
            () => true,
            () => false,
          );
          if (how === "power") disk.losePower(() => random.unit() < 0.5);
          else disk.endProcess();
          stops += 1;
          const again = await open(disk, random);
          assertOpen(again.keyring, sealed);
          if (isDone && name.startsWith("the master"))
            assert.deepEqual(
              [again.hasOwnMaster, disk.paths().includes(`${PATH}/${NEXT_MASTER_FILE}`)],
              [name.endsWith("directory"), false],
            );
          // What comes after a stop is as good as ever: seals, another rotation, the next start.
          await sealMore(again, sealed, "after");
          await rotate(again, random);
          const last = await open(disk, random);
          assertOpen(last.keyring, sealed);
        }
      }
      assert.ok(stops > 5, `${stops} stops`);
    });
  }
}

test("a first start whose process or power ends at any operation of the disk can be made again", async () => {
  for (let operations = 0, isDone = false; !isDone; operations++) {
    for (let cut = 0; cut < POWER_CUTS; cut++) {
      const random = seededRandom(7_000 + 100 * operations + cut);
      const disk = new SimulatedDisk();
      stopAfter(disk, operations, random);
      isDone = await begin(disk, random).then(
        () => true,
        () => false,
      );
      disk.losePower(() => random.unit() < 0.5);
      await begin(disk, random);
      const sealed = new Map<string, Buffer>();
      await sealMore(await open(disk, random), sealed, "first");
      assertOpen((await open(disk, random)).keyring, sealed);
    }
  }
});

/** A new installation: what it lacks yet of its keys is made. */
async function begin(disk: SimulatedDisk, random: ReturnType<typeof seededRandom>): Promise<void> {
  const files = disk.mount();
  const keyFiles = keyFilesOn(PATH, files);
  if ((await keyFiles.read(MASTER_FILE)) === undefined) await makeOwnMaster({ path: PATH, files }, random);
  if ((await keyFiles.read("store")) !== undefined) return;
  await KeyStore.create(keyFiles, secretKey(await keyIn(files, MASTER_FILE)), random);
}

/** As a start does; with the key elsewhere when the folder has none that fits. */
async function open(disk: SimulatedDisk, random: ReturnType<typeof seededRandom>): Promise<Opened> {
  const files = disk.mount();
  const ambient = { ...manualAmbient(new ManualTime()), random };
  try {
    const store = await openWithOwnMaster({ path: PATH, files }, (name) => keyIn(files, name));
    return { keyring: new Keyring({ ...ambient, store }), files, hasOwnMaster: true };
  } catch {
    const store = await KeyStore.open(keyFilesOn(PATH, files), secretKey(ELSEWHERE));
    return { keyring: new Keyring({ ...ambient, store }), files, hasOwnMaster: false };
  }
}

async function keyIn(files: FileOps, name: string): Promise<Uint8Array> {
  const bytes = await keyFilesOn(PATH, files).read(name);
  return parseMasterKey(Buffer.from(bytes ?? []).toString("utf8"), name);
}

/** Nothing is done on the disk any more after so many operations; a write that is cut off may be done in part. */
function stopAfter(disk: SimulatedDisk, operations: number, random: ReturnType<typeof seededRandom>): void {
  let left = operations;
  disk.faults = () => {
    left -= 1;
    return left < 0 ? { code: "EIO", bytesDone: Math.floor(random.unit() * 300) } : undefined;
  };
}

async function sealMore({ keyring }: Opened, sealed: Map<string, Buffer>, label: string): Promise<void> {
  await keyring.prepare(OWNERS.map(({ tenant }) => tenant));
  for (const [index, owner] of OWNERS.entries()) {
    const text = `${index} ${label}`;
    sealed.set(text, keyring.seal(keyring.sealingKey(owner)!, AAD, Buffer.from(text)));
  }
}

function assertOpen(keyring: Keyring, sealed: ReadonlyMap<string, Buffer>): void {
  const found = [...sealed].map(([text, bytes]) =>
    keyring.open(OWNERS[Number(text[0])], AAD, bytes)?.toString(),
  );
  assert.deepEqual(found, [...sealed.keys()]);
}
