/**
 * Which rows of the database are what was stored. A browser promises no more than that a row is there or not; one that a defect
 * of a disk, an extension or an earlier version of the application left cannot be shown, and would end whoever reads it. Such a row
 * counts as missing: the server has it, and rows of the outbox are rows of their own.
 */
import { Body, ConversationEntry, Message, type Schema } from "@parley/protocol";

/** Looks at one row under its key; the parts of a key are joined with a comma. */
export type IsSound = (row: unknown, key: string) => boolean;

/** For each object store with rows of its own what a row has to be; messages are looked at when they are read. */
export const ROWS = {
  entries: (row, key) => isOf(ConversationEntry, row) && row["conversationId"] === key,
  outbox: (row, key) =>
    areCounts(row, "order", "number") &&
    `${row["conversationId"] as string},${row["clientMessageId"] as string}` === key &&
    isOf(Body, row["body"]),
  numbers: isCount,
  spans: (row) => Array.isArray(row) && row.every((span) => areCounts(span, "first", "last")),
  looked: isCount,
  state: (row, key) =>
    ({
      owner: isObject(row) && typeof row["userId"] === "string",
      position: areCounts(row, "epoch", "pts"),
      leader: isCount(row),
      given: Array.isArray(row),
    })[key] === true,
} as const satisfies Record<string, IsSound>;

/** Whether a row is a message of a conversation. */
export function isSoundMessage(row: unknown, conversationId: string): row is Message {
  return isOf(Message, row) && row["conversationId"] === conversationId;
}

/** Fields that came with a later version may be missing. */
function isOf(of: Schema<object>, value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    isObject(value) &&
    of.fields.every(({ name, kind, isRepeated, schema }) => {
      const isOne = (one: unknown): boolean =>
        schema !== undefined
          ? isOf(schema, one)
          : kind === "uint"
            ? isCount(one)
            : kind === "bytes"
              ? one instanceof Uint8Array
              : typeof one === (kind === "bool" ? "boolean" : kind);
      const field = value[name];
      return field === undefined || (isRepeated ? Array.isArray(field) && field.every(isOne) : isOne(field));
    })
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function areCounts(value: unknown, ...names: readonly string[]): value is Readonly<Record<string, unknown>> {
  return isObject(value) && names.every((name) => isCount(value[name]));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
