/**
 * What an idea saves: the same seeded work over the real services, with the idea and without it, and what was stored and told.
 * Everything is counted where it happens (rows that the services write, records of the logs, events that go to devices), nothing
 * is computed from what it should be.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import type { ConversationId, TenantId, UserId } from "@parley/protocol";
import { openParley } from "@parley/server";
import { Talk } from "../load/talk.js";
import { hundredths } from "../rounding.js";

/** An installation in a directory of its own. */
export type Parley = Awaited<ReturnType<typeof openParley>>;
export type ParleyOptions = Partial<Parameters<typeof openParley>[0]>;
type Session = Parameters<Parley["message"]["send"]>[0];

/** What was counted during the work. */
export interface Counted {
  /** Rows that the services wrote, and records of the logs. */
  readonly storageOps: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** What of it the engine was given: rows that are changed again before they are stored, or packed, are fewer there. */
  readonly engineRows: number;
  /** Rows that the services wrote, by table. */
  readonly rowsOf: Readonly<Record<string, number>>;
  /** Events given to devices that are connected. */
  readonly events: number;
}

export interface Idea {
  readonly name: string;
  /** What the work was, with numbers. */
  readonly work: string;
  readonly on: Counted;
  readonly off: Counted;
  /** What else this one shows. */
  readonly more?: Readonly<Record<string, number>>;
}

export interface World {
  readonly parley: Parley;
  readonly tenantId: TenantId;
  session(userId: UserId): Session;
  addUsers(userIds: readonly UserId[]): Promise<void>;
  /** A group of all of them; the first is its owner. */
  group(userIds: readonly UserId[]): Promise<ConversationId>;
  send(userId: UserId, conversationId: ConversationId, text: string): Promise<void>;
  /** Connects a device of the user, which follows `topics`, confirms everything and counts what it is told. */
  connect(userId: UserId, topics?: readonly ConversationId[]): Promise<void>;
}

/** Runs `prepare`, then counts what `work` stores and tells. */
export async function counted(
  options: ParleyOptions,
  run: (world: World) => Promise<() => Promise<void>>,
): Promise<Counted> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const counter = { events: 0 };
  let failure: unknown;
  const parley = await openParley({
    dataDirectory,
    ambient: systemAmbient(),
    onFatal: (error) => (failure = error),
    ...options,
  });
  try {
    const work = await run(new RealWorld(parley, counter));
    await parley.checkpoint();
    const before = { ...read(parley), events: counter.events };
    await work();
    // What waits in a log is stored too.
    await parley.checkpoint();
    const after = { ...read(parley), events: counter.events };
    if (failure !== undefined) throw new Error("The server failed.", { cause: failure });
    return {
      storageOps: after.storageOps - before.storageOps,
      bytes: after.bytes - before.bytes,
      engineRows: after.engineRows - before.engineRows,
      rowsOf: Object.fromEntries(
        Object.entries(after.rowsOf).map(([table, rows]) => [table, rows - (before.rowsOf[table] ?? 0)]),
      ),
      events: after.events - before.events,
    };
  } finally {
    await parley.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** The figures of an idea, as the report names them. */
export function figuresOf({
  name,
  work,
  on,
  off,
  more = {},
}: Idea): Readonly<Record<string, string | number>> {
  return {
    idea: name,
    work,
    storage_ops_on: on.storageOps,
    storage_ops_off: off.storageOps,
    saved_pct: savedPercent(on.storageOps, off.storageOps),
    bytes_on: on.bytes,
    bytes_off: off.bytes,
    bytes_saved_pct: savedPercent(on.bytes, off.bytes),
    engine_rows_on: on.engineRows,
    engine_rows_off: off.engineRows,
    events_on: on.events,
    events_off: off.events,
    events_saved_pct: savedPercent(on.events, off.events),
    ...more,
  };
}

export function savedPercent(on: number, off: number): number {
  return off === 0 ? 0 : hundredths((1 - on / off) * 100);
}

function read(parley: Parley): Omit<Counted, "events"> {
  const { tables, engine } = parley.tableStatistics(0);
  const { appendedRecords, journalBytes } = parley.stats();
  return {
    storageOps: appendedRecords + tables.reduce((sum, { total }) => sum + total.rowsWritten, 0),
    bytes: journalBytes + tables.reduce((sum, { total }) => sum + total.bytesWritten, 0),
    engineRows: engine.reduce((sum, { total }) => sum + total.rowsWritten, 0),
    rowsOf: Object.fromEntries(tables.map(({ table, total }) => [table, total.rowsWritten])),
  };
}

class RealWorld extends Talk implements World {
  readonly #counter: { events: number };

  constructor(parley: Parley, counter: { events: number }) {
    super(parley);
    this.#counter = counter;
  }

  async addUsers(userIds: readonly UserId[]): Promise<void> {
    const { tenantId } = this;
    for (const userId of userIds) await this.parley.accounts.addUser({ tenantId, userId, name: userId });
  }

  async connect(userId: UserId, topics: readonly ConversationId[] = []): Promise<void> {
    const session = this.session(userId);
    const { sync, epoch } = this.parley;
    const feed = await sync.attach(
      session,
      { epoch: 0, pts: 0 },
      {
        push: (of, firstPts, events, conversationId) => {
          this.#counter.events += events.length;
          const position = { epoch: of, pts: firstPts + events.length - 1 };
          queueMicrotask(() => feed.confirm(position, conversationId));
        },
        ahead: () => undefined,
        rebase: () => undefined,
        caughtUp: () => undefined,
        hasRoom: () => true,
        fail: () => undefined,
      },
    );
    for (const conversationId of topics) {
      const { entries } = await sync.listConversations(session, { cursor: "", limit: 1, conversationId });
      const [entry] = entries;
      if (entry?.isShared === true) await feed.follow(epoch, [{ conversationId, pts: entry.topicPts }]);
    }
  }
}
