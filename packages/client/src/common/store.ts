/**
 * The port to the local store. A store is a small state that is held in memory while the client runs, and messages that
 * are read by range. It changes only by `commit`, which is atomic: after a crash all changes of one call are there or
 * none, and those of an earlier call are never missing when a later one's are there.
 */
import type { Body, ClientMessageId, ConversationEntry, ConversationId, Message } from "@parley/protocol";

/** A place in the user's event queue. Epoch 0: none yet. */
export interface Position {
  readonly epoch: number;
  readonly pts: number;
}

/** Sequences `first` to `last` are held: each is stored, or void for this user. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** A message of mine without a known place. */
export interface OutboxItem {
  readonly conversationId: ConversationId;
  readonly clientMessageId: ClientMessageId;
  readonly body: Body;
  readonly createdMs: number;
  /** The order of the queue; grows with every item and every retry. */
  readonly order: number;
  /** This device's number for it in its conversation; 0 while it has failed. */
  readonly number: number;
  /** Set when the server refused it for good; empty otherwise. */
  readonly failureCode: string;
}

/** Whose store it is. Another user's store is cleared, never shown. */
export interface StoreOwner {
  readonly userId: string;
  readonly deviceId: string;
}

/** All of the store but the messages. */
export interface StoreState {
  readonly owner: StoreOwner | undefined;
  readonly position: Position;
  readonly entries: readonly ConversationEntry[];
  readonly outbox: readonly OutboxItem[];
  readonly nextNumbers: ReadonlyMap<ConversationId, number>;
  readonly spans: ReadonlyMap<ConversationId, readonly Span[]>;
}

/**
 * One change; putting what is there replaces it, deleting what is not there does nothing. Of two messages with one place and
 * id the one with the higher revision is never replaced by the other.
 */
export type Change =
  | { readonly kind: "clear" }
  | { readonly kind: "owner"; readonly owner: StoreOwner }
  | { readonly kind: "position"; readonly position: Position }
  | { readonly kind: "put-entry"; readonly entry: ConversationEntry }
  | { readonly kind: "delete-entry"; readonly conversationId: ConversationId }
  | { readonly kind: "put-messages"; readonly messages: readonly Message[] }
  /** Replaces messages that are there, with their ids and a lower revision; others stay as they are. */
  | { readonly kind: "change-messages"; readonly messages: readonly Message[] }
  | {
      readonly kind: "delete-messages";
      readonly conversationId: ConversationId;
      readonly first: number;
      readonly last: number;
    }
  | { readonly kind: "put-outbox"; readonly item: OutboxItem }
  | {
      readonly kind: "delete-outbox";
      readonly conversationId: ConversationId;
      readonly clientMessageId: ClientMessageId;
    }
  | { readonly kind: "next-number"; readonly conversationId: ConversationId; readonly number: number }
  | { readonly kind: "spans"; readonly conversationId: ConversationId; readonly spans: readonly Span[] };

/** Messages from `first` to `last`, or the newest `newest` of them. */
export interface MessageRange {
  readonly first: number;
  readonly last: number;
  readonly newest?: number;
}

export interface ClientStore {
  /** Opens the store and reads its state. Errors: "unavailable" when it cannot be opened. */
  load(): Promise<StoreState>;
  /** Applies all changes or none; calls take effect in the order they were made. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Ascending by sequence; sees every commit that has resolved. */
  readMessages(conversationId: ConversationId, range: MessageRange): Promise<readonly Message[]>;
  /** Waits for what was begun and releases the store. Twice is safe; `load` opens it again. */
  close(): Promise<void>;
}
