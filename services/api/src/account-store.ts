import type {
  AccountCalls,
  DepartmentPage,
  DepartmentQuery,
  IssuedToken,
  PeopleSearch,
  PersonPicture,
  Session,
  SessionInfo,
} from "@parley/contracts";
import { type Clock, Failure, LruMap } from "@parley/base";
import {
  type DeviceId,
  type Profile,
  type SessionId,
  type TenantId,
  type User,
  type UserId,
  directoryLimit,
  decode,
  encode,
  filled,
} from "@parley/protocol";
import { type Tables, Turns, type Write } from "@parley/tables";
import { ACCOUNT, ACCOUNT_PICTURE, AccountRow, PictureRow } from "./account-rows.js";
import {
  type AccountDetails,
  checkedDetails,
  checkedUpdate,
  checkName,
  checkPicture,
} from "./account-checks.js";
import { PeopleFinder } from "./people-search.js";
import { Passwords } from "./passwords.js";
import { type SessionRequest, SessionStore, type SessionStoreOptions } from "./session-store.js";

/** Wrong passwords for one user before a wait, and how long they are remembered. */
const FAILURES_MAX = 10;
const FAILURE_MS = 60_000;
const FAILING_USERS_MAX = 10_000;

export type AccountStoreOptions = SessionStoreOptions;
/** A person who is added without a password. */
export type NewUser = Pick<User, "userId" | "name">;

/** Users, their passwords and their sessions. */
export class AccountStore implements AccountCalls {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #passwords = new Passwords();
  readonly #sessions: SessionStore;
  readonly #people: PeopleFinder;
  readonly #failures = new LruMap<string, { count: number; untilMs: number }>();
  /** Changes read what they change: those of one user, and the additions, come one after another. */
  readonly #turns = new Turns();

  constructor(options: AccountStoreOptions) {
    this.#tables = options.tables;
    this.#clock = options.clock;
    this.#sessions = new SessionStore(options);
    this.#people = new PeopleFinder(options.tables);
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
    const fits = await this.#passwords.verify(passwordHash, request.password);
    return this.#inTurn(tenantId, userId, async () => {
      // Checking takes a while: a password that was replaced meanwhile opens nothing.
      const now = fits ? await this.#findAccount(tenantId, userId) : undefined;
      if (now === undefined || now.passwordHash !== passwordHash) {
        this.#countFailure(tenantId, userId);
        throw new Failure("invalid-credentials", "The user or the password is wrong.", {
          retry: "after-change",
        });
      }
      requireEnabled(now);
      this.#failures.delete(`${tenantId}/${userId}`);
      return this.#sessions.issue(request);
    });
  }

  verify(token: string): Promise<Session> {
    return this.#sessions.verify(token);
  }

  listSessions(tenantId: TenantId, userId: UserId): Promise<readonly SessionInfo[]> {
    return this.#sessions.list(tenantId, userId);
  }

  revoke(tenantId: TenantId, userId: UserId, sessionId: SessionId): Promise<void> {
    return this.#sessions.end(tenantId, userId, sessionId);
  }

  onRevoked(listener: (sessionId: SessionId) => void): () => void {
    return this.#sessions.onRevoked(listener);
  }

  async findUsers(tenantId: TenantId, userIds: readonly UserId[]): Promise<readonly (User | undefined)[]> {
    const rows = await this.#tables.findMany(
      ACCOUNT,
      userIds.map((userId) => ({ partition: [tenantId], sort: [userId] })),
    );
    return rows.map((row, index) => (row === undefined ? undefined : userOf(userIds[index]!, row)));
  }

  async listUsers(
    tenantId: TenantId,
    page: { readonly prefix: string; readonly after: string; readonly limit: number },
  ): Promise<{ readonly users: readonly User[]; readonly next: string }> {
    const limit = directoryLimit(page.limit);
    const from = page.after > page.prefix ? `${page.after}\u0000` : page.prefix;
    const rows = await this.#tables.range({
      table: ACCOUNT,
      partition: [tenantId],
      from: [from],
      // User ids are ASCII: nothing that begins with the prefix comes after this.
      ...(page.prefix === "" ? {} : { before: [`${page.prefix}\u007f`] }),
      limit,
    });
    const users = rows.map((row) => userOf(row.sort[0] as UserId, row.value));
    return { users, next: rows.length < limit ? "" : (users.at(-1)?.userId ?? "") };
  }

  async findPeople(tenantId: TenantId, search: PeopleSearch): Promise<readonly User[]> {
    const userIds = await this.#people.find(tenantId, search);
    return (await this.findUsers(tenantId, userIds)).filter((user) => user !== undefined);
  }

  async listDepartment(tenantId: TenantId, query: DepartmentQuery): Promise<DepartmentPage> {
    const { userIds, ...page } = await this.#people.department(tenantId, query);
    const users = (await this.findUsers(tenantId, userIds)).filter((user) => user !== undefined);
    return { ...page, users };
  }

  /** Reads the names of an organisation, so that the first who looks for somebody does not wait. */
  async prepareSearch(tenantId: TenantId): Promise<void> {
    await this.#people.prepare(tenantId);
  }

  async profiles(tenantId: TenantId, userIds: readonly UserId[]): Promise<readonly Profile[]> {
    const rows = await this.#tables.findMany(
      ACCOUNT,
      userIds.map((userId) => ({ partition: [tenantId], sort: [userId] })),
    );
    return rows.flatMap((row, index) => (row === undefined ? [] : [profileOf(userIds[index]!, row)]));
  }

  async updateProfile(
    tenantId: TenantId,
    userId: UserId,
    update: { readonly names: readonly string[]; readonly profile: Profile | undefined },
  ): Promise<void> {
    const change = checkedUpdate(update);
    await this.#inTurn(tenantId, userId, () => this.#changeAccount(tenantId, userId, change));
  }

  /** Sets what the organisation says of a user. Errors: "user-not-found", "bad-request". */
  async setDetails(tenantId: TenantId, userId: UserId, details: AccountDetails): Promise<void> {
    const change = checkedDetails(details);
    await this.#inTurn(tenantId, userId, () => this.#changeAccount(tenantId, userId, change));
  }

  async setPicture(
    tenantId: TenantId,
    userId: UserId,
    picture: Omit<PersonPicture, "version"> | undefined,
  ): Promise<number> {
    if (picture !== undefined) checkPicture(picture);
    return this.#inTurn(tenantId, userId, async () => {
      const account = await this.#requireAccount(tenantId, userId);
      if (picture === undefined) {
        const gone: Write = { kind: "delete", table: ACCOUNT_PICTURE, sort: [userId] };
        await this.#writeAccounts(tenantId, [[userId, { ...account, pictureVersion: 0 }]], [gone]);
        return 0;
      }
      const version = account.lastPictureVersion + 1;
      const value = encode(PictureRow, { version, type: picture.type, content: picture.bytes });
      const row = { ...account, pictureVersion: version, lastPictureVersion: version };
      const put: Write = { kind: "put", table: ACCOUNT_PICTURE, sort: [userId], value };
      await this.#writeAccounts(tenantId, [[userId, row]], [put]);
      return version;
    });
  }

  async findPicture(tenantId: TenantId, userId: UserId): Promise<PersonPicture | undefined> {
    const value = await this.#tables.find(ACCOUNT_PICTURE, [tenantId], [userId]);
    if (value === undefined) return undefined;
    const { version, type, content: bytes } = decode(PictureRow, value);
    return { version, type, bytes };
  }

  /** Adds a user; without a password it cannot sign in. Errors: "bad-request" when it exists or its name is too long. */
  async addUser(user: {
    readonly tenantId: TenantId;
    readonly userId: UserId;
    readonly name: string;
    readonly password?: string;
    /** Talks to everybody. Default false. */
    readonly isSystem?: boolean;
  }): Promise<void> {
    const { tenantId, userId, name, password, isSystem = false } = user;
    checkName(name);
    const passwordHash = password === undefined ? "" : await this.#passwords.hash(password);
    await this.#turns.take(tenantId, async () => {
      if ((await this.#findAccount(tenantId, userId)) !== undefined) {
        throw new Failure("bad-request", `The user ${userId} exists.`, { retry: "after-change" });
      }
      const createdMs = this.#clock.nowMs();
      await this.#writeAccounts(tenantId, [
        [userId, filled(AccountRow, { name, passwordHash, createdMs, isSystem })],
      ]);
    });
  }

  /**
   * Adds those of the users that do not exist, without passwords, in one durable write. Returns how many were added.
   * Errors: "bad-request" for a name that is too long.
   */
  async addUsers(tenantId: TenantId, users: readonly NewUser[]): Promise<number> {
    for (const { name } of users) checkName(name);
    return this.#turns.take(tenantId, async () => {
      const known = await this.findUsers(
        tenantId,
        users.map(({ userId }) => userId),
      );
      const missing = users.filter((_, index) => known[index] === undefined);
      const createdMs = this.#clock.nowMs();
      const row = ({ userId, name }: NewUser): [UserId, AccountRow] => [
        userId,
        filled(AccountRow, { name, createdMs }),
      ];
      if (missing.length > 0) await this.#writeAccounts(tenantId, missing.map(row));
      return missing.length;
    });
  }

  /** Sets a password and ends all sessions of the user. Errors: "user-not-found". */
  async setPassword(tenantId: TenantId, userId: UserId, password: string): Promise<void> {
    const passwordHash = await this.#passwords.hash(password);
    await this.#inTurn(tenantId, userId, async () => {
      await this.#changeAccount(tenantId, userId, { passwordHash });
      await this.#sessions.endAll(tenantId, userId);
    });
  }

  /** A disabled account cannot sign in, and its sessions end. Errors: "user-not-found". */
  async setDisabled(tenantId: TenantId, userId: UserId, isDisabled: boolean): Promise<void> {
    await this.#inTurn(tenantId, userId, async () => {
      await this.#changeAccount(tenantId, userId, { isDisabled });
      if (isDisabled) await this.#sessions.endAll(tenantId, userId);
    });
  }

  /** Opens a session without a password: for operators. Errors: "user-not-found", "account-disabled". */
  async issueToken(request: SessionRequest): Promise<IssuedToken> {
    const { tenantId, userId } = request;
    return this.#inTurn(tenantId, userId, async () => {
      requireEnabled(await this.#requireAccount(tenantId, userId));
      return this.#sessions.issue(request);
    });
  }

  async #changeAccount(tenantId: TenantId, userId: UserId, change: Partial<AccountRow>): Promise<void> {
    const account = await this.#requireAccount(tenantId, userId);
    await this.#writeAccounts(tenantId, [[userId, { ...account, ...change }]]);
  }

  #inTurn<T>(tenantId: TenantId, userId: UserId, change: () => Promise<T>): Promise<T> {
    return this.#turns.take(`${tenantId}/${userId}`, change);
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
    alongside: readonly Write[] = [],
  ): Promise<void> {
    const writes = accounts.map(([userId, row]): Write => ({
      kind: "put",
      table: ACCOUNT,
      sort: [userId],
      value: encode(AccountRow, row),
    }));
    await this.#tables.write([{ partition: [tenantId], writes: [...writes, ...alongside] }], {
      isDurable: true,
    });
    for (const [userId, account] of accounts) this.#people.note(tenantId, userId, account);
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

function requireEnabled(account: AccountRow): void {
  if (account.isDisabled) throw new Failure("account-disabled", "This account may not sign in.");
}

function userOf(userId: UserId, row: Uint8Array): User {
  const { name, isSystem, pictureVersion, title } = decode(AccountRow, row);
  return { userId, name, isSystem, pictureVersion, title };
}

function profileOf(userId: UserId, row: Uint8Array): Profile {
  const { name, isSystem, pictureVersion, title, department, statusText } = decode(AccountRow, row);
  return { userId, name, isSystem, pictureVersion, title, department, statusText };
}
