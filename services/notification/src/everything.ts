/**
 * Who asked to be told of everything in a conversation. In a large group this has to be known before anybody is looked at, so it is
 * in memory, of users with a target; and in rows of the user's own partition, which are written with the event that says so.
 */
import type { Logger } from "@parley/base";
import type { UserKey } from "@parley/contracts";
import type { ConversationId, NotifySettingsEvent, TenantId, UserId } from "@parley/protocol";
import type { TableSpec, Write, WriteBackTables } from "@parley/tables";
import type { PushTargets } from "./push-targets.js";

/** Partition (tenant, user), sort (conversation): empty; the user asked to be told of everything there. */
export const NOTIFY_EVERYTHING: TableSpec = { name: "notify-everything", isKeysOnly: true };

/** Pairs of a user and a conversation in memory: about 50 MB. */
export const EVERYTHING_MAX = 500_000;
/** Conversations of one user; of more the first ones by id. */
const PER_USER_MAX = 1_000;
const NO_BYTES = new Uint8Array(0);
const NOBODY: ReadonlySet<UserId> = new Set();

export class Everything {
  readonly #targets: PushTargets;
  readonly #logger: Logger;
  readonly #max: number;
  readonly #users = new Map<string, Set<UserId>>();
  #count = 0;

  constructor(targets: PushTargets, logger: Logger, max = EVERYTHING_MAX) {
    this.#targets = targets;
    this.#logger = logger;
    this.#max = max;
  }

  /** Those who may have asked for it: the rules are asked again when it goes out. */
  usersOf(tenantId: TenantId, conversationId: ConversationId): ReadonlySet<UserId> {
    return this.#users.get(`${tenantId}/${conversationId}`) ?? NOBODY;
  }

  /** Reads what a user with a target asked for. What is set meanwhile counts, too. */
  async load(tables: Pick<WriteBackTables, "range">, { tenantId, userId }: UserKey): Promise<void> {
    const partition = [tenantId, userId];
    const rows = await tables.range({ table: NOTIFY_EVERYTHING, partition, limit: PER_USER_MAX });
    for (const { sort } of rows) this.#add(tenantId, sort[0] as ConversationId, userId);
  }

  /** A user set something: returns what is to be written with it. */
  onSettings(
    { tenantId, userId }: UserKey,
    { conversationId, level }: NotifySettingsEvent,
  ): Write | undefined {
    // It is about all of them.
    if (conversationId === "") return undefined;
    const at = { table: NOTIFY_EVERYTHING, sort: [conversationId] };
    if (level !== "all") {
      this.#remove(tenantId, conversationId, userId);
      return { kind: "delete", ...at };
    }
    if (this.#targets.has(tenantId, userId)) this.#add(tenantId, conversationId, userId);
    return { kind: "put", ...at, value: NO_BYTES };
  }

  #add(tenantId: TenantId, conversationId: ConversationId, userId: UserId): void {
    const key = `${tenantId}/${conversationId}`;
    const users = this.#users.get(key) ?? new Set();
    if (users.has(userId)) return;
    if (this.#count >= this.#max) {
      this.#logger.warn("notify-everything-is-full", { tenantId, conversationId });
      return;
    }
    this.#count += 1;
    this.#users.set(key, users.add(userId));
  }

  #remove(tenantId: TenantId, conversationId: ConversationId, userId: UserId): void {
    const key = `${tenantId}/${conversationId}`;
    const users = this.#users.get(key);
    if (users?.delete(userId) !== true) return;
    this.#count -= 1;
    if (users.size === 0) this.#users.delete(key);
  }
}
