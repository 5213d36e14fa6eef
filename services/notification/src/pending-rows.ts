import type { UserKey } from "@parley/contracts";
import type { TenantId } from "@parley/protocol";
import { newPending, NOTHING, type Pending } from "./pending.js";

const NO_ROWS: ReadonlySet<Pending> = new Set();

/** The rows in memory, by user and key, and by conversation: so many at most, and of one tenant half of them. */
export class PendingRows {
  readonly #max: number;
  readonly #users = new Map<string, Map<string, Pending>>();
  /** By tenant and key. */
  readonly #keys = new Map<string, Set<Pending>>();
  readonly #perTenant = new Map<TenantId, number>();
  /** Kept only to be taken away one day; the oldest first. */
  readonly #resting = new Map<TenantId, Set<Pending>>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  *all(): Generator<Pending> {
    for (const rows of this.#users.values()) yield* rows.values();
  }

  ofUser({ tenantId, userId }: UserKey): Iterable<Pending> {
    return this.#users.get(`${tenantId}/${userId}`)?.values() ?? [];
  }

  find({ tenantId, userId }: UserKey, key: string): Pending | undefined {
    return this.#users.get(`${tenantId}/${userId}`)?.get(key);
  }

  /** Of all users one key. */
  ofKey(tenantId: TenantId, key: string): ReadonlySet<Pending> {
    return this.#keys.get(`${tenantId}/${key}`) ?? NO_ROWS;
  }

  /** The one of the tenant that has rested for longest, when there is no room for another. */
  inTheWay(tenantId: TenantId): Pending | undefined {
    if (this.#hasRoom(tenantId)) return undefined;
    const [oldest] = this.#resting.get(tenantId) ?? [];
    return oldest;
  }

  /** A new row; undefined when no more may wait. */
  make(user: UserKey, key: string): Pending | undefined {
    if (!this.#hasRoom(user.tenantId)) return undefined;
    const pending = newPending(user, key, NOTHING);
    this.put(pending);
    return pending;
  }

  put(pending: Pending): void {
    const { tenantId, userId, key } = pending;
    const name = `${tenantId}/${userId}`;
    const rows = this.#users.get(name) ?? new Map<string, Pending>();
    this.#users.set(name, rows.set(key, pending));
    const ofKey = this.#keys.get(`${tenantId}/${key}`) ?? new Set();
    this.#keys.set(`${tenantId}/${key}`, ofKey.add(pending));
    this.#count += 1;
    this.#perTenant.set(tenantId, (this.#perTenant.get(tenantId) ?? 0) + 1);
  }

  /** It has nothing to be sent: kept to be taken away, or dropped. */
  rest(pending: Pending): void {
    if (pending.row.shownSequence === 0) {
      this.#drop(pending);
      return;
    }
    const resting = this.#resting.get(pending.tenantId) ?? new Set();
    this.#resting.set(pending.tenantId, resting.add(pending));
  }

  /** It has something to be sent again. */
  wake(pending: Pending): void {
    this.#resting.get(pending.tenantId)?.delete(pending);
  }

  #hasRoom(tenantId: TenantId): boolean {
    return this.#count < this.#max && (this.#perTenant.get(tenantId) ?? 0) < Math.ceil(this.#max / 2);
  }

  #drop(pending: Pending): void {
    this.wake(pending);
    const { tenantId, userId, key } = pending;
    const name = `${tenantId}/${userId}`;
    const rows = this.#users.get(name);
    if (rows?.delete(key) !== true) return;
    if (rows.size === 0) this.#users.delete(name);
    const ofKey = this.#keys.get(`${tenantId}/${key}`)!;
    ofKey.delete(pending);
    if (ofKey.size === 0) this.#keys.delete(`${tenantId}/${key}`);
    this.#count -= 1;
    this.#perTenant.set(tenantId, this.#perTenant.get(tenantId)! - 1);
  }
}
