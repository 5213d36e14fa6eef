/** What can be said in a history. Indexes are given by the recorder; sequences and PTS are those of the protocol. */

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

export type UserIndex = Branded<"UserIndex">;
export type DeviceIndex = Branded<"DeviceIndex">;
export type ConversationIndex = Branded<"ConversationIndex">;
export type OperationIndex = Branded<"OperationIndex">;
/** A set of users, named once and used for as many messages as it holds for. */
export type MemberSetIndex = Branded<"MemberSetIndex">;
/** Stands for a content: see `contentOf`. The content of a message's event is that of the message. */
export type Content = Branded<"Content">;

export type EventKind =
  | "message"
  | "read"
  | "hidden"
  | "joined"
  | "left"
  | "advanced"
  | "trimmed"
  | "changed"
  | "voided"
  /** Reactions, a pin, or what concerns one user of a card: about a message that who is told sees. */
  | "state"
  | "other";

/** What a device sends without knowing what it says: the server makes the content of a forward. */
export const NO_CONTENT = 0 as Content;

export interface SendInvocation {
  readonly device: DeviceIndex;
  readonly conversation: ConversationIndex;
  readonly clientMessageId: string;
  readonly content: Content;
  readonly timeMs: number;
}

export interface SendSuccess {
  readonly messageId: string;
  readonly sequence: number;
  readonly timeMs: number;
}

export interface HideInvocation {
  readonly device: DeviceIndex;
  readonly conversation: ConversationIndex;
  readonly sequences: readonly number[];
}

export interface ReadInvocation {
  readonly device: DeviceIndex;
  readonly conversation: ConversationIndex;
  readonly sequence: number;
}

export interface MembersInvocation {
  readonly device: DeviceIndex;
  readonly conversation: ConversationIndex;
  readonly users: readonly UserIndex[];
  readonly isRemoval: boolean;
}

export interface PageInvocation {
  readonly device: DeviceIndex;
  readonly conversation: ConversationIndex;
}

export interface SeenMessage {
  readonly sequence: number;
  readonly messageId: string;
  readonly content: Content;
}

/** A page as the server gave it: it covers `first` to `last` whole; nothing when `first` is above `last`. */
export interface PageSuccess {
  readonly first: number;
  readonly last: number;
  readonly firstVisible: number;
  readonly lastSequence: number;
  readonly messages: readonly SeenMessage[];
}

/** The conversation machine gave a message its place. */
export interface PlacedMessage {
  readonly conversation: ConversationIndex;
  readonly sequence: number;
  readonly messageId: string;
  readonly sender: UserIndex;
  /** Undefined for what no device sent: notices and imports. */
  readonly device: DeviceIndex | undefined;
  readonly clientMessageId: string;
  /** Who is a member at this place, and so gets the message; undefined where nobody can tell. */
  readonly members: MemberSetIndex | undefined;
  readonly isCountable: boolean;
  /** Of a directed message: who sees it, among the members; undefined: all of them. */
  readonly audience?: MemberSetIndex | undefined;
  /** Imported messages reach their members by an `advanced` event and not by one of their own. */
  readonly isImported?: boolean;
  readonly content: Content;
}

/** The conversation machine changed who is a member, after the message at `lastSequence`. */
export interface MembershipChange {
  readonly conversation: ConversationIndex;
  readonly user: UserIndex;
  readonly lastSequence: number;
}

export interface JoinedMember extends MembershipChange {
  readonly firstVisible: number;
}

/** The conversation machine said that messages below `firstVisible` are no longer kept. */
export interface TrimmedConversation {
  readonly conversation: ConversationIndex;
  readonly firstVisible: number;
}

/** The conversation machine changed a message that was placed before. */
export interface ChangedMessage {
  readonly conversation: ConversationIndex;
  readonly sequence: number;
  readonly revision: number;
  readonly isRecalled: boolean;
  readonly content: Content;
}

/** The user machine gave an event its PTS. */
export interface AssignedEvent {
  readonly user: UserIndex;
  readonly epoch: number;
  readonly pts: number;
  readonly kind: EventKind;
  /** Undefined for events of other modules. */
  readonly conversation: ConversationIndex | undefined;
  /** The message's, also of a changed one, the one read up to, or the conversation's last one when joined, left or advanced, the first one kept; otherwise 0. */
  readonly sequence: number;
  /** Of a `hidden` event. */
  readonly sequences?: readonly number[];
  readonly content: Content;
}

export interface DevicePosition {
  readonly device: DeviceIndex;
  readonly epoch: number;
  readonly pts: number;
}

export interface AppliedEvent extends DevicePosition {
  readonly content: Content;
}

export interface ListedConversation {
  readonly conversation: ConversationIndex;
  readonly lastSequence: number;
}

/** The device replaced its list and its position by those of the server. */
export interface Rebase extends DevicePosition {
  /** The list that it took. */
  readonly entries: readonly ListedConversation[];
}

export interface ShownMessage extends SeenMessage {
  readonly device: DeviceIndex;
  readonly conversation: ConversationIndex;
}

/** A list entry at the end of the run. */
export interface ShownEntry {
  readonly device: DeviceIndex;
  readonly conversation: ConversationIndex;
  readonly firstVisible: number;
  readonly lastSequence: number;
  readonly readSequence: number;
  readonly unread: number;
  readonly isMember: boolean;
}

/** All messages of a conversation that a device has at the end of the run, in the order in which it shows them. */
export interface FinalMessages {
  readonly device: DeviceIndex;
  readonly conversation: ConversationIndex;
  readonly messages: readonly SeenMessage[];
}
