import type { Feed, FeedSink, Position, Session, SyncCalls } from "@parley/contracts";
import type { Clock } from "@parley/base";
import type { UserRecord, Verdict } from "@parley/domain";
import { type ConversationEntry, type ConversationId, encode } from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { listPage } from "./conversation-list.js";
import { DeviceFeed, type FeedSource } from "./device-feed.js";
import type { FeedRegistry } from "./feed-registry.js";
import type { UserProcessor } from "./user-processor.js";
import type { UserStore } from "./user-store.js";
import { DEVICE, DeviceRow, MESSAGE_INBOX, SYNC_QUEUE, userPartition } from "./user-tables.js";

/** A device's position is written at most this often while it is connected, and when it leaves. */
const POSITION_WRITE_MS = 10_000;

export interface SyncServiceOptions {
  readonly processor: UserProcessor;
  readonly store: UserStore;
  readonly tables: WriteBackTables;
  readonly feeds: FeedRegistry;
  readonly clock: Clock;
  readonly rebaseEventsMax: number;
}

/** The sync service as others call it. */
export class SyncService implements SyncCalls {
  readonly #options: SyncServiceOptions;

  constructor(options: SyncServiceOptions) {
    this.#options = options;
  }

  submit(session: Session, record: UserRecord): Promise<Verdict> {
    return this.#options.processor.submit(session.tenantId, session.userId, record);
  }

  async hiddenSequences(
    session: Session,
    span: { readonly conversationId: ConversationId; readonly first: number; readonly last: number },
  ): Promise<readonly number[]> {
    const rows = await this.#options.tables.range({
      table: MESSAGE_INBOX,
      partition: userPartition(session.tenantId, session.userId),
      from: [span.conversationId, span.first],
      before: [span.conversationId, span.last + 1],
      limit: 10_000,
    });
    return rows.map((row) => row.sort[1] as number);
  }

  async attach(session: Session, position: Position, sink: FeedSink): Promise<Feed> {
    const { feeds, rebaseEventsMax } = this.#options;
    const { tenantId, userId } = session;
    const feed: DeviceFeed = new DeviceFeed({
      sink,
      rebaseEventsMax,
      source: this.#source(session, () => feeds.remove(tenantId, userId, feed)),
    });
    // Registered first: what comes while the head is read is offered and then found in the queue.
    feeds.add(tenantId, userId, feed);
    try {
      await feed.start(position);
    } catch (error) {
      feed.close();
      throw error;
    }
    return feed;
  }

  async listConversations(
    session: Session,
    page: { readonly cursor: string; readonly limit: number },
  ): Promise<{ readonly entries: readonly ConversationEntry[]; readonly next: string }> {
    const { processor, tables } = this.#options;
    await processor.caughtUp(session.tenantId, session.userId);
    return listPage(tables, session, page);
  }

  #source(session: Session, onRemoved: () => void): FeedSource {
    const { store, tables, clock } = this.#options;
    const { tenantId, userId } = session;
    let position: Position | undefined;
    let writtenMs = clock.monotonicMs();
    const write = (): void => {
      if (position === undefined) return;
      const value = encode(DeviceRow, { ...position, seenMs: clock.nowMs() });
      const writes = [{ kind: "put" as const, table: DEVICE, sort: [session.deviceId], value }];
      tables.stage({ partition: userPartition(tenantId, userId), writes });
      position = undefined;
      writtenMs = clock.monotonicMs();
    };
    return {
      readHead: () => store.readHead(tenantId, userId),
      readAfter: async (pts, limit) => {
        const rows = await tables.range({
          table: SYNC_QUEUE,
          partition: userPartition(tenantId, userId),
          from: [pts + 1],
          limit,
        });
        // Rows expire one by one, and not always the oldest first: what lies behind a hole is not next.
        const hole = rows.findIndex((row, index) => row.sort[0] !== pts + 1 + index);
        return (hole === -1 ? rows : rows.slice(0, hole)).map((row) => row.value);
      },
      onConfirm: (confirmed) => {
        position = confirmed;
        if (clock.monotonicMs() - writtenMs >= POSITION_WRITE_MS) write();
      },
      onClose: () => {
        write();
        onRemoved();
      },
    };
  }
}
