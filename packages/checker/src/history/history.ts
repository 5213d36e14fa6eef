/**
 * A history in columns: one row for each thing said, in the order of saying. `at` is the step, one count over all
 * tables, so "before" and "after" can be told between any two rows. About 25 bytes for each delivery.
 */
import type { Column } from "./column.js";
import type { Names } from "./names.js";
import type { EventKind } from "./records.js";

export const OPERATION_KINDS = ["send", "hide", "read", "create", "add", "remove", "page"] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** An operation that never ended is unknown. */
export const OUTCOME = { unknown: 0, ok: 1, failed: 2 } as const;

export const EVENT_KINDS: readonly EventKind[] = [
  "message",
  "read",
  "hidden",
  "joined",
  "left",
  "advanced",
  "trimmed",
  "changed",
  "voided",
  "state",
  "other",
];

/** What a row of `steps` says a device did. */
export const STEP = { applied: 0, rebased: 1, stored: 2, restarted: 3 } as const;

/** How a device came to see a message. */
export const SOURCE = { shown: 0, page: 1, final: 2, found: 3 } as const;

type Table<Name extends string> = { readonly [Key in Name | "at"]: Column };

export interface Resource {
  readonly value: number;
  readonly max: number;
}

export interface History {
  readonly tenants: Names;
  readonly users: readonly { readonly tenant: number; readonly name: string }[];
  readonly devices: readonly { readonly user: number; readonly name: string }[];
  readonly conversations: readonly { readonly tenant: number; readonly id: string }[];
  readonly messageIds: Names;
  readonly clientMessageIds: Names;
  readonly codes: Names;
  readonly epochs: readonly number[];
  readonly memberSets: readonly ReadonlySet<number>[];
  /** Sequences or users that a row names by the index of their list. */
  readonly lists: readonly (readonly number[])[];
  /**
   * `sequence` is the one acknowledged or read up to. `detail` is the client message id of a send, the list of a hide or
   * of a change of members, and the row in `pages` of a page. `message` is a code when the outcome is a failure.
   */
  readonly operations: Table<
    "kind" | "device" | "conversation" | "outcome" | "endedAt" | "detail" | "content" | "message" | "sequence"
  >;
  /** When each operation was invoked and acknowledged; 0 where nobody said. */
  readonly invokedMs: readonly number[];
  readonly endedMs: readonly number[];
  /** A page's messages are `count` rows of `views` from `view` on. */
  readonly pages: Table<"operation" | "first" | "last" | "firstVisible" | "lastSequence" | "view" | "count">;
  readonly placed: Table<
    | "conversation"
    | "sequence"
    | "message"
    | "sender"
    | "device"
    | "clientMessageId"
    | "members"
    | "audience"
    | "isCountable"
    | "isImported"
    | "content"
  >;
  readonly membership: Table<"conversation" | "user" | "lastSequence" | "isMember" | "firstVisible">;
  /** Messages below `firstVisible` are no longer kept. */
  readonly trims: Table<"conversation" | "firstVisible">;
  /** Later states of messages. */
  readonly changes: Table<"conversation" | "sequence" | "revision" | "isRecalled" | "content">;
  readonly assigned: Table<
    "user" | "epoch" | "pts" | "kind" | "conversation" | "sequence" | "list" | "content"
  >;
  readonly steps: Table<"kind" | "device" | "epoch" | "pts" | "detail">;
  readonly views: Table<"source" | "device" | "conversation" | "sequence" | "message" | "content">;
  readonly finals: Table<"device" | "conversation" | "view" | "count">;
  readonly entries: Table<
    "device" | "conversation" | "firstVisible" | "lastSequence" | "readSequence" | "unread" | "isMember"
  >;
  /** Times of the last drain of each device, and of the last healing. */
  readonly drainedMs: ReadonlyMap<number, number>;
  readonly gone: ReadonlySet<number>;
  readonly healedMs: number | undefined;
  /** The highest value of each resource relative to its limit. */
  readonly resources: ReadonlyMap<string, Resource>;
}
