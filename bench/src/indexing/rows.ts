/** The rows of the index measurements: messages of conversations, found by who sent them. */
import type { IndexSpec, Key, TableSpec, Write } from "@parley/tables";

export const CONVERSATIONS = 20_000;
const SENDERS = 50;
const TEXT_BYTES = 190;

const BY_SENDER: IndexSpec = {
  name: "sender",
  version: 1,
  keyParts: 1,
  entriesOf: ({ value }) => [{ key: [`u${(value[0] ?? 0) % SENDERS}`] }],
};

export const PLAIN_MESSAGE: TableSpec = { name: "message" };
export const INDEXED_MESSAGE: TableSpec = { ...PLAIN_MESSAGE, indexes: [BY_SENDER] };
export const INDEX = { table: "message", index: "sender" };

export function partitionOfConversation(conversation: number): Key {
  return ["main", `c${conversation}`];
}

/** A message; which sender has it depends on `sender`. */
export function messagePut(table: TableSpec, sequence: number, sender: number, isNew: boolean): Write {
  const value = new Uint8Array(TEXT_BYTES).fill(0x61);
  value[0] = sender & 0xff;
  return { kind: "put", table, sort: [sequence], value, isNew };
}
