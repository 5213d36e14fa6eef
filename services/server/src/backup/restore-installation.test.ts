/** A backup brought forward to a moment has the people and the messages of that moment, and none that came later. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { Session } from "@parley/contracts";
import type { ClientMessageId, ConversationId, TenantId, UserId } from "@parley/protocol";
import { textBody } from "@parley/protocol";
import { type Parley, openParley } from "../parley.js";
import { masterKeyFile } from "../keys/master-key-sources.js";
import { restoreInstallation } from "./restore-installation.js";

const TENANT = "main" as TenantId;
const ambient = systemAmbient();

test("a moment between two messages, with users and sessions that were made after the backup", async () => {
  const root = await mkdtemp(join(tmpdir(), "parley-moment-"));
  const at = (name: string): string => join(root, name);
  try {
    const first = await open(at("data"), at("archive"));
    await addUser(first, "ann");
    await first.backups.start(at("backup"), 0);
    await until(() => first.backups.status.state === "done");
    await addUser(first, "bob");
    const ann = await signIn(first, "ann");
    const conversationId = await first.message.createDirect(ann.session, "bob" as UserId);
    await send(first, ann.session, { conversationId, number: 1, text: "before" });
    await nextMillisecond();
    const moment = Date.now();
    await nextMillisecond();
    await send(first, ann.session, { conversationId, number: 2, text: "after" });
    await addUser(first, "carl");
    const { epoch } = first;
    await first.close();

    await restore("at-moment", moment);
    await copyFile(at("data/keys/master.key"), at("at-moment/keys/master.key"));
    const second = await open(at("at-moment"));
    assert.deepEqual(await usersOf(second), ["ann", "bob"]);
    // The session was issued after the backup and before the moment.
    const session = await second.accounts.verify(ann.token);
    assert.deepEqual(await textsOf(second, session, conversationId), ["before"]);
    await send(second, session, { conversationId, number: 2, text: "instead" });
    assert.deepEqual(await textsOf(second, session, conversationId), ["before", "instead"]);
    assert.ok(second.epoch > epoch);
    await second.close();

    await restore("at-end");
    await copyFile(at("data/keys/master.key"), at("at-end/keys/master.key"));
    const third = await open(at("at-end"));
    assert.deepEqual(await usersOf(third), ["ann", "bob", "carl"]);
    assert.deepEqual(await textsOf(third, session, conversationId), ["before", "after"]);
    await third.close();

    assert.equal(await restore("too-early", 1).catch(failureCode), "backup-too-new");
  } finally {
    await rm(root, { recursive: true });
  }

  function restore(name: string, untilMs?: number): Promise<unknown> {
    const archive = { directory: at("archive"), ...(untilMs === undefined ? {} : { untilMs }) };
    const masterKey = masterKeyFile(at("data/keys/master.key"));
    return restoreInstallation({ from: at("backup"), to: at(name), ambient, archive, masterKey });
  }
});

async function open(dataDirectory: string, archive?: string): Promise<Parley> {
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const archived = archive === undefined ? {} : { archive: { directory: archive, intervalMs: 60_000 } };
  return openParley({ dataDirectory, ambient, onFatal, ...archived });
}

async function addUser(parley: Parley, name: string): Promise<void> {
  await parley.accounts.addUser({ tenantId: TENANT, userId: name as UserId, name });
}

async function signIn(
  parley: Parley,
  name: string,
): Promise<{ readonly session: Session; readonly token: string }> {
  return parley.accounts.issueToken({ tenantId: TENANT, userId: name as UserId, deviceName: "test" });
}

async function usersOf(parley: Parley): Promise<readonly string[]> {
  const { users } = await parley.accounts.listUsers(TENANT, { prefix: "", after: "", limit: 10 });
  return users.map(({ userId }) => userId);
}

async function send(
  parley: Parley,
  session: Session,
  message: { readonly conversationId: ConversationId; readonly number: number; readonly text: string },
): Promise<void> {
  const { conversationId, number, text } = message;
  const clientMessageId = `${text}-${number}` as ClientMessageId;
  const body = textBody(text);
  await parley.message.send(session, { conversationId, clientMessageId, number, body });
}

async function textsOf(
  parley: Parley,
  session: Session,
  conversationId: ConversationId,
): Promise<readonly string[]> {
  const page = { conversationId, before: 0, after: 0, atMs: 0, limit: 100, isForward: true };
  const { messages } = await parley.message.history(session, page);
  return messages.map(({ body }) => body?.text?.text ?? "");
}

async function nextMillisecond(): Promise<void> {
  const nowMs = Date.now();
  await until(() => Date.now() > nowMs + 1);
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < 20_000, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
