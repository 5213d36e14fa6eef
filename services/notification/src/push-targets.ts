/**
 * Where devices are notified: a row for each session that asked for it. Rows go with their sessions, and when the push service says
 * that there is no such device any more. Who has any is known in memory, so that nothing is done for all others.
 */
import { Failure } from "@parley/base";
import type { AccountCalls, PushTarget, PushTargetCalls, Session } from "@parley/contracts";
import {
  APP_ID_BYTES_MAX,
  bytes,
  decode,
  type DeviceId,
  encode,
  type Infer,
  PUSH_ENDPOINT_BYTES_MAX,
  PUSH_TOKEN_BYTES_MAX,
  schema,
  type SessionId,
  string,
  type TenantId,
  type UserId,
} from "@parley/protocol";
import type { Tables, TableSpec } from "@parley/tables";

/** Partition (tenant, user), sort (session): PushTargetRow. It lives as long as the session may. */
export const PUSH_TARGET: TableSpec = { name: "push-target", hasExpiry: true };

export const PushTargetRow = schema("PushTargetRow", {
  deviceId: string<DeviceId>(1),
  channel: string(2),
  appId: string(3),
  token: string(4),
  endpoint: string(5),
  publicKey: bytes(6),
  authSecret: bytes(7),
});
export type PushTargetRow = Infer<typeof PushTargetRow>;

/** A target, and the session that it ends with. */
export interface KnownTarget extends PushTargetRow {
  readonly sessionId: SessionId;
}

export const CHANNELS = ["web-push", "apns", "fcm", "hook"] as const;

/** Devices that can be notified: about 100 MB of memory. */
export const PUSH_TARGETS_MAX = 500_000;
/** Of one user; whoever has more sessions is notified on the first of them. */
const TARGETS_PER_USER_MAX = 100;
const SCAN_ROWS = 5_000;
/** An uncompressed point of P-256, and what a browser adds to it. */
const PUBLIC_KEY_BYTES = 65;
const AUTH_SECRET_BYTES = 16;
const NO_USERS: ReadonlySet<UserId> = new Set();

export interface PushTargetsOptions {
  /** Written durably. */
  readonly tables: Tables;
  readonly accounts: Pick<AccountCalls, "listSessions" | "onRevoked">;
  /** Default 500,000. */
  readonly targetsMax?: number;
}

export class PushTargets implements PushTargetCalls {
  readonly #options: PushTargetsOptions;
  readonly #targetsMax: number;
  /** Sessions with a target, by user. */
  readonly #sessions = new Map<string, Set<SessionId>>();
  /** Users with a target, by tenant. */
  readonly #tenants = new Map<TenantId, Set<UserId>>();
  readonly #users = new Map<SessionId, { readonly tenantId: TenantId; readonly userId: UserId }>();
  #stopListening: () => void = () => undefined;

  constructor(options: PushTargetsOptions) {
    this.#options = options;
    this.#targetsMax = options.targetsMax ?? PUSH_TARGETS_MAX;
  }

  /** Learns who has targets. Call before anything else. */
  async open(): Promise<void> {
    let after:
      | { readonly partition: readonly (string | number)[]; readonly sort: readonly (string | number)[] }
      | undefined;
    for (;;) {
      const rows = await this.#options.tables.scanTable({
        table: PUSH_TARGET,
        limit: SCAN_ROWS,
        ...(after === undefined ? {} : { after }),
      });
      for (const { partition, sort } of rows)
        this.#note(partition[0] as TenantId, partition[1] as UserId, sort[0] as SessionId);
      if (rows.length < SCAN_ROWS) break;
      after = rows.at(-1)!;
    }
    this.#stopListening = this.#options.accounts.onRevoked((sessionId) => void this.#forget(sessionId));
  }

  /** Idempotent. */
  close(): void {
    this.#stopListening();
  }

  /** Whether the user has a target, maybe one whose session has run out. */
  has(tenantId: TenantId, userId: UserId): boolean {
    return this.#sessions.size > 0 && this.#sessions.has(`${tenantId}/${userId}`);
  }

  /** Those of one tenant who have a target. */
  usersOf(tenantId: TenantId): ReadonlySet<UserId> {
    return this.#tenants.get(tenantId) ?? NO_USERS;
  }

  /** Users with targets. */
  *users(): Generator<{ readonly tenantId: TenantId; readonly userId: UserId }> {
    for (const sessions of this.#sessions.values())
      for (const sessionId of sessions) {
        yield this.#users.get(sessionId)!;
        break;
      }
  }

  get count(): number {
    return this.#users.size;
  }

  async setPushTarget(session: Session, target: PushTarget): Promise<void> {
    const { tenantId, userId, sessionId, deviceId, expiresAtMs } = session;
    if (target.channel === "") return this.remove(tenantId, userId, sessionId);
    checkTarget(target);
    if (!this.#users.has(sessionId) && this.#users.size >= this.#targetsMax) {
      throw new Failure("unavailable", "No more devices can be notified by this server.", { retry: "never" });
    }
    const value = encode(PushTargetRow, { ...target, deviceId });
    const put = { kind: "put" as const, table: PUSH_TARGET, sort: [sessionId], value, expiresAtMs };
    this.#note(tenantId, userId, sessionId);
    await this.#options.tables.write([{ partition: [tenantId, userId], writes: [put] }], { isDurable: true });
    // Somebody may have looked before the row was there.
    this.#note(tenantId, userId, sessionId);
  }

  /** The targets of a user whose sessions have not ended. */
  async find(tenantId: TenantId, userId: UserId): Promise<readonly KnownTarget[]> {
    const { tables, accounts } = this.#options;
    const [rows, sessions] = await Promise.all([
      tables.range({ table: PUSH_TARGET, partition: [tenantId, userId], limit: TARGETS_PER_USER_MAX }),
      accounts.listSessions(tenantId, userId),
    ]);
    if (rows.length < TARGETS_PER_USER_MAX) {
      const kept = new Set(rows.map(({ sort }) => sort[0]));
      // Their time has come, and their rows are gone.
      for (const sessionId of this.#sessions.get(`${tenantId}/${userId}`) ?? [])
        if (!kept.has(sessionId)) this.#leave(sessionId);
    }
    const live = new Set(sessions.map(({ sessionId }) => sessionId));
    return rows
      .map(({ sort, value }) => ({ sessionId: sort[0] as SessionId, ...decode(PushTargetRow, value) }))
      .filter(({ sessionId }) => live.has(sessionId));
  }

  /** Forgets a target. Idempotent. */
  async remove(tenantId: TenantId, userId: UserId, sessionId: SessionId): Promise<void> {
    this.#leave(sessionId);
    const remove = { kind: "delete" as const, table: PUSH_TARGET, sort: [sessionId] };
    await this.#options.tables.write([{ partition: [tenantId, userId], writes: [remove] }], {
      isDurable: true,
    });
  }

  /** A session has ended. Its row is not used from now on, so it does not matter when it goes, or whether now. */
  async #forget(sessionId: SessionId): Promise<void> {
    const user = this.#users.get(sessionId);
    if (user === undefined) return;
    await this.remove(user.tenantId, user.userId, sessionId).catch(() => undefined);
  }

  #note(tenantId: TenantId, userId: UserId, sessionId: SessionId): void {
    const key = `${tenantId}/${userId}`;
    const sessions = this.#sessions.get(key) ?? new Set();
    this.#sessions.set(key, sessions.add(sessionId));
    const users = this.#tenants.get(tenantId) ?? new Set();
    this.#tenants.set(tenantId, users.add(userId));
    this.#users.set(sessionId, { tenantId, userId });
  }

  #leave(sessionId: SessionId): void {
    const user = this.#users.get(sessionId);
    if (user === undefined) return;
    this.#users.delete(sessionId);
    const key = `${user.tenantId}/${user.userId}`;
    const sessions = this.#sessions.get(key)!;
    sessions.delete(sessionId);
    if (sessions.size > 0) return;
    this.#sessions.delete(key);
    const users = this.#tenants.get(user.tenantId)!;
    users.delete(user.userId);
    if (users.size === 0) this.#tenants.delete(user.tenantId);
  }
}

function checkTarget({ channel, appId, token, endpoint, publicKey, authSecret }: PushTarget): void {
  if (!CHANNELS.some((known) => known === channel))
    throw badRequest(`The channel must be one of ${CHANNELS.join(", ")}.`);
  if (Buffer.byteLength(appId) > APP_ID_BYTES_MAX || Buffer.byteLength(token) > PUSH_TOKEN_BYTES_MAX)
    throw badRequest("The app id or the token is too long.");
  if (channel !== "web-push") {
    if (token === "" || /[^\x21-\x7e]/.test(token)) throw badRequest("The token must be visible ASCII.");
    return;
  }
  if (Buffer.byteLength(endpoint) > PUSH_ENDPOINT_BYTES_MAX || !URL.canParse(endpoint))
    throw badRequest("The endpoint must be a URL.");
  if (publicKey.length !== PUBLIC_KEY_BYTES || authSecret.length !== AUTH_SECRET_BYTES)
    throw badRequest("The keys of the subscription have the wrong lengths.");
}

function badRequest(message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change" });
}
