import type { DepartmentEntry, DeviceId, Profile, SessionId, TenantId, User, UserId } from "@parley/protocol";
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

/** Some people among whom others are looked for, such as the members of a conversation. */
export interface PeopleAmong {
  /** All of them, when they are few; undefined: each has to be asked about. */
  readonly all: readonly UserId[] | undefined;
  /** Whether each of these is among them. */
  has(userIds: readonly UserId[]): Promise<readonly boolean[]>;
}

export interface PeopleSearch {
  readonly text: string;
  /** 0: as many as there may be. */
  readonly limit: number;
  /** Undefined: everybody. */
  readonly among: PeopleAmong | undefined;
}

/** Which department, and which of its people. */
export interface DepartmentQuery {
  /** Such as "Engineering/Platform"; empty: the top. */
  readonly path: string;
  /** Those after this one; empty: from the first. */
  readonly after: string;
  /** 0: as many as there may be. */
  readonly limit: number;
}

/** What lies in a department. */
export interface DepartmentPage {
  /** Those right below it, by name; none on later pages. */
  readonly departments: readonly DepartmentEntry[];
  /** By name; of the top those who are in no department. */
  readonly users: readonly User[];
  /** Empty on the last page. */
  readonly next: UserId | "";
}

/** A picture of a person. */
export interface PersonPicture {
  readonly version: number;
  readonly type: string;
  readonly bytes: Uint8Array;
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
  /**
   * The people of whose name a word begins so, or whose id does; the best first. Errors: "bad-request".
   * Cost: a search in memory; the first one reads all accounts of the organisation.
   */
  findPeople(tenantId: TenantId, search: PeopleSearch): Promise<readonly User[]>;
  /** What lies in a department, nothing where there is none. Errors: "bad-request". Cost: that of `findPeople`. */
  listDepartment(tenantId: TenantId, query: DepartmentQuery): Promise<DepartmentPage>;
  /** In the order asked for, without those that there are not. */
  profiles(tenantId: TenantId, userIds: readonly UserId[]): Promise<readonly Profile[]>;
  /** Sets those fields of the profile that its person may set. Errors: "bad-request", "user-not-found". */
  updateProfile(
    tenantId: TenantId,
    userId: UserId,
    update: { readonly names: readonly string[]; readonly profile: Profile | undefined },
  ): Promise<void>;
  /** Undefined takes the picture away. Resolves with its version. Errors: "bad-request", "user-not-found". */
  setPicture(
    tenantId: TenantId,
    userId: UserId,
    picture: Omit<PersonPicture, "version"> | undefined,
  ): Promise<number>;
  findPicture(tenantId: TenantId, userId: UserId): Promise<PersonPicture | undefined>;
}
