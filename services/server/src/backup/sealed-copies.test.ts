/** Goal: no text of anybody, and no master key, is in a backup or an archive. Shown to be able to fail without encryption. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import type { ClientMessageId, TenantId, UserId } from "@parley/protocol";
import { textBody } from "@parley/protocol";
import { openParley } from "../parley.js";

const TENANT = "main" as TenantId;
const CANARY = "canary-in-a-mine-4711";
const MESSAGES = 200;
const ambient = systemAmbient();

test("no text is in the copies of an encrypted installation, nor its master key", async () => {
  assert.deepEqual(await copiesWith(true), { backup: [], archive: [] });
});

test("text is found in the copies of an installation that is not encrypted", async () => {
  const { backup, archive } = await copiesWith(false);
  assert.ok(backup.some((name) => name.endsWith(".seg")) && archive.length > 0);
});

/** The files of a backup and of an archive that hold the canary or the master key. */
async function copiesWith(
  isEncrypted: boolean,
): Promise<{ readonly backup: readonly string[]; readonly archive: readonly string[] }> {
  const root = await mkdtemp(join(tmpdir(), "parley-sealed-"));
  const at = (name: string): string => join(root, name);
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const archive = { directory: at("archive"), intervalMs: 60_000 };
  const parley = await openParley({ dataDirectory: at("data"), ambient, isEncrypted, archive, onFatal });
  try {
    await parley.accounts.addUsers(TENANT, [
      { userId: "ann" as UserId, name: CANARY },
      { userId: "bob" as UserId, name: "Bob" },
    ]);
    const { session } = await parley.accounts.issueToken({
      tenantId: TENANT,
      userId: "ann" as UserId,
      deviceName: CANARY,
    });
    const conversationId = await parley.message.createDirect(session, "bob" as UserId);
    for (let number = 1; number <= MESSAGES; number++) {
      const clientMessageId = `c${number}` as ClientMessageId;
      const body = textBody(`${CANARY} ${number}`);
      await parley.message.send(session, { conversationId, clientMessageId, number, body });
    }
    await parley.backups.start(at("backup"), 0);
    for (let turns = 0; parley.backups.status.state === "running"; turns++) {
      assert.ok(turns < 20_000, "it takes too long");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal(parley.backups.status.state, "done");
  } finally {
    await parley.close();
  }
  try {
    const secrets = [CANARY];
    if (isEncrypted) secrets.push((await readFile(join(at("data"), "keys/master.key"), "utf8")).trim());
    return {
      backup: await filesWith(at("backup"), secrets),
      archive: await filesWith(at("archive"), secrets),
    };
  } finally {
    await rm(root, { recursive: true });
  }
}

async function filesWith(directory: string, secrets: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  let files = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files += 1;
    const content = await readFile(join(entry.parentPath, entry.name));
    if (secrets.some((secret) => content.includes(secret))) found.push(entry.name);
  }
  assert.ok(files >= 2);
  return found;
}
