/**
 * The port to the local store. A store is a small state that is held in memory while the client runs, and messages that
 * are read by range. It changes only by `commit`, which is atomic: after a crash all changes of one call are there or
 * none, and those of an earlier call are never missing when a later one's are there.
 */
import { Failure, type Scheduler } from "@parley/base";
import type {
  Body,
  Card,
  ClientMessageId,
  ConversationEntry,
  ConversationId,
  Forward,
  Message,
  Reactions,
  UserId,
} from "@parley/protocol";
import { WIPE_MS_MAX } from "./limits.js";

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
  /** As in a Send; missing where it was stored before there were any. */
  readonly audience?: readonly UserId[];
  readonly forward?: Forward | undefined;
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
  /** The number of the tab that leads, or led last; 0: there has been none. */
  readonly leader: number;
  /** The newest messages that tabs gave to their leader, the oldest first: none of them is taken twice. */
  readonly given: readonly string[];
  /** When conversations were looked at last; those that never were are missing. */
  readonly looked: ReadonlyMap<ConversationId, number>;
}

/**
 * One change; putting what is there replaces it, deleting what is not there does nothing. Of two messages with one place and
 * id the one with the higher revision is never replaced by the other, and the newer reactions and the newer part of a card stay:
 * `merged` says how.
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
  /** A message that is there gets these reactions, where they are newer. */
  | {
      readonly kind: "change-reactions";
      readonly conversationId: ConversationId;
      readonly sequence: number;
      readonly reactions: Reactions;
    }
  /** A message that is there gets this private part of its card, where it is newer. */
  | {
      readonly kind: "change-card-part";
      readonly conversationId: ConversationId;
      readonly sequence: number;
      readonly part: Card;
    }
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
  | { readonly kind: "spans"; readonly conversationId: ConversationId; readonly spans: readonly Span[] }
  | { readonly kind: "looked"; readonly conversationId: ConversationId; readonly atMs: number }
  | { readonly kind: "leader"; readonly leader: number }
  | { readonly kind: "given"; readonly clientMessageIds: readonly string[] };

/** Messages from `first` to `last`, or the newest `newest` of them. */
export interface MessageRange {
  readonly first: number;
  readonly last: number;
  readonly newest?: number;
}

/** Where a client keeps everything: the port to a database or a file. */
export interface ClientStore {
  /** Set by the client: told where a read found rows that are no messages and left them out. Stores that check what they read at once never call it. */
  onDamage?: (conversationId: ConversationId, span: Span) => void;
  /**
   * Opens the store, brings it to this version's form, whole or not at all, and reads its state. With `isLeading` the number of the
   * lead grows by one in the same step: whoever led before commits nothing from now on. Errors: "unavailable" when it cannot be
   * opened; `storeIsNewer`.
   */
  load(isLeading?: boolean): Promise<StoreState>;
  /**
   * Applies all changes or none; calls take effect in the order they were made. With a `leader` only while that one is stored:
   * a tab that has lost the lead, and does not know it yet, changes nothing. Errors: `leadLost`; the store's own.
   */
  commit(changes: readonly Change[], leader?: number): Promise<void>;
  /** Ascending by sequence; sees every commit that has resolved. */
  readMessages(conversationId: ConversationId, range: MessageRange): Promise<readonly Message[]>;
  /** Waits for what was begun and releases the store. Twice is safe; `load` opens it again. */
  close(): Promise<void>;
  /** Removes the store and all that is in it; closes it first. `load` makes a new one. Errors: "unavailable". */
  destroy(): Promise<void>;
}

/** What opening comes to when a newer version of the application has written the store: nothing of it is touched. */
export function storeIsNewer(found: number, known: number): Failure {
  const message =
    "The local store was written by a newer version of this application: update, or wipe it and lose what was not sent.";
  return new Failure("unavailable", message, { retry: "after-change", details: { found, known } });
}

/** What a commit comes to when another tab leads. */
export function leadLost(): Failure {
  return new Failure("unavailable", "Another tab keeps the local store.", {
    retry: "same",
    details: { [LEAD]: "lost" },
  });
}

/** Whether a commit failed because another tab leads. */
export function isLeadLost(error: unknown): boolean {
  return error instanceof Failure && error.details[LEAD] === "lost";
}

const LEAD = "lead";

/** Removes a store. Errors: "unavailable", also when somebody who has it open does not let go of it in WIPE_MS_MAX. */
export function destroyWithin(store: ClientStore, scheduler: Scheduler): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = scheduler.after(WIPE_MS_MAX, () =>
      reject(new Failure("unavailable", "Another tab keeps the local store.", { retry: "same" })),
    );
    store
      .destroy()
      .then(resolve, reject)
      .finally(() => timer.cancel())
      .catch(() => undefined);
  });
}
