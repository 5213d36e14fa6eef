/** Puts people, conversations and messages into a data directory that no server holds, through the same services. */
import { systemAmbient } from "@parley/base/node";
import { type TenantId, type UserId, parseTenantId } from "@parley/protocol";
import { type Parley, openParley } from "@parley/server";

const USERS_AT_A_TIME = 5_000;

/** Opens the installation, has it filled and closes it. Effects: durable when it resolves. */
export async function stock(
  dataDirectory: string,
  fill: (parley: Parley, tenantId: TenantId) => Promise<void>,
): Promise<void> {
  let failure: unknown;
  const parley = await openParley({
    dataDirectory,
    ambient: systemAmbient(),
    onFatal: (error) => {
      failure = error;
    },
  });
  try {
    await fill(parley, parseTenantId("main"));
  } finally {
    await parley.close();
  }
  if (failure !== undefined) throw new Error("The installation could not be filled.", { cause: failure });
}

/** People without devices. */
export async function addPeople(
  { accounts }: Parley,
  tenantId: TenantId,
  userIds: readonly UserId[],
): Promise<void> {
  for (let start = 0; start < userIds.length; start += USERS_AT_A_TIME) {
    const users = userIds.slice(start, start + USERS_AT_A_TIME).map((userId) => ({ userId, name: userId }));
    await accounts.addUsers(tenantId, users);
  }
}

/** Does the work for each, so many at a time, so that they share the syncs of the disk. */
export async function forEach<T>(
  items: Iterable<T>,
  atATime: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
