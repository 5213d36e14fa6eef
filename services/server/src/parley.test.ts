import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Ambient, failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import { openLevelTables } from "@parley/engine-embedded";
import type { Session } from "@parley/contracts";
import type { ClientMessageId, TenantId, UserId } from "@parley/protocol";
import { textBody } from "@parley/protocol";
import { type Parley, openParley } from "./parley.js";

const TENANT = "main" as TenantId;
const MESSAGES = 2_000;
/** What is due later than this never comes: no rows are flushed, and all is in the logs alone. */
const DELAY_MS_MAX = 100;

function withoutFlushes(): Ambient {
  const ambient = systemAmbient();
  const { scheduler } = ambient;
  const never = { cancel: (): void => {} };
  return {
    ...ambient,
    scheduler: {
      after: (delayMs, task) => (delayMs > DELAY_MS_MAX ? never : scheduler.after(delayMs, task)),
      every: () => never,
      soon: (task) => scheduler.soon(task),
    },
  };
}

async function open(dataDirectory: string, ambient: Ambient): Promise<Parley> {
  const onFatal = (error: unknown): void => {
    throw error;
  };
  return openParley({ dataDirectory, ambient, onFatal });
}

async function sessionOf(parley: Parley, name: string): Promise<Session> {
  const userId = name as UserId;
  return (await parley.accounts.issueToken({ tenantId: TENANT, userId, deviceName: "test" })).session;
}

test("an installation that was cut off answers with everything it acknowledged as soon as it is open", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parley-open-"));
  const [before, after] = [join(directory, "before"), join(directory, "after")];
  const first = await open(before, withoutFlushes());
  try {
    await first.accounts.addUsers(TENANT, [
      { userId: "ann" as UserId, name: "Ann" },
      { userId: "bob" as UserId, name: "Bob" },
    ]);
    const ann = await sessionOf(first, "ann");
    const conversationId = await first.message.createDirect(ann, "bob" as UserId);
    const sends = Array.from({ length: MESSAGES }, (_, index) =>
      first.message.send(ann, {
        conversationId,
        clientMessageId: `c${index + 1}` as ClientMessageId,
        number: index + 1,
        body: textBody("hi"),
      }),
    );
    await Promise.all(sends);
    // What a kill -9 would leave: no flush runs, so nothing changes while it is copied.
    await cp(before, after, { recursive: true });
    const second = await open(after, systemAmbient());
    try {
      const session = { ...ann, userId: "bob" as UserId };
      const page = { conversationId, before: 0, after: 0, atMs: 0, limit: 1, isForward: false };
      const [{ lastSequence }, { entries }] = await Promise.all([
        second.message.history(session, page),
        second.sync.listConversations(session, { cursor: "", limit: 10 }),
      ]);
      assert.deepEqual([lastSequence, entries.map(({ unread }) => unread)], [MESSAGES, [MESSAGES]]);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
    await rm(directory, { recursive: true });
  }
});

test("an installation whose epoch is none is refused, and devices are told nothing", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parley-epoch-"));
  try {
    await (await open(directory, systemAmbient())).close();
    const tables = await openLevelTables({
      directory: join(directory, "tables"),
      clock: systemAmbient().clock,
    });
    const value = new TextEncoder().encode("tomorrow");
    const writes = [{ kind: "put" as const, table: { name: "installation" }, sort: [], value }];
    await tables.write([{ partition: ["epoch"], writes }], { isDurable: true });
    await tables.close();
    const opened = await open(directory, systemAmbient()).catch(failureCode);
    assert.equal(opened, "tables-corrupt");
  } finally {
    await rm(directory, { recursive: true });
  }
});
