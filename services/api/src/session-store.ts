import { createHash } from "node:crypto";
import type { IssuedToken, Session, SessionInfo } from "@parley/contracts";
import { type Clock, Failure, LruMap, type Random } from "@parley/base";
import { type DeviceId, type SessionId, type TenantId, type UserId, decode, encode } from "@parley/protocol";
import type { Tables, Write } from "@parley/tables";
import { SESSION, SessionRow, TOKEN, TokenRow } from "./account-rows.js";

const SESSION_MS = 30 * 24 * 60 * 60 * 1000;
/** Verified tokens kept in memory. */
const VERIFIED_MAX = 100_000;
/** Who signs in beyond it ends their oldest session. */
const SESSIONS_PER_USER_MAX = 1_000;

export interface SessionStoreOptions {
  readonly tables: Tables;
  readonly clock: Clock;
  readonly random: Random;
  /** Default 1,000. */
  readonly sessionsPerUserMax?: number;
}

export interface SessionRequest {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly deviceName: string;
  readonly deviceId?: DeviceId;
  readonly lifetimeMs?: number;
}

interface StoredSession {
  readonly sessionId: SessionId;
  readonly row: SessionRow;
}

/** Sessions and their tokens. Only the hash of a token is stored. */
export class SessionStore {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #perUserMax: number;
  readonly #verified = new LruMap<string, Session>();
  readonly #listeners = new Set<(sessionId: SessionId) => void>();
  /** Counts what has ended, so that a read which that overtook is not remembered. */
  #endings = 0;

  constructor(options: SessionStoreOptions) {
    this.#perUserMax = options.sessionsPerUserMax ?? SESSIONS_PER_USER_MAX;
    this.#tables = options.tables;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Errors: "session-invalid". Cost: a hash; two reads for a token that was not seen before. */
  async verify(token: string): Promise<Session> {
    const tokenHash = hashOf(token);
    const session = this.#verified.find(tokenHash) ?? (await this.#read(tokenHash));
    if (session === undefined || session.expiresAtMs <= this.#clock.nowMs()) {
      throw new Failure("session-invalid", "The token is unknown, expired or revoked: sign in again.", {
        retry: "after-change",
      });
    }
    return session;
  }

  async list(tenantId: TenantId, userId: UserId): Promise<readonly SessionInfo[]> {
    const stored = await this.#stored(tenantId, userId);
    return stored.map(({ sessionId, row }) => {
      const { deviceId, deviceName, createdMs, expiresAtMs } = row;
      return { sessionId, deviceId, deviceName, createdMs, expiresAtMs };
    });
  }

  onRevoked(listener: (sessionId: SessionId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Call for one user one after another. Effects: durable when it resolves. */
  async issue(request: SessionRequest): Promise<IssuedToken> {
    const { tenantId, userId } = request;
    await this.#makeRoom(tenantId, userId);
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

  /** Ends one session; unknown ones are ignored. Effects: durable, and told to the listeners, when it resolves. */
  async end(tenantId: TenantId, userId: UserId, sessionId: SessionId): Promise<void> {
    const value = await this.#tables.find(SESSION, [tenantId, userId], [sessionId]);
    if (value !== undefined)
      await this.#end(tenantId, userId, [{ sessionId, row: decode(SessionRow, value) }]);
  }

  /** Ends all sessions of a user. Effects: as `end`. */
  async endAll(tenantId: TenantId, userId: UserId): Promise<void> {
    for (;;) {
      const stored = await this.#stored(tenantId, userId);
      if (stored.length === 0) return;
      await this.#end(tenantId, userId, stored);
    }
  }

  async #makeRoom(tenantId: TenantId, userId: UserId): Promise<void> {
    const stored = await this.#stored(tenantId, userId);
    const excess = stored.length - this.#perUserMax + 1;
    if (excess <= 0) return;
    const oldest = stored.toSorted((one, other) => one.row.createdMs - other.row.createdMs).slice(0, excess);
    await this.#end(tenantId, userId, oldest);
  }

  async #end(tenantId: TenantId, userId: UserId, sessions: readonly StoredSession[]): Promise<void> {
    const tokens = sessions.map(({ row }) => ({
      partition: [row.tokenHash],
      writes: [{ kind: "delete", table: TOKEN, sort: [] } satisfies Write],
    }));
    const writes = sessions.map(({ sessionId }): Write => ({
      kind: "delete",
      table: SESSION,
      sort: [sessionId],
    }));
    await this.#tables.write([...tokens, { partition: [tenantId, userId], writes }], { isDurable: true });
    this.#endings += 1;
    for (const { row } of sessions) this.#verified.delete(row.tokenHash);
    for (const { sessionId } of sessions) for (const listener of this.#listeners) listener(sessionId);
  }

  /** A user's sessions; not more than may be. */
  async #stored(tenantId: TenantId, userId: UserId): Promise<readonly StoredSession[]> {
    const rows = await this.#tables.range({
      table: SESSION,
      partition: [tenantId, userId],
      limit: this.#perUserMax,
    });
    return rows.map(({ sort, value }) => ({
      sessionId: sort[0] as SessionId,
      row: decode(SessionRow, value),
    }));
  }

  async #read(tokenHash: string): Promise<Session | undefined> {
    const endings = this.#endings;
    const value = await this.#tables.find(TOKEN, [tokenHash], []);
    if (value === undefined) return undefined;
    const session = decode(TokenRow, value);
    // The token's row belongs to the installation: it outlives an organisation whose key was destroyed, and its sessions.
    const { tenantId, userId, sessionId } = session;
    if ((await this.#tables.find(SESSION, [tenantId, userId], [sessionId])) === undefined) return undefined;
    // A session that ended while it was read must not be found in memory for ever.
    if (endings === this.#endings) {
      this.#verified.put(tokenHash, session);
      this.#verified.cutTo(VERIFIED_MAX);
    }
    return session;
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
