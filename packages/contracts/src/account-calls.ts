import type { DeviceId, SessionId, TenantId, User, UserId } from "@parley/protocol";
import type { Session } from "./session.js";

export interface SessionInfo {
  readonly sessionId: SessionId;
  readonly deviceId: DeviceId;
  readonly deviceName: string;
  readonly createdMs: number;
  readonly expiresAtMs: number;
}

export interface IssuedToken {
  /** Shown once; the server keeps only its hash. */
  readonly token: string;
  readonly session: Session;
}

/** What the account store offers. Errors are Failures with the protocol's codes. */
export interface AccountCalls {
  /** Errors: "invalid-credentials" (also for unknown users, after the same work), "account-disabled", "too-many-requests". */
  login(request: {
    readonly tenantId: TenantId;
    readonly userId: UserId;
    readonly password: string;
    readonly deviceName: string;
    /** A device that signs in again keeps its id; undefined makes a new one. */
    readonly deviceId?: DeviceId;
  }): Promise<IssuedToken>;
  /** Errors: "session-invalid". Cost: no read for a token seen before. */
  verify(token: string): Promise<Session>;
  listSessions(tenantId: TenantId, userId: UserId): Promise<readonly SessionInfo[]>;
  /** Ends a session; its live connections are told at once through `onRevoked`. Unknown ones are ignored. */
  revoke(tenantId: TenantId, userId: UserId, sessionId: SessionId): Promise<void>;
  /** Calls `listener` with each session that ends before its time. Returns the function that removes it. */
  onRevoked(listener: (sessionId: SessionId) => void): () => void;
  findUsers(tenantId: TenantId, userIds: readonly UserId[]): Promise<readonly (User | undefined)[]>;
  listUsers(
    tenantId: TenantId,
    page: { readonly prefix: string; readonly after: string; readonly limit: number },
  ): Promise<{ readonly users: readonly User[]; readonly next: string }>;
}
