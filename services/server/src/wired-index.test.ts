import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import type { Session } from "@parley/contracts";
import { openLevelTables } from "@parley/engine-embedded";
import type { ClientMessageId, TenantId, UserId } from "@parley/protocol";
import { textBody } from "@parley/protocol";
import { type Parley, openParley } from "./parley.js";

const TENANT = "main" as TenantId;
const [ANN, BOB] = ["ann" as UserId, "bob" as UserId];
/** Turns of the event loop until what is built in the background has to be ready. */
const TURNS_MAX = 1_000_000;

function open(dataDirectory: string): Promise<Parley> {
  const onFatal = (error: unknown): void => {
    throw error;
  };
  // Not encrypted, so that the tables can be opened without the server.
  return openParley({ dataDirectory, ambient: systemAmbient(), onFatal, isEncrypted: false });
}

async function sessionOf(parley: Parley, userId: UserId): Promise<Session> {
  return (await parley.accounts.issueToken({ tenantId: TENANT, userId, deviceName: "test" })).session;
}

test("what a member wrote is found at once, after a restart, and in an installation that is older than the index", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parley-index-"));
  try {
    const first = await open(join(directory, "data"));
    await first.accounts.addUsers(TENANT, [
      { userId: ANN, name: "Ann" },
      { userId: BOB, name: "Bob" },
    ]);
    const [ann, bob] = await Promise.all([sessionOf(first, ANN), sessionOf(first, BOB)]);
    const conversationId = await first.message.createGroup(ann, {
      name: "team",
      title: "Team",
      userIds: [BOB],
      isHistoryOpen: true,
    });
    for (const [index, session] of [ann, bob, ann].entries()) {
      await first.message.send(session, {
        conversationId,
        clientMessageId: `c${index}` as ClientMessageId,
        number: Math.floor(index / 2) + 1,
        body: textBody("hi"),
      });
    }
    const request = { conversationId, senderId: ANN, before: 0, limit: 10 };
    const find = async (parley: Parley): Promise<readonly string[]> =>
      (await parley.message.messagesBySender(bob, request)).messages.map(
        ({ clientMessageId }) => clientMessageId,
      );
    const atOnce = await find(first);
    await first.close();
    const second = await open(join(directory, "data"));
    const [phase, restarted] = [second.indexes()[0]?.phase, await find(second)];
    await second.close();
    await forgetIndexes(join(directory, "data", "tables"));
    const third = await open(join(directory, "data"));
    const older = await find(third);
    for (let turn = 0; turn < TURNS_MAX && third.indexes()[0]?.phase !== "readable"; turn++) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    const [built, found] = [third.indexes()[0], await find(third)];
    await third.close();
    assert.deepEqual(
      [atOnce, phase, restarted, older, found],
      [["c2", "c0"], "readable", ["c2", "c0"], ["c2", "c0"], ["c2", "c0"]],
    );
    assert.deepEqual([built?.phase, (built?.rowsDone ?? 0) >= 3], ["readable", true]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

/** Makes the tables as they were before there were indexes. */
async function forgetIndexes(directory: string): Promise<void> {
  const tables = await openLevelTables({ directory, clock: systemAmbient().clock });
  const state = { name: "index-state" };
  for (const table of [state, { name: "conversation-message-by-sender-1" }]) {
    const rows = await tables.scanTable({ table, limit: 1_000 });
    const deletes = rows.map(({ partition, sort }) => ({
      partition,
      writes: [{ kind: "delete" as const, table, sort }],
    }));
    await tables.write(deletes, { isDurable: true });
  }
  await tables.close();
}
