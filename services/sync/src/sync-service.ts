import type {
  Feed,
  FeedSink,
  HiddenSpan,
  ListPage,
  MentionPlace,
  PinChange,
  Position,
  Session,
  SyncCalls,
  SystemListCalls,
  TopicCalls,
} from "@parley/contracts";
import { type Clock, Failure, type Scheduler } from "@parley/base";
import { NewestRow, type UserRecord, type Verdict } from "@parley/domain";
import {
  type ConversationEntry,
  type ConversationId,
  decode,
  encode,
  LIST_PINS_MAX,
  type ModuleEvent,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { AheadRoom } from "./ahead-copies.js";
import { ConnectionFeed } from "./connection-feed.js";
import { listNewest, listOne, listPage } from "./conversation-list.js";
import { DeviceFeed, type FeedSource, type RebaseLimits } from "./device-feed.js";
import type { FeedRegistry } from "./feed-registry.js";
import { mentionPlaces, sharedConversations } from "./mention-places.js";
import { ModuleFilter, type ModuleFilterOptions } from "./module-filter.js";
import { PushPacer } from "./push-pacer.js";
import type { QueueListener } from "./queue-listener.js";
import type { TopicFeeds } from "./topic-feeds.js";
import type { UserProcessor } from "./user-processor.js";
import type { UserStore } from "./user-store.js";
import { DEVICE, DeviceRow, MESSAGE_INBOX, MODULE_NEWEST, SYNC_QUEUE, userPartition } from "./user-tables.js";

/** Deleted messages that are read at a time. */
const HIDDEN_PAGE = 10_000;
/** A device's position is written at most this often while it is connected, and when it leaves. */
const POSITION_WRITE_MS = 10_000;

export interface SyncServiceOptions {
  readonly processor: UserProcessor;
  readonly store: UserStore;
  readonly tables: WriteBackTables;
  readonly feeds: FeedRegistry;
  readonly topics: TopicCalls;
  readonly topicFeeds: TopicFeeds;
  /** The lists of system accounts, which are not kept here. */
  readonly systemLists?: SystemListCalls;
  readonly clock: Clock;
  readonly listener?: QueueListener | undefined;
  readonly scheduler: Scheduler;
  readonly rebase: RebaseLimits;
  /** What of pushing is left out; to compare with. */
  readonly pushing?: PushingOptions;
}

export interface PushingOptions {
  /** False: each event goes to a device at once, as far as there is room. */
  readonly isMerging?: boolean;
  /** False: each event is read from the queue, also when the device has everything before it. */
  readonly isFromMemory?: boolean;
  /** False: a device gets all events after its position, however many. */
  readonly isRebasing?: boolean;
}

/** No device is ever this far behind. */
const NEVER: RebaseLimits = { events: Infinity, bytes: Infinity, catchUpMs: Infinity };

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
    const { conversationId, last } = span;
    const hidden: number[] = [];
    // Not only the first of them: what is left out here would be shown.
    for (let first = span.first; first <= last; first = hidden.at(-1)! + 1) {
      const rows = await this.#options.tables.range({
        table: MESSAGE_INBOX,
        partition: userPartition(session.tenantId, session.userId),
        from: [conversationId, first],
        before: [conversationId, last + 1],
        limit: HIDDEN_PAGE,
      });
      for (const row of rows) hidden.push(row.sort[1] as number);
      if (rows.length < HIDDEN_PAGE) break;
    }
    return hidden;
  }

  async mentionPlaces(
    session: Session,
    page: { readonly before: MentionPlace | undefined; readonly limit: number },
  ): Promise<{ readonly places: readonly MentionPlace[]; readonly shared: readonly ConversationId[] }> {
    const { processor, tables } = this.#options;
    await processor.caughtUp(session.tenantId, session.userId);
    const [places, shared] = await Promise.all([
      mentionPlaces(tables, session, page),
      sharedConversations(tables, session),
    ]);
    return { places, shared };
  }

  async attach(session: Session, position: Position, sink: FeedSink): Promise<Feed> {
    const { feeds, topics, topicFeeds, clock, scheduler, pushing = {} } = this.#options;
    const { isFromMemory = true, isMerging = true, isRebasing = true } = pushing;
    const rebase = isRebasing ? this.#options.rebase : NEVER;
    const { tenantId, userId } = session;
    const pacer = new PushPacer({ clock, scheduler, isMerging });
    const aheadRoom = new AheadRoom();
    const feed: DeviceFeed = new DeviceFeed({
      sink,
      filter: this.#filter(session, sink, (modules) => this.#newestInQueue(session, modules)),
      pacer,
      aheadRoom,
      rebase,
      isFromMemory,
      source: this.#source(session, () => feeds.remove(tenantId, userId, feed)),
    });
    // Registered first: what comes while the head is read is offered and then found in the queue.
    feeds.add(tenantId, userId, feed);
    pacer.first = feed;
    try {
      await feed.start(position);
    } catch (error) {
      feed.close();
      pacer.close();
      throw error;
    }
    return new ConnectionFeed({
      queue: feed,
      pacer,
      openTopic: (epoch, { conversationId, pts }) =>
        topicFeeds.follow(topics, session, { conversationId, pts, epoch }, (source) => {
          const key = { tenantId, conversationId };
          const filter = this.#filter(session, sink, (modules) => topics.newestInTopic(key, modules));
          return new DeviceFeed({
            sink,
            filter,
            pacer,
            aheadRoom,
            rebase,
            isFromMemory,
            conversationId,
            source,
          });
        }),
    });
  }

  async listConversations(
    session: Session,
    page: {
      readonly cursor: string;
      readonly limit: number;
      readonly conversationId?: ConversationId | undefined;
      readonly isNewestFirst?: boolean;
    },
  ): Promise<ListPage> {
    const { processor, topics, systemLists } = this.#options;
    await processor.caughtUp(session.tenantId, session.userId);
    const { conversationId } = page;
    const hiddenIn = (span: HiddenSpan): Promise<readonly number[]> => this.hiddenSequences(session, span);
    if (conversationId === undefined) {
      const listed = await systemLists?.list(session, page, hiddenIn);
      if (listed !== undefined) return listed;
    }
    const { entries, ...rest } = await this.#list(session, page);
    const complete = (entry: ConversationEntry): Promise<ConversationEntry> =>
      topics.complete(session, entry, hiddenIn);
    return { entries: await Promise.all(entries.map(complete)), ...rest };
  }

  async setPinned(session: Session, { conversationId, isPinned }: PinChange): Promise<void> {
    const { tenantId, userId } = session;
    const verdict = await this.submit(session, {
      tenantId,
      timeMs: this.#options.clock.nowMs(),
      spreads: [],
      hide: undefined,
      settings: undefined,
      pin: { userId, conversationId, isPinned },
    });
    if (verdict.kind !== "refused") return;
    if (verdict.code === "too-many-pins")
      throw new Failure(verdict.code, `At most ${LIST_PINS_MAX} conversations are pinned: unpin one first.`, {
        retry: "after-change",
      });
    throw new Failure(verdict.code, "You are not in this conversation.", { retry: "never" });
  }

  async #list(session: Session, page: Parameters<SyncCalls["listConversations"]>[1]): Promise<ListPage> {
    const { tables, topics } = this.#options;
    if (page.conversationId !== undefined) return listOne(tables, session, page.conversationId);
    if (page.isNewestFirst === true) return listNewest(tables, topics, session, page.limit);
    return listPage(tables, session, page);
  }

  #filter(
    { deviceId }: Session,
    { deviceKind = "" }: FeedSink,
    newestOf: ModuleFilterOptions["newestOf"],
  ): ModuleFilter {
    return new ModuleFilter({ deviceId, deviceKind, clock: this.#options.clock, newestOf });
  }

  async #newestInQueue(
    { tenantId, userId }: Session,
    modules: readonly ModuleEvent[],
  ): Promise<readonly number[]> {
    const partition = userPartition(tenantId, userId);
    const keys = modules.map(({ module, collapseKey }) => ({ partition, sort: [module, collapseKey] }));
    const rows = await this.#options.tables.findMany(MODULE_NEWEST, keys);
    return rows.map((row) => (row === undefined ? 0 : decode(NewestRow, row).pts));
  }

  #source(session: Session, onRemoved: () => void): FeedSource {
    const { store, tables, clock, listener } = this.#options;
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
        listener?.onConfirmed({ tenantId, userId }, confirmed.pts);
        if (clock.monotonicMs() - writtenMs >= POSITION_WRITE_MS) write();
      },
      onClose: () => {
        write();
        onRemoved();
      },
    };
  }
}
