/** Connections by their user. */
import type { Session } from "@parley/contracts";
import type { TenantId, UserId } from "@parley/protocol";

const NONE: ReadonlySet<never> = new Set();

export class UserConnections<Connection> {
  readonly #byUser = new Map<string, Set<Connection>>();

  add(connection: Connection, { tenantId, userId }: Session): void {
    const name = nameOf(tenantId, userId);
    const same = this.#byUser.get(name);
    if (same === undefined) this.#byUser.set(name, new Set([connection]));
    else same.add(connection);
  }

  delete(connection: Connection, { tenantId, userId }: Session): void {
    const name = nameOf(tenantId, userId);
    const same = this.#byUser.get(name);
    if (same?.delete(connection) === true && same.size === 0) this.#byUser.delete(name);
  }

  of(tenantId: TenantId, userId: UserId): ReadonlySet<Connection> {
    return this.#byUser.get(nameOf(tenantId, userId)) ?? NONE;
  }
}

/** Neither has a slash in it. */
function nameOf(tenantId: TenantId, userId: UserId): string {
  return `${tenantId}/${userId}`;
}
