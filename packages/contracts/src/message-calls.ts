import type {
  Body,
  ClientMessageId,
  ConversationId,
  Edit,
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

/** A message in its conversation. */
export interface MessageRequest {
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

export interface EditRequest extends MessageRequest {
  readonly body: Body | undefined;
}

/** From the body of revision `from` on. */
export interface EditsRequest extends MessageRequest {
  readonly from: number;
}

export interface EditPage {
  readonly items: readonly Edit[];
  /** `from` of the next page; 0 on the last one. */
  readonly next: number;
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
  /** Replaces the text of a message of this user; durable and visible to reads when it resolves. */
  edit(session: Session, request: EditRequest): Promise<void>;
  /** Takes a message back for everybody; durable and visible to reads when it resolves. */
  recall(session: Session, request: MessageRequest): Promise<void>;
  /** What a message said before its edits, the oldest first. */
  edits(session: Session, request: EditsRequest): Promise<EditPage>;
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
