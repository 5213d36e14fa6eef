/** What has to be stored before rows of messages are removed past the rows that wait to be stored. */
import { HeadRow } from "@parley/domain";
import { CONVERSATION_HEAD } from "@parley/message";
import { decode } from "@parley/protocol";
import type { Key } from "@parley/tables";
import type { TableStack } from "../table-stack.js";

/**
 * Resolves when it is stored that messages below `firstKept` are no longer kept. After a crash the records behind what is stored are
 * applied again, and they would find other messages than the first time: what was told in a topic would be counted otherwise.
 * Cost: one read of a row; a flush when it is not stored yet.
 */
export async function requireStoredHead(
  { tables, direct }: Pick<TableStack, "tables" | "direct">,
  partition: Key,
  firstKept: number,
): Promise<void> {
  const row = await direct.find(CONVERSATION_HEAD, partition, []);
  if (row !== undefined && decode(HeadRow, row).firstKept >= firstKept) return;
  await tables.flush();
}
