import type { UserRecord, Verdict } from "@parley/domain";
import type { ConversationEntry, ConversationId } from "@parley/protocol";
import type { Session } from "./session.js";

/** A device's place in its user's queue. */
export interface Position {
  readonly epoch: number;
  readonly pts: number;
}

/** Where a feed puts what it has for a device. */
export interface FeedSink {
  /** Events `firstPts`, `firstPts + 1` …; each an encoded Event. */
  push(epoch: number, firstPts: number, events: readonly Uint8Array[]): void;
  rebase(position: Position, reason: "new-device" | "too-far-behind" | "unknown-epoch"): void;
  /** False while the connection has not taken what it was given; `Feed.resume` is called when it has. */
  hasRoom(): boolean;
  /** The feed cannot go on (the store failed): the connection is closed and the device comes back. */
  fail(): void;
}

/** One connected device. */
export interface Feed {
  /** The device has applied and stored everything up to `position`. */
  confirm(position: Position): void;
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
  /** Begins to feed a device from `position`: everything after it in order, or a rebase first. */
  attach(session: Session, position: Position, sink: FeedSink): Promise<Feed>;
  /** One page of the conversation list, by conversation id. Contains all that was acknowledged before. */
  listConversations(
    session: Session,
    page: { readonly cursor: string; readonly limit: number },
  ): Promise<{ readonly entries: readonly ConversationEntry[]; readonly next: string }>;
}
