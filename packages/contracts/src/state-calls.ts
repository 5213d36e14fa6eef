import type { ConversationId, Pin, ReadCount, UserId, UserReactions } from "@parley/protocol";
import type { MessageRequest } from "./message-calls.js";
import type { Session } from "./session.js";

export interface ReactRequest extends MessageRequest {
  readonly key: string;
  readonly isRemoval: boolean;
}

/** `after` is exclusive, "" from the beginning; `key` "" for all. */
export interface ReactionsRequest extends MessageRequest {
  readonly key: string;
  readonly after: string;
  readonly limit: number;
}

export interface ReactionPage {
  readonly items: readonly UserReactions[];
  /** Empty on the last page. */
  readonly next: UserId | "";
}

export interface PinRequest extends MessageRequest {
  readonly isRemoval: boolean;
}

/** Before this sequence; 0: from the newest. */
export interface PinsRequest {
  readonly conversationId: ConversationId;
  readonly before: number;
}

export interface PinPage {
  readonly pins: readonly Pin[];
  readonly revision: number;
  /** `before` of the next page; 0 on the last one. */
  readonly next: number;
}

/** `after` is exclusive, "" from the beginning. */
export interface ReadersRequest extends MessageRequest {
  readonly isUnread: boolean;
  readonly after: string;
  readonly limit: number;
}

export interface ReaderPage {
  readonly userIds: readonly UserId[];
  readonly read: number;
  readonly unread: number;
  /** Empty on the last page. */
  readonly next: UserId | "";
  readonly revision: number;
}

export interface ReadCountsRequest {
  readonly conversationId: ConversationId;
  readonly sequences: readonly number[];
}

export interface ReadCountList {
  readonly counts: readonly ReadCount[];
  readonly revision: number;
}

/** Reactions, pins, and who has read what. */
export interface StateCalls {
  /** Gives a reaction or takes it back; durable and visible to reads when it resolves. */
  react(session: Session, request: ReactRequest): Promise<void>;
  /** Who gave which reactions, by user id. */
  reactions(session: Session, request: ReactionsRequest): Promise<ReactionPage>;
  /** Pins a message or takes its pin away; durable and visible to reads when it resolves. */
  pin(session: Session, request: PinRequest): Promise<void>;
  /** Pinned messages that this user may see, the newest message first. */
  pins(session: Session, request: PinsRequest): Promise<PinPage>;
  /** Who has read a message, or who has not, by user id. */
  readers(session: Session, request: ReadersRequest): Promise<ReaderPage>;
  /** How many have read each of these messages. */
  readCounts(session: Session, request: ReadCountsRequest): Promise<ReadCountList>;
}
