/** A history before anything was said, as the recorder writes it. */
import { Column } from "./column.js";
import type { History, Resource } from "./history.js";
import { Names } from "./names.js";

type Writable<T> = T extends readonly (infer Item)[]
  ? Item[]
  : T extends ReadonlyMap<infer Key, infer Value>
    ? Map<Key, Value>
    : T extends ReadonlySet<infer Value>
      ? Set<Value>
      : T;

/** The history as its one writer has it. */
export type Draft = { -readonly [Key in keyof History]: Writable<History[Key]> };

export function emptyHistory(): Draft {
  return {
    tenants: new Names(),
    users: [],
    devices: [],
    conversations: [],
    messageIds: new Names(),
    clientMessageIds: new Names(),
    codes: new Names(),
    epochs: [],
    memberSets: [],
    lists: [],
    operations: table(
      "kind",
      "device",
      "conversation",
      "outcome",
      "endedAt",
      "detail",
      "content",
      "message",
      "sequence",
    ),
    invokedMs: [],
    endedMs: [],
    pages: table("operation", "first", "last", "firstVisible", "lastSequence", "view", "count"),
    placed: table(
      "conversation",
      "sequence",
      "message",
      "sender",
      "device",
      "clientMessageId",
      "members",
      "audience",
      "isCountable",
      "isImported",
      "content",
    ),
    membership: table("conversation", "user", "lastSequence", "isMember", "firstVisible"),
    trims: table("conversation", "firstVisible"),
    changes: table("conversation", "sequence", "revision", "isRecalled", "content"),
    assigned: table("user", "epoch", "pts", "kind", "conversation", "sequence", "list", "content"),
    steps: table("kind", "device", "epoch", "pts", "detail"),
    views: table("source", "device", "conversation", "sequence", "message", "content"),
    finals: table("device", "conversation", "view", "count"),
    entries: table(
      "device",
      "conversation",
      "firstVisible",
      "lastSequence",
      "readSequence",
      "unread",
      "isMember",
    ),
    drainedMs: new Map<number, number>(),
    gone: new Set<number>(),
    healedMs: undefined,
    resources: new Map<string, Resource>(),
  };
}

function table<Name extends string>(...names: readonly Name[]): Record<Name | "at", Column> {
  return Object.fromEntries(["at", ...names].map((name) => [name, new Column()])) as Record<
    Name | "at",
    Column
  >;
}
