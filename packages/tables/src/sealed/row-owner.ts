import { assert } from "@parley/base";
import { INSTALLATION, type KeyOwner } from "@parley/keys";
import type { Key, TableSpec } from "../tables.js";

const INSTALLATION_OWNER: KeyOwner = { tenant: INSTALLATION };

/** Whose key seals a row. Errors: asserts that the key of the row has what the table's rule asks for. */
export function ownerOf({ keyOwner }: TableSpec, partition: Key, sort: Key): KeyOwner {
  if (keyOwner === "installation") return INSTALLATION_OWNER;
  const tenant = named(partition[0]);
  if (keyOwner === undefined || keyOwner === "tenant") return { tenant };
  return { tenant, conversation: named(keyOwner === "conversation" ? partition[1] : sort[0]) };
}

/** Whether all rows of a partition have one owner. */
export function isOwnedAsWhole({ keyOwner }: TableSpec): boolean {
  return keyOwner !== "conversation-in-sort";
}

function named(part: Key[number] | undefined): string {
  assert(typeof part === "string" && part !== "", "the key of a sealed row names its owner");
  return part;
}
