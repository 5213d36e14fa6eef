/**
 * A backup that is taken while people chat restores to an installation with everything that was acknowledged before it
 * began, in its place and once, in every queue; and devices of before begin anew.
 */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { restoreBackup, systemBackupFiles, verifyBackup } from "@parley/backup";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { Session } from "@parley/contracts";
import {
  type ClientMessageId,
  type ConversationId,
  type TenantId,
  type UserId,
  Event,
  decode,
  textBody,
} from "@parley/protocol";
import { type Parley, openParley } from "../parley.js";

const TENANT = "main" as TenantId;
const USERS = Array.from({ length: 6 }, (_, number) => `user${number}` as UserId);
const ACKNOWLEDGED_MIN = 400;
const WAIT_TURNS_MAX = 100_000;
const ambient = systemAmbient();

describe("a backup of an installation", () => {
  test("that is written to has all that was acknowledged before it began, once, in every queue", async () => {
    await inDirectory(async (directory) => {
      const [data, backup, restored] = ["data", "backup", "restored"].map((name) =>
        join(directory, name),
      ) as [string, string, string];
      const first = await open(data);
      const load = await startLoad(first);
      await until(() => load.acknowledged.length >= ACKNOWLEDGED_MIN);
      const before = [...load.acknowledged];
      await first.backups.start(backup, 0);
      await until(() => first.backups.status.state !== "running");
      const during = load.acknowledged.length - before.length;
      await load.stop();
      const { epoch } = first;
      await first.close();
      const status = first.backups.status;
      assert.deepEqual([status.state, status.error], ["done", null]);
      const verified = await verifyBackup(systemBackupFiles, backup);
      assert.deepEqual([verified.damages, verified.rows > 0, during > 0], [[], true, true]);

      await restoreBackup({ from: backup, to: restored, files: systemBackupFiles, ambient });
      // A backup has no master key: it is kept elsewhere.
      await assert.rejects(open(restored), { code: "master-key-missing" });
      await copyFile(join(data, "keys", "master.key"), join(restored, "keys", "master.key"));
      const second = await open(restored);
      try {
        const history = await historyOf(second, load.sessions[0]!, load.conversationId);
        assert.deepEqual(
          history.map(({ sequence }) => sequence),
          Array.from({ length: history.length }, (_, index) => index + 1),
        );
        const texts = history.map(({ text }) => text).filter((text) => text !== "");
        assert.equal(new Set(texts).size, texts.length, "no message is there twice");
        for (const { sequence, text } of before) assert.equal(history[sequence - 1]?.text, text);
        assert.ok(second.epoch > epoch);
        for (const session of load.sessions) {
          const queue = await queueOf(second, session);
          assert.deepEqual(
            queue,
            history.map(({ sequence }) => sequence),
          );
          const old = await attach(second, session, { epoch, pts: 3 });
          assert.deepEqual(old.rebases, ["unknown-epoch"]);
        }
      } finally {
        await second.close();
      }
      // Started again it has not begun anew once more.
      const third = await open(restored);
      assert.equal(third.epoch, second.epoch);
      await third.close();
    });
  });

  test("comes one at a time, says why it failed, and is for the owner only", async () => {
    await inDirectory(async (directory) => {
      const parley = await open(join(directory, "data"));
      try {
        const target = join(directory, "backup");
        const [one, two] = await Promise.allSettled([
          parley.backups.start(target, 0),
          parley.backups.start(target, 0),
        ]);
        await until(() => parley.backups.status.state !== "running");
        const again = await parley.backups.start(target, 0).catch(failureCode);
        const nowhere = await parley.backups
          .start(join(target, "manifest.json", "below"), 0)
          .catch(failureCode);
        const other = join(directory, "other");
        await parley.backups.start(other, 1);
        await parley.backups.stop();
        assert.deepEqual(
          [one.status, two.status === "rejected" && failureCode(two.reason), again, nowhere],
          ["fulfilled", "backup-busy", "backup-target-not-empty", "backup-target-unusable"],
        );
        assert.equal(parley.backups.status.error?.code, "backup-cancelled");
        const modes = [target, join(target, "manifest.json")].map(
          async (path) => (await stat(path)).mode & 0o777,
        );
        assert.deepEqual(await Promise.all(modes), [0o700, 0o600]);
      } finally {
        await parley.close();
      }
    });
  });
});

interface Load {
  readonly sessions: readonly Session[];
  readonly conversationId: ConversationId;
  readonly acknowledged: { readonly sequence: number; readonly text: string }[];
  stop(): Promise<void>;
}

/** Everybody writes to one group, one message after the other. */
async function startLoad(parley: Parley): Promise<Load> {
  await parley.accounts.addUsers(
    TENANT,
    USERS.map((userId) => ({ userId, name: userId })),
  );
  const sessions = await Promise.all(
    USERS.map(async (userId) => {
      const issued = await parley.accounts.issueToken({ tenantId: TENANT, userId, deviceName: "test" });
      return issued.session;
    }),
  );
  const conversationId = await parley.message.createGroup(sessions[0]!, {
    name: "load",
    title: "Load",
    userIds: USERS,
    isHistoryOpen: true,
  });
  const acknowledged: { sequence: number; text: string }[] = [];
  const stopping = new AbortController();
  const write = async (session: Session): Promise<void> => {
    for (let number = 1; !stopping.signal.aborted; number++) {
      const text = `${session.userId} ${number}`;
      const clientMessageId = `c${number}` as ClientMessageId;
      const body = textBody(text);
      const { sequence } = await parley.message.send(session, {
        conversationId,
        clientMessageId,
        number,
        body,
      });
      acknowledged.push({ sequence, text });
    }
  };
  const writing = Promise.all(sessions.map(write));
  return {
    sessions,
    conversationId,
    acknowledged,
    async stop() {
      stopping.abort();
      await writing;
    },
  };
}

async function historyOf(
  parley: Parley,
  session: Session,
  conversationId: ConversationId,
): Promise<{ readonly sequence: number; readonly text: string }[]> {
  const found: { sequence: number; text: string }[] = [];
  for (;;) {
    const after = found.at(-1)?.sequence ?? 0;
    const page = { conversationId, before: 0, after, atMs: 0, limit: 100, isForward: true };
    const { messages } = await parley.message.history(session, page);
    if (messages.length === 0) return found;
    for (const { sequence, body } of messages) found.push({ sequence, text: body?.text?.text ?? "" });
  }
}

/** The sequences of the messages in a user's queue, which has to have every PTS. */
async function queueOf(parley: Parley, session: Session): Promise<readonly number[]> {
  const { listed, events } = await attach(parley, session, { epoch: parley.epoch, pts: 0 });
  assert.deepEqual(
    events.map(({ pts }) => pts),
    Array.from({ length: events.length }, (_, index) => index + 1),
  );
  const sequences = events.flatMap(({ event }) => decode(Event, event).message?.sequence ?? []);
  assert.equal(sequences.at(-1), listed);
  return sequences;
}

interface Attached {
  readonly rebases: string[];
  readonly events: { readonly pts: number; readonly event: Uint8Array }[];
  readonly listed: number;
}

/** A device that takes all there is. */
async function attach(
  parley: Parley,
  session: Session,
  position: { readonly epoch: number; readonly pts: number },
): Promise<Attached> {
  const { entries } = await parley.sync.listConversations(session, { cursor: "", limit: 10 });
  const listed = entries[0]!.lastSequence;
  const attached: Attached = { rebases: [], events: [], listed };
  const isDone = (): boolean => {
    const last = attached.events.at(-1);
    return attached.rebases.length > 0 || (last !== undefined && sequenceOf(last.event) === listed);
  };
  let confirmed = 0;
  const feed = await parley.sync.attach(session, position, {
    push: (_, firstPts, events) => {
      for (const [index, event] of events.entries()) attached.events.push({ pts: firstPts + index, event });
    },
    ahead: () => undefined,
    rebase: (_, reason) => void attached.rebases.push(reason),
    caughtUp: () => undefined,
    hasRoom: () => true,
    fail: () => assert.fail("the feed failed"),
  });
  await until(() => {
    const pts = attached.events.at(-1)?.pts ?? 0;
    if (pts > confirmed) feed.confirm({ epoch: position.epoch, pts: (confirmed = pts) });
    return isDone();
  });
  feed.close();
  return attached;
}

function sequenceOf(event: Uint8Array): number {
  return decode(Event, event).message?.sequence ?? 0;
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < WAIT_TURNS_MAX, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function open(dataDirectory: string): Promise<Parley> {
  const onFatal = (error: unknown): void => {
    throw error;
  };
  return openParley({ dataDirectory, ambient, rebaseEvents: 1_000_000, onFatal });
}

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "parley-backups-"));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
