import type {
  Body,
  ClientMessageId,
  ConversationId,
  Member,
  Message,
  MessageId,
  UserId,
} from "@parley/protocol";
import type { Session } from "./session.js";

export interface SendRequest {
  readonly conversationId: ConversationId;
  readonly clientMessageId: ClientMessageId;
  readonly number: number;
  readonly body: Body | undefined;
}

export interface SendResult {
  readonly messageId: MessageId;
  readonly sequence: number;
  readonly timeMs: number;
}

export interface HistoryRequest {
  readonly conversationId: ConversationId;
  readonly before: number;
  readonly after: number;
  readonly atMs: number;
  readonly limit: number;
  readonly isForward: boolean;
}

/** A span of history without holes: what is in it and not among `messages` is void for this user. */
export interface HistorySpan {
  readonly first: number;
  readonly last: number;
  readonly messages: readonly Message[];
  readonly firstVisible: number;
  readonly lastSequence: number;
}

/** What the message service offers. Errors are Failures with the protocol's codes. */
export interface MessageCalls {
  /** Resolves when the message is durable and has its place. Order of calls per device and conversation is kept. */
  send(session: Session, request: SendRequest): Promise<SendResult>;
  markRead(session: Session, conversationId: ConversationId, sequence: number): Promise<void>;
  /** Deletes for this user; durable and visible to its reads when it resolves. */
  hide(session: Session, conversationId: ConversationId, sequences: readonly number[]): Promise<void>;
  createDirect(session: Session, userId: UserId): Promise<ConversationId>;
  createGroup(
    session: Session,
    group: {
      readonly name: string;
      readonly title: string;
      readonly userIds: readonly UserId[];
      readonly isHistoryOpen: boolean;
    },
  ): Promise<ConversationId>;
  changeMembers(
    session: Session,
    change: {
      readonly conversationId: ConversationId;
      readonly userIds: readonly UserId[];
      readonly isRemoval: boolean;
    },
  ): Promise<void>;
  listMembers(
    session: Session,
    page: { readonly conversationId: ConversationId; readonly after: string; readonly limit: number },
  ): Promise<{ readonly members: readonly Member[]; readonly memberCount: number; readonly next: string }>;
  history(session: Session, request: HistoryRequest): Promise<HistorySpan>;
  digest(
    session: Session,
    span: { readonly conversationId: ConversationId; readonly first: number; readonly last: number },
  ): Promise<{ readonly digest: number; readonly count: number }>;
}
