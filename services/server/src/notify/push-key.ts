import { newVapidKey, type VapidKeys, vapidKeys } from "@parley/notification";
import type { Tables, TableSpec } from "@parley/tables";

/** Partition ("vapid"), sort (): the private key by which this installation signs web pushes, in PEM. */
export const PUSH_KEY: TableSpec = { name: "push-key", keyOwner: "installation" };
const PARTITION = ["vapid"];

/**
 * The key that browsers have bound their subscriptions to: made once, and kept with everything else, in backups too, for with
 * another one nobody would be reached any more. `tables` are those that write durably.
 */
export async function findOrMakePushKey(
  tables: Tables,
  subject: string,
  newKey: () => string = newVapidKey,
): Promise<VapidKeys> {
  const row = await tables.find(PUSH_KEY, PARTITION, []);
  if (row !== undefined) return vapidKeys(new TextDecoder().decode(row), subject);
  const pem = newKey();
  const write = { kind: "put" as const, table: PUSH_KEY, sort: [], value: new TextEncoder().encode(pem) };
  await tables.write([{ partition: PARTITION, writes: [write] }], { isDurable: true });
  return vapidKeys(pem, subject);
}
