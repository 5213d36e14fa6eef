import type { ConversationKey, TopicRow } from "@parley/domain";
import type { ConversationEntry, ConversationId, ModuleEvent, TenantId, UserId } from "@parley/protocol";
import type { Session } from "./session.js";

export interface HiddenSpan {
  readonly conversationId: ConversationId;
  readonly first: number;
  readonly last: number;
}

/** What the sync service asks about large groups. */
export interface TopicCalls {
  /**
   * The entry of a large group as it is now for a member: the sync service keeps only whether the user is in it. Other
   * entries are returned as they are. `hiddenIn` tells what the user has deleted for itself.
   * Cost: three reads, and one range of at most SHARED_UNREAD_MAX messages that the user has not read.
   */
  complete(
    session: Session,
    entry: ConversationEntry,
    hiddenIn: (span: HiddenSpan) => Promise<readonly number[]>,
  ): Promise<ConversationEntry>;
  /** When the last message of each group was said; 0 of one that does not exist. Cost: one read for each. */
  lastTimes(tenantId: TenantId, conversationIds: readonly ConversationId[]): Promise<readonly number[]>;
  /** Where the topic stands, and from which message on this member sees; undefined for everybody else. */
  findTopic(
    session: Session,
    conversationId: ConversationId,
  ): Promise<{ readonly pts: number; readonly firstVisible: number } | undefined>;
  /** What the topic holds after `pts`, in order without a gap, at most `limit`; none when the next is no longer kept. */
  readTopic(key: ConversationKey, pts: number, limit: number): Promise<readonly TopicRow[]>;
  /** The PTS in the topic of the newest event with the module and the collapse key of each of these; 0: not known. */
  newestInTopic(key: ConversationKey, modules: readonly ModuleEvent[]): Promise<readonly number[]>;
}

/** What the sync service asks about system accounts, of which it keeps no list. */
export interface SystemListCalls {
  /** A page of the list of a system account; undefined for people. */
  list(
    session: Session,
    page: { readonly cursor: string; readonly limit: number },
    hiddenIn: (span: HiddenSpan) => Promise<readonly number[]>,
  ): Promise<{ readonly entries: readonly ConversationEntry[]; readonly next: string } | undefined>;
}

/** Who hears what happens in large groups, as soon as it is durable. */
export interface TopicListener {
  /** Events of the topic, the first at `firstPts`. */
  onTold(key: ConversationKey, firstPts: number, rows: readonly TopicRow[]): void;
  /** These users are no longer members: nothing that is told after this call is for them. */
  onLeft(key: ConversationKey, userIds: readonly UserId[]): void;
}
