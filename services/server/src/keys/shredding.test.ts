import assert from "node:assert/strict";
import { cp, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import type { UserId } from "@parley/protocol";
import {
  MESSAGES,
  TestDirectory,
  readTexts,
  sendMany,
  startChat,
  verifyClosed,
  withDirectory,
} from "../testing/closed-installation.js";
import type { Parley } from "../parley.js";

const PROGRESS = (): void => {};

test("a shredded conversation is gone for everybody, and nothing else is", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    const gone = await startChat(parley, "main", "gone");
    const other = await startChat(parley, "acme", "other");
    const directId = await parley.message.createDirect(gone.session, "bob" as UserId);
    const direct = { ...gone, conversationId: directId };
    await sendMany(parley, direct, { text: "direct", count: 20 });
    const shredded = await parley.encryption!.shredConversation(gone, PROGRESS);
    assert.equal(shredded, 2);
    assert.equal(parley.stats().appendedRecords > MESSAGES, true);
    await parley.close();
    const again = await directory.open();
    assert.equal(await readTexts(again, gone).catch(failureCode), "not-a-member");
    const send = sendMany(again, gone, { text: "more", count: 1, from: MESSAGES + 1 });
    assert.equal(await send.catch(failureCode), "not-a-member");
    assert.deepEqual(
      [(await readTexts(again, direct)).length, (await readTexts(again, other)).length],
      [20, 100],
    );
    const list = await again.sync.listConversations(gone.session, { cursor: "", limit: 10 });
    assert.deepEqual(
      list.entries.map(({ conversationId }) => conversationId),
      [directId],
    );
    await again.close();
    assert.deepEqual(directory.fatal, []);
  });
});

test("a conversation that is shredded can be begun again, and shredded again", async () => {
  await withDirectory(async (directory) => {
    let chat = await directory.open().then(async (parley) => {
      const { session, ...rest } = await startChat(parley, "main", "first");
      const conversationId = await parley.message.createDirect(session, "bob" as UserId);
      await sendMany(parley, { ...rest, session, conversationId }, { text: "life 0", count: 30 });
      await parley.close();
      return { ...rest, session, conversationId };
    });
    for (let life = 0; life < 3; life++) {
      const parley = await directory.open();
      await parley.encryption!.shredConversation(chat, PROGRESS);
      await parley.close();
      const again = await directory.open();
      const conversationId = await again.message.createDirect(chat.session, "bob" as UserId);
      chat = { ...chat, conversationId };
      await sendMany(again, chat, { text: `life ${life + 1}`, count: 30 });
      await again.close();
      const last = await directory.open();
      const texts = await readTexts(last, chat);
      await last.close();
      assert.deepEqual(
        texts,
        Array.from({ length: 30 }, (_, index) => `life ${life + 1} ${index}`),
      );
    }
    assert.deepEqual(directory.fatal, []);
  });
});

test("what members of a shredded group wrote is found neither before nor after it is begun again", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    const gone = await startChat(parley, "main", "gone");
    const ann = "ann" as UserId;
    const find = async (from: Parley, senderId: UserId): Promise<unknown> => {
      const { conversationId } = gone;
      const request = { conversationId, senderId, before: 0, limit: 100 };
      const found = await from.message.messagesBySender(gone.session, request);
      return found.messages.map(({ body }) => body?.text?.text);
    };
    assert.equal(((await find(parley, ann)) as unknown[]).length, 100);
    await parley.encryption!.shredConversation(gone, PROGRESS);
    await parley.close();
    const shredded = await verifyClosed(directory);
    const again = await directory.open();
    assert.equal(await find(again, ann).catch(failureCode), "not-a-member");
    // Under the same name: at the places of the old messages there are others, by somebody else.
    const group = { name: "group", title: "Anew", userIds: ["bob" as UserId], isHistoryOpen: true };
    assert.equal(await again.message.createGroup(gone.session, group), gone.conversationId);
    const bob = { tenantId: gone.tenantId, userId: "bob" as UserId, deviceName: "anew" };
    const { session } = await again.accounts.issueToken(bob);
    await sendMany(again, { ...gone, session }, { text: "anew", count: 10 });
    await again.checkpoint();
    assert.deepEqual(
      [await find(again, ann), ((await find(again, "bob" as UserId)) as unknown[]).length],
      [[], 10],
    );
    await again.close();
    const anew = await verifyClosed(directory);
    // The entries of the old life are still in the file, each with its row or its block.
    assert.equal(shredded.shreddedRows > MESSAGES, true);
    assert.deepEqual([shredded.wrong, anew.wrong, directory.fatal], [{}, {}, []]);
  });
});

test("what a shredded conversation left in queues and logs is in no file, not even sealed", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    const chat = await startChat(parley, "main", "gone");
    await parley.checkpoint();
    const before = await allBytes(directory);
    await parley.encryption!.shredConversation(chat, PROGRESS);
    await parley.close();
    const names = await readdir(join(directory.data, "journal"));
    assert.equal(names.length, 1);
    const again = await directory.open();
    const queue = await again.sync.listConversations(chat.session, { cursor: "", limit: 10 });
    assert.deepEqual(queue.entries, []);
    await again.close();
    // The keys of queue rows name table and user; LevelDB writes them as they are.
    const left = await allBytes(directory);
    const isThere = (bytes: Buffer): boolean => bytes.includes("sync-queue-block\u0000\u0002main");
    assert.deepEqual([isThere(before), isThere(left)], [true, false]);
  });
});

test("of a shredded tenant nothing can be read, others are as they were, and its name can be used again", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    const gone = await startChat(parley, "main", "gone");
    const other = await startChat(parley, "acme", "other");
    await parley.encryption!.shredTenant(gone.tenantId);
    await parley.close();
    const again = await directory.open();
    assert.equal(await readTexts(again, gone).catch(failureCode), "not-a-member");
    assert.deepEqual(await again.accounts.findUsers(gone.tenantId, ["ann" as UserId]), [undefined]);
    assert.deepEqual(
      (await again.accounts.listUsers(gone.tenantId, { prefix: "", after: "", limit: 9 })).users,
      [],
    );
    assert.equal((await readTexts(again, other)).length, 100);
    const anew = await startChat(again, "main", "anew");
    assert.equal((await readTexts(again, anew)).length, 100);
    await again.close();
    const last = await directory.open();
    assert.equal((await readTexts(last, anew))[0]?.startsWith("anew"), true);
    assert.deepEqual(
      last.encryption!.keys.status().shreddedTenants.map(({ tenant }) => tenant),
      ["main"],
    );
    await last.close();
    assert.deepEqual(directory.fatal, []);
  });
});

test("records of a tenant whose key is destroyed are passed over, and those around them are applied", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    const gone = await startChat(parley, "main", "gone");
    const other = await startChat(parley, "acme", "other");
    // As if the process had ended between the key's end and that of the logs: what follows is in the logs alone.
    await parley.encryption!.keys.shredTenant("main");
    const copy = await cutOff(directory);
    await parley.close();
    const again = await copy.open();
    assert.equal(await readTexts(again, gone).catch(failureCode), "not-a-member");
    assert.equal((await readTexts(again, other)).length, 100);
    await again.close();
    assert.deepEqual(copy.fatal, []);
  });
});

test("a tenant that has no key is not shredded, nor is the installation", async () => {
  await withDirectory(async (directory) => {
    const parley = await directory.open();
    for (const tenant of ["nobody", ""]) {
      const code = await parley.encryption!.shredTenant(tenant as never).catch(failureCode);
      assert.equal(code, "tenant-has-no-key");
    }
    await parley.close();
  });
});

async function allBytes(directory: TestDirectory): Promise<Buffer> {
  const path = join(directory.data, "tables");
  const names = await readdir(path);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(path, name)))));
}

async function cutOff(directory: TestDirectory): Promise<TestDirectory> {
  const root = join(directory.root, "copy");
  await cp(directory.data, join(root, "data"), { recursive: true });
  return new TestDirectory(root);
}
