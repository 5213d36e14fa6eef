import type { UserRecord, Verdict } from "@parley/domain";
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import type { Session } from "./session.js";

/** A device's place in its user's queue. */
export interface Position {
  readonly epoch: number;
  readonly pts: number;
}

/** A message that mentioned a user when it was sent or edited; whether it does now, and is seen, it says itself. */
export interface MentionPlace {
  readonly timeMs: number;
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

/** A device's place in the topic of a large group. */
export interface TopicPosition {
  readonly conversationId: ConversationId;
  readonly pts: number;
}

/** Where a feed puts what it has for a device: of its user's queue, or of the topic of `conversationId`. */
export interface FeedSink {
  /** One of DEVICE_KINDS; empty or left out: the device does not say. */
  readonly deviceKind?: string;
  /** Events `firstPts`, `firstPts + 1` …; each an encoded Event. */
  push(epoch: number, firstPts: number, events: readonly Uint8Array[], conversationId?: ConversationId): void;
  /** A copy of an urgent event, whose place is pushed later. */
  ahead(epoch: number, pts: number, event: Uint8Array, conversationId?: ConversationId): void;
  rebase(
    position: Position,
    reason: "new-device" | "too-far-behind" | "unknown-epoch",
    conversationId?: ConversationId,
  ): void;
  /** False while the connection has not taken what it was given; `Feed.resume` is called when it has. */
  hasRoom(): boolean;
  /** Told once for the queue, and once for each topic: all that was there when its feed began is pushed, or a rebase instead. */
  caughtUp(conversationId?: ConversationId): void;
  /** The feed cannot go on (the store failed): the connection is closed and the device comes back. */
  fail(): void;
}

/** One connected device. */
export interface Feed {
  /**
   * The device has applied and stored everything up to `position`, of its queue or of a topic, and has said so `heldMs` after
   * the last of it came.
   */
  confirm(position: Position, conversationId?: ConversationId, heldMs?: number): void;
  /**
   * Feeds the topics of large groups too, each from its place; one that is fed already begins anew there. Topics of others
   * are left out. Resolves when the first of what is missed is on its way.
   * Errors: "bad-request" beyond TOPICS_PER_CONNECTION_MAX; what reading says.
   */
  follow(epoch: number, topics: readonly TopicPosition[]): Promise<void>;
  /** Whether the network to the device is slow; undefined: not known yet. */
  readonly isSlow: boolean | undefined;
  resume(): void;
  close(): void;
}

/** What the sync service offers. */
export interface SyncCalls {
  /** Puts a record of this user alone into the user log; resolves with the machine's verdict, when it is durable. */
  submit(session: Session, record: UserRecord): Promise<Verdict>;
  /** The sequences from `first` to `last` that this user has deleted for itself, ascending. */
  hiddenSequences(
    session: Session,
    span: { readonly conversationId: ConversationId; readonly first: number; readonly last: number },
  ): Promise<readonly number[]>;
  /**
   * Where messages mention this user, the newest first, from below `before` on; and the large groups of its list, which are not
   * among these places. Contains all that was acknowledged before.
   */
  mentionPlaces(
    session: Session,
    page: { readonly before: MentionPlace | undefined; readonly limit: number },
  ): Promise<{ readonly places: readonly MentionPlace[]; readonly shared: readonly ConversationId[] }>;
  /** Begins to feed a device from `position`: everything after it in order, or a rebase first. */
  attach(session: Session, position: Position, sink: FeedSink): Promise<Feed>;
  /** One page of the conversation list, by conversation id. Contains all that was acknowledged before. */
  listConversations(
    session: Session,
    page: {
      readonly cursor: string;
      readonly limit: number;
      /** When set: only this one. */
      readonly conversationId?: ConversationId | undefined;
      /** Those with the newest messages, and no further page. */
      readonly isNewestFirst?: boolean;
    },
  ): Promise<ListPage>;
  /**
   * Pins a conversation in this user's list, or unpins it; twice is as once. Effects: durable, and told to all devices of the user.
   * Errors: "not-a-member", "too-many-pins", those of a log.
   */
  setPinned(session: Session, change: PinChange): Promise<void>;
}

/** A conversation at the top of a user's list, or not any more. */
export interface PinChange {
  readonly conversationId: ConversationId;
  readonly isPinned: boolean;
}

/** One page of the conversation list. */
export interface ListPage {
  readonly entries: readonly ConversationEntry[];
  /** Empty on the last page. */
  readonly next: string;
  /** Of the newest ones: there are others. */
  readonly isPartial?: boolean;
}
