/** The rows of the index measurements: messages of conversations, found by who sent them. */
import type { IndexSpec, Key, TableSpec, Tables, Write } from "@parley/tables";

const SENDERS = 50;
const TEXT_BYTES = 190;
const FILL_CONVERSATIONS = 100;

const BY_SENDER: IndexSpec = {
  name: "sender",
  version: 1,
  keyParts: 1,
  entriesOf: ({ value }) => [{ key: [`u${(value[0] ?? 0) % SENDERS}`] }],
};

export const PLAIN_MESSAGE: TableSpec = { name: "message", keyOwner: "conversation" };
export const INDEXED_MESSAGE: TableSpec = { ...PLAIN_MESSAGE, indexes: [BY_SENDER] };
export const INDEX = { table: "message", index: "sender" };
/** Another table of the same kind, whose index is kept from its first row on. */
export const KEPT_MESSAGE: TableSpec = { ...INDEXED_MESSAGE, name: "kept-message" };

export function partitionOfConversation(conversation: number): Key {
  return ["main", `c${conversation}`];
}

/** A message; which sender has it depends on `sender`, 0 to 255. */
export function messagePut(table: TableSpec, sequence: number, sender: number, isNew: boolean): Write {
  return { kind: "put", table, sort: [sequence], value: messageOf(sender), isNew };
}

export function messageOf(sender: number): Uint8Array {
  const value = new Uint8Array(TEXT_BYTES).fill(0x61);
  value[0] = sender & 0xff;
  return value;
}

/** Writes the messages 1 to `rowsPerConversation` of each conversation. */
export async function fill(
  tables: Tables,
  table: TableSpec,
  {
    conversations,
    rowsPerConversation,
  }: { readonly conversations: number; readonly rowsPerConversation: number },
): Promise<void> {
  for (let first = 0; first < conversations; first += FILL_CONVERSATIONS) {
    const count = Math.min(FILL_CONVERSATIONS, conversations - first);
    const batches = Array.from({ length: count }, (_, index) => ({
      partition: partitionOfConversation(first + index),
      writes: Array.from({ length: rowsPerConversation }, (__, row) =>
        messagePut(table, row + 1, (first + index) * 7 + row, true),
      ),
    }));
    await tables.write(batches, { isDurable: false });
  }
}
