import { createHash } from "node:crypto";
import type { AccountCalls, IssuedToken, Session, SessionInfo } from "@parley/contracts";
import { type Clock, Failure, LruMap, type Random } from "@parley/base";
import {
  type DeviceId,
  type SessionId,
  type TenantId,
  type User,
  type UserId,
  DIRECTORY_PAGE_MAX,
  NAME_BYTES_MAX,
  decode,
  encode,
} from "@parley/protocol";
import type { Tables } from "@parley/tables";
import { ACCOUNT, AccountRow, SESSION, SessionRow, TOKEN, TokenRow } from "./account-rows.js";
import { Passwords } from "./passwords.js";

const SESSION_MS = 30 * 24 * 60 * 60 * 1000;
/** Verified tokens kept in memory. */
const VERIFIED_MAX = 100_000;
const SESSIONS_PER_USER_MAX = 1_000;
/** Wrong passwords for one user before a wait, and how long they are remembered. */
const FAILURES_MAX = 10;
const FAILURE_MS = 60_000;
const FAILING_USERS_MAX = 10_000;

export interface AccountStoreOptions {
  readonly tables: Tables;
  readonly clock: Clock;
  readonly random: Random;
}

/** Users, their passwords and their sessions. Only the hash of a token is stored. */
export class AccountStore implements AccountCalls {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #passwords = new Passwords();
  readonly #verified = new LruMap<string, Session>();
  readonly #failures = new LruMap<string, { count: number; untilMs: number }>();
  readonly #listeners = new Set<(sessionId: SessionId) => void>();
  /** The last change of accounts under way; see #inTurn. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: AccountStoreOptions) {
    this.#tables = options.tables;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  async login(request: {
    readonly tenantId: TenantId;
    readonly userId: UserId;
    readonly password: string;
    readonly deviceName: string;
    readonly deviceId?: DeviceId;
  }): Promise<IssuedToken> {
    const { tenantId, userId } = request;
    this.#requireFewFailures(tenantId, userId);
    const account = await this.#findAccount(tenantId, userId);
    const passwordHash = account?.passwordHash === "" ? undefined : account?.passwordHash;
    if (!(await this.#passwords.verify(passwordHash, request.password)) || account === undefined) {
      this.#countFailure(tenantId, userId);
      throw new Failure("invalid-credentials", "The user or the password is wrong.", {
        retry: "after-change",
      });
    }
    if (account.isDisabled) throw new Failure("account-disabled", "This account may not sign in.");
    return this.issueToken(request);
  }

  async verify(token: string): Promise<Session> {
    const tokenHash = hashOf(token);
    const known = this.#verified.find(tokenHash);
    const session = known ?? (await this.#readSession(tokenHash));
    if (session === undefined || session.expiresAtMs <= this.#clock.nowMs()) {
      throw new Failure("session-invalid", "The token is unknown, expired or revoked.", {
        retry: "after-change",
      });
    }
    if (known === undefined) {
      this.#verified.put(tokenHash, session);
      this.#verified.cutTo(VERIFIED_MAX);
    }
    return session;
  }

  async listSessions(tenantId: TenantId, userId: UserId): Promise<readonly SessionInfo[]> {
    const rows = await this.#tables.range({
      table: SESSION,
      partition: [tenantId, userId],
      limit: SESSIONS_PER_USER_MAX,
    });
    return rows.map((row) => {
      const { deviceId, deviceName, createdMs, expiresAtMs } = decode(SessionRow, row.value);
      return { sessionId: row.sort[0] as SessionId, deviceId, deviceName, createdMs, expiresAtMs };
    });
  }

  async revoke(tenantId: TenantId, userId: UserId, sessionId: SessionId): Promise<void> {
    const partition = [tenantId, userId];
    const value = await this.#tables.find(SESSION, partition, [sessionId]);
    if (value === undefined) return;
    const { tokenHash } = decode(SessionRow, value);
    await this.#tables.write(
      [
        { partition: [tokenHash], writes: [{ kind: "delete", table: TOKEN, sort: [] }] },
        { partition, writes: [{ kind: "delete", table: SESSION, sort: [sessionId] }] },
      ],
      { isDurable: true },
    );
    this.#verified.delete(tokenHash);
    for (const listener of this.#listeners) listener(sessionId);
  }

  onRevoked(listener: (sessionId: SessionId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async findUsers(tenantId: TenantId, userIds: readonly UserId[]): Promise<readonly (User | undefined)[]> {
    const rows = await this.#tables.findMany(
      ACCOUNT,
      userIds.map((userId) => ({ partition: [tenantId], sort: [userId] })),
    );
    return rows.map((row, index) =>
      row === undefined ? undefined : { userId: userIds[index]!, name: decode(AccountRow, row).name },
    );
  }

  async listUsers(
    tenantId: TenantId,
    page: { readonly prefix: string; readonly after: string; readonly limit: number },
  ): Promise<{ readonly users: readonly User[]; readonly next: string }> {
    const limit = Math.min(Math.max(1, page.limit || DIRECTORY_PAGE_MAX), DIRECTORY_PAGE_MAX);
    const from = page.after > page.prefix ? `${page.after}\u0000` : page.prefix;
    const rows = await this.#tables.range({
      table: ACCOUNT,
      partition: [tenantId],
      from: [from],
      // User ids are ASCII: nothing that begins with the prefix comes after this.
      ...(page.prefix === "" ? {} : { before: [`${page.prefix}\u007f`] }),
      limit,
    });
    const users = rows.map((row) => ({
      userId: row.sort[0] as UserId,
      name: decode(AccountRow, row.value).name,
    }));
    return { users, next: rows.length < limit ? "" : (users.at(-1)?.userId ?? "") };
  }

  /** Adds a user; without a password it cannot sign in. Errors: "bad-request" when it exists or its name is too long. */
  async addUser(user: {
    readonly tenantId: TenantId;
    readonly userId: UserId;
    readonly name: string;
    readonly password?: string;
  }): Promise<void> {
    const { tenantId, userId, name, password } = user;
    requireName(name);
    const passwordHash = password === undefined ? "" : await this.#passwords.hash(password);
    await this.#inTurn(async () => {
      if ((await this.#findAccount(tenantId, userId)) !== undefined) {
        throw new Failure("bad-request", `The user ${userId} exists.`, { retry: "after-change" });
      }
      const createdMs = this.#clock.nowMs();
      await this.#writeAccounts(tenantId, [[userId, { name, passwordHash, isDisabled: false, createdMs }]]);
    });
  }

  /**
   * Adds those of the users that do not exist, without passwords, in one durable write. Returns how many were added.
   * Errors: "bad-request" for a name that is too long.
   */
  async addUsers(tenantId: TenantId, users: readonly User[]): Promise<number> {
    for (const { name } of users) requireName(name);
    return this.#inTurn(async () => {
      const known = await this.findUsers(
        tenantId,
        users.map(({ userId }) => userId),
      );
      const missing = users.filter((_, index) => known[index] === undefined);
      const createdMs = this.#clock.nowMs();
      const row = ({ userId, name }: User): [UserId, AccountRow] => [
        userId,
        { name, passwordHash: "", isDisabled: false, createdMs },
      ];
      if (missing.length > 0) await this.#writeAccounts(tenantId, missing.map(row));
      return missing.length;
    });
  }

  /** Sets a password and ends all sessions of the user. Errors: "user-not-found". */
  async setPassword(tenantId: TenantId, userId: UserId, password: string): Promise<void> {
    const passwordHash = await this.#passwords.hash(password);
    await this.#changeAccount(tenantId, userId, { passwordHash });
    await this.#revokeAll(tenantId, userId);
  }

  /** A disabled account cannot sign in, and its sessions end. Errors: "user-not-found". */
  async setDisabled(tenantId: TenantId, userId: UserId, isDisabled: boolean): Promise<void> {
    await this.#changeAccount(tenantId, userId, { isDisabled });
    if (isDisabled) await this.#revokeAll(tenantId, userId);
  }

  /** Opens a session without a password: for operators. Errors: "user-not-found". */
  async issueToken(request: {
    readonly tenantId: TenantId;
    readonly userId: UserId;
    readonly deviceName: string;
    readonly deviceId?: DeviceId;
    readonly lifetimeMs?: number;
  }): Promise<IssuedToken> {
    const { tenantId, userId } = request;
    await this.#requireAccount(tenantId, userId);
    const token = `parley_${base64url(this.#random.bytes(32))}`;
    const tokenHash = hashOf(token);
    const sessionId = `s-${base64url(this.#random.bytes(12))}` as SessionId;
    const deviceId = request.deviceId ?? (`d-${base64url(this.#random.bytes(12))}` as DeviceId);
    const createdMs = this.#clock.nowMs();
    const expiresAtMs = createdMs + (request.lifetimeMs ?? SESSION_MS);
    const session: Session = { tenantId, userId, deviceId, sessionId, expiresAtMs };
    const row = { tokenHash, deviceId, deviceName: request.deviceName, createdMs, expiresAtMs };
    await this.#tables.write(
      [
        {
          partition: [tokenHash],
          writes: [{ kind: "put", table: TOKEN, sort: [], value: encode(TokenRow, session), expiresAtMs }],
        },
        {
          partition: [tenantId, userId],
          writes: [
            { kind: "put", table: SESSION, sort: [sessionId], value: encode(SessionRow, row), expiresAtMs },
          ],
        },
      ],
      { isDurable: true },
    );
    return { token, session };
  }

  async #changeAccount(tenantId: TenantId, userId: UserId, change: Partial<AccountRow>): Promise<void> {
    await this.#inTurn(async () => {
      const account = await this.#requireAccount(tenantId, userId);
      await this.#writeAccounts(tenantId, [[userId, { ...account, ...change }]]);
    });
  }

  /** Changes read what they change: one after another, so that none undoes another. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#changing.then(change);
    // Whoever asked for a change handles its failure; the next one does not care.
    this.#changing = turn.catch(() => undefined);
    return turn;
  }

  async #readSession(tokenHash: string): Promise<Session | undefined> {
    const value = await this.#tables.find(TOKEN, [tokenHash], []);
    return value === undefined ? undefined : decode(TokenRow, value);
  }

  async #findAccount(tenantId: TenantId, userId: UserId): Promise<AccountRow | undefined> {
    const value = await this.#tables.find(ACCOUNT, [tenantId], [userId]);
    return value === undefined ? undefined : decode(AccountRow, value);
  }

  async #requireAccount(tenantId: TenantId, userId: UserId): Promise<AccountRow> {
    const account = await this.#findAccount(tenantId, userId);
    if (account === undefined)
      throw new Failure("user-not-found", `There is no user ${userId}.`, { retry: "after-change" });
    return account;
  }

  async #writeAccounts(
    tenantId: TenantId,
    accounts: readonly (readonly [UserId, AccountRow])[],
  ): Promise<void> {
    const writes = accounts.map(([userId, row]) => ({
      kind: "put" as const,
      table: ACCOUNT,
      sort: [userId],
      value: encode(AccountRow, row),
    }));
    await this.#tables.write([{ partition: [tenantId], writes }], { isDurable: true });
  }

  async #revokeAll(tenantId: TenantId, userId: UserId): Promise<void> {
    for (const { sessionId } of await this.listSessions(tenantId, userId))
      await this.revoke(tenantId, userId, sessionId);
  }

  #requireFewFailures(tenantId: TenantId, userId: UserId): void {
    const failures = this.#failures.peek(`${tenantId}/${userId}`);
    const leftMs = (failures?.untilMs ?? 0) - this.#clock.monotonicMs();
    if (failures !== undefined && failures.count >= FAILURES_MAX && leftMs > 0) {
      throw new Failure("too-many-requests", "Too many wrong passwords: wait.", {
        retry: "same",
        retryAfterMs: Math.ceil(leftMs),
      });
    }
  }

  #countFailure(tenantId: TenantId, userId: UserId): void {
    const key = `${tenantId}/${userId}`;
    const nowMs = this.#clock.monotonicMs();
    const before = this.#failures.peek(key);
    const count = before === undefined || before.untilMs <= nowMs ? 1 : before.count + 1;
    this.#failures.put(key, { count, untilMs: nowMs + FAILURE_MS });
    this.#failures.cutTo(FAILING_USERS_MAX);
  }
}

/** Names go out by the page; their bound is what keeps a page within a packet. */
function requireName(name: string): void {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new Failure("bad-request", `A name has at most ${NAME_BYTES_MAX} bytes.`, {
      retry: "after-change",
    });
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
