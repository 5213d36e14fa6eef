import type { ConversationKey, TopicRow } from "@parley/domain";
import type {
  ConversationEntry,
  ConversationId,
  DoNotDisturb,
  Message,
  NotifyLevel,
  TenantId,
  UserId,
} from "@parley/protocol";
import type { Session } from "./session.js";
import type { HiddenSpan } from "./topic-calls.js";

/** What a user sets for itself: of one conversation, or of all. */
export type NotifyChange =
  | {
      readonly conversationId: ConversationId;
      /** Empty: as where nobody set one. */
      readonly level: NotifyLevel | "";
      /** 0: not muted. */
      readonly mutedUntilMs: number;
    }
  | { readonly doNotDisturb: DoNotDisturb };

/** The settings of notifications, kept where lists are. */
export interface NotifySettingsCalls {
  /** Effects: durable, and told to all devices of the user. Errors: "bad-request", "not-a-member", those of a log. */
  setNotify(session: Session, change: NotifyChange): Promise<void>;
  /** Undefined: never set. Contains all that was acknowledged before. */
  doNotDisturb(session: Session): Promise<DoNotDisturb | undefined>;
}

/** Where a device is notified; without a channel: nowhere. */
export interface PushTarget {
  readonly channel: string;
  readonly appId: string;
  readonly token: string;
  readonly endpoint: string;
  readonly publicKey: Uint8Array;
  readonly authSecret: Uint8Array;
}

/** Where devices are notified. */
export interface PushTargetCalls {
  /** Effects: durable. Errors: "bad-request"; "unavailable" when no more can be kept; those of a log. */
  setPushTarget(session: Session, target: PushTarget): Promise<void>;
}

/** What the gateway needs. */
export type NotifyCalls = NotifySettingsCalls & PushTargetCalls;

/** A user of a tenant. */
export interface UserKey {
  readonly tenantId: TenantId;
  readonly userId: UserId;
}

/** What the notification service reads of a user, as it is staged now. */
export interface NotifySource {
  /** Of a large group as in `NotifiedGroups.entry`. */
  entry(user: UserKey, conversationId: ConversationId): Promise<ConversationEntry | undefined>;
  /** The first `limit` entries of the list; of large groups only what the user set, and whether it is in them. */
  entries(user: UserKey, limit: number): Promise<readonly ConversationEntry[]>;
  /** As in `NotifiedGroups.countUnread`; `entry` as in `entries`. */
  countUnread(user: UserKey, entry: ConversationEntry, limit: number): Promise<number>;
  /** A message of a large group as it is now; undefined when this user does not see it, or not any more. */
  message(user: UserKey, conversationId: ConversationId, sequence: number): Promise<Message | undefined>;
  /** As in `NotifiedGroups.topicBefore`. */
  topicBefore(key: ConversationKey, before: number, limit: number): Promise<readonly PlacedTopicRow[]>;
  /** An event of the queue, encoded; undefined when it is not kept any more. */
  event(user: UserKey, pts: number): Promise<Uint8Array | undefined>;
  doNotDisturb(user: UserKey): Promise<DoNotDisturb | undefined>;
  /** Whether a device of the user is connected. */
  isConnected(user: UserKey): boolean;
}

/** A row of a topic, and its place there. */
export interface PlacedTopicRow {
  readonly pts: number;
  readonly row: TopicRow;
}

/** What notifications need of large groups. */
export interface NotifiedGroups {
  /**
   * The entry with what the rules look at: the title, what the member may see, and as unread all above the place up to which it has
   * read, in one range. Undefined for who is no member. Cost: two reads.
   */
  entry(user: UserKey, entry: ConversationEntry): Promise<ConversationEntry | undefined>;
  /** A message as it is now; undefined when it is not there, or directed to others. Cost: one read. */
  message(user: UserKey, conversationId: ConversationId, sequence: number): Promise<Message | undefined>;
  /**
   * How many messages are unread that the level of the entry lets through, counted up to `limit`: of all or of mentions. Cost: three
   * reads when there are none; two ranges of an index more, or one of messages.
   */
  countUnread(
    user: UserKey,
    entry: ConversationEntry,
    how: {
      readonly limit: number;
      readonly hiddenIn: (span: HiddenSpan) => Promise<readonly number[]>;
    },
  ): Promise<number>;
  /** What the topic holds before `before`, the newest first, at most `limit`; 0: from its end. */
  topicBefore(key: ConversationKey, before: number, limit: number): Promise<readonly PlacedTopicRow[]>;
}

/** Hears how far the devices of a user are in the topic of a large group. */
export interface TopicConfirmations {
  /** A device of the user has everything up to `pts`. */
  onTopicConfirmed(user: UserKey, conversationId: ConversationId, pts: number): void;
}
