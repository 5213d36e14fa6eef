import type {
  Body,
  ClientMessageId,
  ConversationId,
  Edit,
  Forward,
  GroupSettings,
  MemberField,
  Message,
  MessageId,
  UserId,
} from "@parley/protocol";
import type { CardCalls } from "./card-calls.js";
import type { GroupCalls } from "./group-calls.js";
import type { Session } from "./session.js";
import type { StateCalls } from "./state-calls.js";

export interface SendRequest {
  readonly conversationId: ConversationId;
  readonly clientMessageId: ClientMessageId;
  readonly number: number;
  readonly body: Body | undefined;
  /** Directed to these members alone; empty: to all. */
  readonly audience?: readonly UserId[];
  /** Instead of a body. */
  readonly forward?: Forward | undefined;
}

export interface SendResult {
  readonly messageId: MessageId;
  readonly sequence: number;
  readonly timeMs: number;
  /** The review made it say something else: what it says comes with its event. */
  readonly isReplaced?: boolean;
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

/** What somebody looks for among the messages that they may see. */
export interface SearchRequest {
  /** Words, all of which have to be there, and phrases in quotation marks. */
  readonly text: string;
  /** Undefined: in all conversations that the user is in. */
  readonly conversationId: ConversationId | undefined;
  /** Undefined: of everybody. */
  readonly senderId: UserId | undefined;
  /** One of SEARCH_KINDS; empty: of any. `text` may be empty when this or `senderId` is not. */
  readonly kind: string;
  /** Sent at this time or later; 0: from the first on. */
  readonly fromMs: number;
  /** Sent before this time; 0: up to now. */
  readonly untilMs: number;
  /** `next` of the page before; empty for the first one. */
  readonly cursor: string;
  readonly limit: number;
}

export interface SearchHit {
  readonly message: Message;
  /** Pairs (from, before) of UTF-16 offsets into its plain text, ascending. */
  readonly spans: readonly number[];
}

export interface SearchPage {
  /** By conversation, the newest first within each. There may be none before the last page. */
  readonly hits: readonly SearchHit[];
  /** `cursor` of the next page; empty on the last one. */
  readonly next: string;
  /** Of all conversations: those with more than are shown. */
  readonly truncated: readonly ConversationId[];
}

/** A span of history without holes: what is in it and not among `messages` is void for this user. */
export interface HistorySpan {
  readonly first: number;
  readonly last: number;
  readonly messages: readonly Message[];
  readonly firstVisible: number;
  readonly lastSequence: number;
}

/** Messages by their sequences. */
export interface MessagesRequest {
  readonly conversationId: ConversationId;
  readonly sequences: readonly number[];
}

/** In the order of the request; `answered` is how many of the sequences, the first ones, this answers. */
export interface MessagesAnswer {
  readonly messages: readonly Message[];
  readonly answered: number;
}

/** Messages that mention the user, everywhere or in one conversation. `cursor` is `next` of the page before. */
export interface MentionsRequest {
  readonly cursor: string;
  readonly limit: number;
  /** Empty: everywhere. */
  readonly conversationId: ConversationId | "";
}

/** The newest first; `next` is empty on the last page. */
export interface MentionsAnswer {
  readonly messages: readonly Message[];
  readonly next: string;
}

/** What the message service offers. Errors are Failures with the protocol's codes. */
export interface MessageCalls extends StateCalls {
  readonly groups: GroupCalls;
  readonly cards: CardCalls;
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
      readonly settings?: GroupSettings | undefined;
      /** The name of an installed one; empty: none. */
      readonly scenario?: string;
    },
  ): Promise<ConversationId>;
  changeMembers(
    session: Session,
    change: {
      readonly conversationId: ConversationId;
      readonly userIds: readonly UserId[];
      readonly isRemoval: boolean;
      readonly scenarioRole?: string;
      readonly fields?: readonly MemberField[];
    },
  ): Promise<void>;
  history(session: Session, request: HistoryRequest): Promise<HistorySpan>;
  /** Messages as this user sees them now; those that are missing do not exist for it. */
  messages(session: Session, request: MessagesRequest): Promise<MessagesAnswer>;
  /** What mentions this user. Contains all that was acknowledged before. */
  mentions(session: Session, request: MentionsRequest): Promise<MentionsAnswer>;
  /** One page of what is found; its work is bounded, whatever is looked for. */
  search(session: Session, request: SearchRequest): Promise<SearchPage>;
  /**
   * Who is to be told that this user types: the other members of a conversation with at most TYPING_MEMBERS_MAX of them, where it may
   * write now; otherwise nobody. Cost: one read of the members. Errors: "not-a-member".
   */
  typingAudience(session: Session, conversationId: ConversationId): Promise<readonly UserId[]>;
  digest(
    session: Session,
    span: { readonly conversationId: ConversationId; readonly first: number; readonly last: number },
  ): Promise<{ readonly digest: number; readonly count: number }>;
}
