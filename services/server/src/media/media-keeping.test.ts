/** Files of messages are in backups and go with the keys; nothing of them can be read on the disk; damage is told. */
import assert from "node:assert/strict";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { Session } from "@parley/contracts";
import {
  Body,
  type ClientMessageId,
  type ConversationId,
  MediaBody,
  type MediaId,
  type TenantId,
  filled,
} from "@parley/protocol";
import { restoreInstallation } from "../backup/restore-installation.js";
import type { Parley } from "../parley.js";
import { MESSAGES, startChat, type TestDirectory, withDirectory } from "../testing/closed-installation.js";
import { uploadFile } from "../testing/upload-file.js";
import { findTexts } from "../testing/data-scan.js";

const CANARY = "tK7qZr-Vw3n-caNARy-of-a-file";
const BYTES = Buffer.from(`${CANARY} `.repeat(60_000));
const AT_ONCE = { isGentle: false };
const WAIT_TURNS_MAX = 5_000;

interface Sent {
  readonly tenantId: TenantId;
  readonly session: Session;
  readonly conversationId: ConversationId;
  readonly mediaId: MediaId;
  readonly sequence: number;
}

function upload(parley: Parley, session: Session, bytes: Uint8Array = BYTES): Promise<MediaId> {
  return uploadFile(parley, session, { name: `${CANARY}.txt`, type: "text/plain", bytes });
}

/** A chat of a tenant, with a file in it as number `MESSAGES + 1` of Ann's. */
async function sendFile(parley: Parley, tenant: string): Promise<Sent> {
  const chat = await startChat(parley, tenant, "text");
  const mediaId = await upload(parley, chat.session);
  const { sequence } = await parley.message.send(chat.session, {
    conversationId: chat.conversationId,
    clientMessageId: "file" as ClientMessageId,
    number: MESSAGES + 1,
    body: filled(Body, { media: filled(MediaBody, { mediaId, caption: `${CANARY} caption` }) }),
  });
  return { ...chat, mediaId, sequence };
}

async function read(parley: Parley, { session, ...request }: Sent): Promise<Buffer> {
  const content = await parley.media!.service.openOfMessage(session, { ...request, isThumbnail: false });
  const pieces: Uint8Array[] = [];
  for await (const piece of content.read(0, content.bytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; !isTrue(); turn++) {
    assert.ok(turn < WAIT_TURNS_MAX, "it comes within so many turns");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function storedFiles({ data }: Pick<TestDirectory, "data">): Promise<readonly string[]> {
  return (await readdir(join(data, "media"), { recursive: true })).filter((name) => /\.\d{6}\./.test(name));
}

test("a backup has every file, though its message is recalled while it is taken", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    const sent = await sendFile(parley, "main");
    await parley.checkpoint();
    await parley.backups.start(join(directory.root, "backup"), 4_000_000);
    await until(() => parley.backups.status.bytes > 0);
    await parley.message.recall(sent.session, sent);
    const walking = parley.media!.keeper.run(AT_ONCE);
    await until(() => parley.backups.status.state !== "running");
    assert.equal(parley.backups.status.state, "done");
    assert.equal((await walking).unshown, 1, "it went on when the backup was done");
    assert.deepEqual(await storedFiles(directory), []);
    await parley.close();
    const to = join(directory.root, "restored");
    await restoreInstallation({ from: join(directory.root, "backup"), to, ambient: systemAmbient() });
    await cp(join(directory.data, "keys/master.key"), join(to, "keys/master.key"));
    const restored = await directory.open({ dataDirectory: to });
    assert.ok((await read(restored, sent)).equals(BYTES));
    assert.equal((await restored.media!.keeper.run(AT_ONCE)).files, 1);
    await restored.close();
  });
});

test("with a conversation's key its files go; with a tenant's key they cannot be read by anybody", async () => {
  await withDirectory(async (directory) => {
    const first = await directory.open();
    const gone = await sendFile(first, "main");
    const dead = await sendFile(first, "acme");
    const other = await sendFile(first, "zoo");
    await first.close();
    const shredding = await directory.open();
    await shredding.encryption!.shredConversation(gone, () => undefined);
    await shredding.close();
    const second = await directory.open();
    assert.equal(await read(second, gone).catch(failureCode), "not-a-member");
    assert.equal((await second.media!.keeper.run(AT_ONCE)).unshown, 1);
    await second.close();
    const shreddingAll = await directory.open();
    await shreddingAll.encryption!.shredTenant("acme" as TenantId);
    await shreddingAll.close();
    const third = await directory.open();
    assert.equal(await read(third, dead).catch(failureCode), "not-a-member");
    // Its rows are gone with the key: what is left of its files is nobody's.
    const { files, strayParts } = await third.media!.keeper.run(AT_ONCE);
    assert.deepEqual([files, strayParts], [1, 2]);
    assert.ok((await read(third, other)).equals(BYTES));
    await third.close();
  });
});

test("nothing of a file, its name or its caption is on the disk in plain; without encryption it would be found", async () => {
  for (const isEncrypted of [true, false]) {
    await withDirectory(async (directory) => {
      const parley = await directory.open({ isEncrypted });
      await sendFile(parley, "main");
      await parley.close();
      const found = new Set((await findTexts(directory.data, [CANARY])).get(CANARY));
      const places = ["media", "conversation-message-block"].map((place) => found.has(place));
      assert.deepEqual([found.size > 0, places], [!isEncrypted, [!isEncrypted, !isEncrypted]]);
    });
  }
});

test("a file that was damaged or removed is told, and everything else goes on", async () => {
  for (const isEncrypted of [true, false]) {
    await withDirectory(async (directory) => {
      const parley = await directory.open({ isEncrypted });
      const sent = await sendFile(parley, "main");
      const [first, second] = (await storedFiles(directory))
        .map((name) => join(directory.data, "media", name))
        .toSorted();
      const sound = await readFile(second!);
      const damaged = Buffer.from(sound);
      damaged[1_000]! ^= 1;
      await writeFile(second!, damaged);
      const codes = [await read(parley, sent).catch(failureCode)];
      await writeFile(second!, sound.subarray(0, 1_000));
      codes.push(await read(parley, sent).catch(failureCode));
      await rm(second!);
      codes.push(await read(parley, sent).catch(failureCode));
      await writeFile(second!, sound);
      assert.deepEqual(codes, ["blob-corrupt", "blob-corrupt", "blob-missing"]);
      assert.ok((await read(parley, sent)).equals(BYTES));
      assert.ok(first !== second);
      await parley.close();
    });
  }
});
