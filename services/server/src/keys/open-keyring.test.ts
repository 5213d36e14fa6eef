import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import { RecordingLogger } from "@parley/base/testing";
import type { TenantId, UserId } from "@parley/protocol";
import { type Parley, type ParleyOptions, openParley } from "../parley.js";
import { masterKeyCommand, masterKeyFile, masterKeyText } from "./master-key-sources.js";

const TENANT = "main" as TenantId;
const HEX = "ab".repeat(32);

interface Place {
  readonly root: string;
  readonly data: string;
  readonly masterPath: string;
  readonly logger: RecordingLogger;
  readonly open: (options?: Partial<ParleyOptions>) => Promise<Parley>;
  /** What the refusal is, and whether it left every file as it was. */
  readonly refusal: (options?: Partial<ParleyOptions>) => Promise<readonly [string | undefined, boolean]>;
}

/** An installation with a user, closed again. */
async function withInstallation(
  work: (place: Place) => Promise<void>,
  first: Partial<ParleyOptions> = {},
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "parley-keys-"));
  const data = join(root, "data");
  const logger = new RecordingLogger();
  const open: Place["open"] = (options) =>
    openParley({
      dataDirectory: data,
      ambient: { ...systemAmbient(), logger },
      onFatal: (error) => {
        throw error;
      },
      ...options,
    });
  const refusal: Place["refusal"] = async (options) => {
    const before = await filesOf(data);
    const code = await open(options).then(
      async (parley) => {
        await parley.close();
        return undefined;
      },
      (error: unknown) => failureCode(error) ?? String(error),
    );
    return [code, JSON.stringify(await filesOf(data)) === JSON.stringify(before)];
  };
  try {
    const parley = await open(first);
    await parley.accounts.addUser({ tenantId: TENANT, userId: "ann" as UserId, name: "Ann" });
    await parley.close();
    await work({ root, data, masterPath: join(data, "keys", "master.key"), logger, open, refusal });
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Every file and what is in it, but for the lock's own files and its holder's number. */
async function filesOf(directory: string): Promise<readonly (readonly [string, string])[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("/lock/") && !path.endsWith("holder.pid"))
    .toSorted();
  return Promise.all(paths.map(async (path) => [path, await readFile(path, "base64")] as const));
}

async function names(parley: Parley): Promise<unknown> {
  try {
    return (await parley.accounts.findUsers(TENANT, ["ann" as UserId])).map((user) => user?.name);
  } finally {
    await parley.close();
  }
}

test("the first start makes a master key for its owner only, says so, and the next starts use it", async () => {
  await withInstallation(async ({ masterPath, logger, open }) => {
    assert.equal((await stat(masterPath)).mode & 0o777, 0o600);
    assert.match(await readFile(masterPath, "utf8"), /^[0-9a-f]{64}\n$/);
    assert.deepEqual(logger.warnings, ["master-key-made"]);
    assert.deepEqual(await names(await open()), ["Ann"]);
    assert.deepEqual(logger.warnings, ["master-key-made"]);
  });
});

test("a master key that was moved away is found by a file, a variable or a command", async () => {
  await withInstallation(async ({ root, masterPath, open }) => {
    const moved = join(root, "key");
    await rename(masterPath, moved);
    const text = await readFile(moved, "utf8");
    for (const masterKey of [
      masterKeyFile(moved),
      masterKeyText(text, "PARLEY_MASTER_KEY"),
      masterKeyCommand(`cat '${moved}'`, "--master-key-command"),
    ]) {
      assert.deepEqual(await names(await open({ masterKey })), ["Ann"]);
    }
  });
});

test("no start without the right master key changes anything", async () => {
  await withInstallation(async ({ root, masterPath, refusal }) => {
    const wrong = masterKeyText(HEX, "PARLEY_MASTER_KEY");
    assert.deepEqual(await refusal({ masterKey: wrong }), ["master-key-wrong", true]);
    const malformed = masterKeyText("short", "PARLEY_MASTER_KEY");
    assert.deepEqual(await refusal({ masterKey: malformed }), ["master-key-malformed", true]);
    const nowhere = masterKeyFile(join(root, "nowhere"));
    assert.deepEqual(await refusal({ masterKey: nowhere }), ["master-key-missing", true]);
    for (const command of ["exit 3", "yes", "definitely-no-such-command"]) {
      const masterKey = masterKeyCommand(command, "--master-key-command");
      assert.deepEqual(await refusal({ masterKey }), ["master-key-unavailable", true], command);
    }
    await chmod(masterPath, 0o640);
    assert.deepEqual(await refusal(), ["master-key-exposed", true]);
    await rm(masterPath);
    assert.deepEqual(await refusal(), ["master-key-missing", true]);
  });
});

test("no start with a key store that is not whole changes anything", async () => {
  await withInstallation(async ({ data, refusal }) => {
    const path = join(data, "keys", "store");
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, whole.length - 1));
    assert.deepEqual(await refusal(), ["keys-corrupt", true]);
    await writeFile(path, whole.subarray(0, whole.indexOf("\n") + 1));
    assert.deepEqual(await refusal(), ["keys-corrupt", true]);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1]! ^= 1;
    await writeFile(path, flipped);
    assert.deepEqual(await refusal(), ["keys-corrupt", true]);
    await rm(path);
    assert.deepEqual(await refusal(), ["key-store-missing", true]);
    await writeFile(path, whole);
    assert.deepEqual((await refusal())[0], undefined);
  });
});

test("a first start with a bad source of the master key makes nothing", async () => {
  const root = await mkdtemp(join(tmpdir(), "parley-keys-"));
  const masterKey = masterKeyFile(join(root, "nowhere"));
  const onFatal = (): void => {};
  const opening = openParley({
    dataDirectory: join(root, "data"),
    ambient: systemAmbient(),
    onFatal,
    masterKey,
  });
  assert.equal(await opening.catch(failureCode), "master-key-missing");
  assert.deepEqual(await readdir(root), []);
  await rm(root, { recursive: true });
});

test("a first start that was cut off before the store was made goes on", async () => {
  const root = await mkdtemp(join(tmpdir(), "parley-keys-"));
  const format = { format: 2, createdBy: "parley 0.1.0", isEncrypted: true };
  await writeFile(join(root, "format.json"), JSON.stringify(format));
  await mkdir(join(root, "keys"));
  await writeFile(join(root, "keys", "master.key.draft"), "ab");
  const parley = await openParley({ dataDirectory: root, ambient: systemAmbient(), onFatal: () => {} });
  await parley.close();
  assert.deepEqual((await readdir(join(root, "keys"))).toSorted(), ["master.key", "store"]);
  await rm(root, { recursive: true });
});

test("encryption is decided when a directory is made", async () => {
  await withInstallation(async ({ refusal }) => {
    assert.deepEqual(await refusal({ isEncrypted: false }), ["encryption-fixed", true]);
  });
  const withoutKeys = async ({ data, logger, open }: Place): Promise<void> => {
    assert.deepEqual(logger.warnings, ["not-encrypted"]);
    assert.deepEqual(await names(await open()), ["Ann"]);
    assert.equal((await readdir(data)).includes("keys"), false);
  };
  await withInstallation(withoutKeys, { isEncrypted: false });
});
