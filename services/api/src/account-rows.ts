/** The rows of the account store. Accounts are small metadata, written directly and durably, not made by a machine. */
import {
  type DeviceId,
  type Infer,
  type SessionId,
  type TenantId,
  type UserId,
  bool,
  bytes,
  schema,
  string,
  uint,
} from "@parley/protocol";
import type { TableSpec } from "@parley/tables";

/** Partition (tenant), sort (user): AccountRow. */
export const ACCOUNT: TableSpec = { name: "account" };
/** Partition (tenant, user), sort (session): SessionRow. */
export const SESSION: TableSpec = { name: "session", hasExpiry: true };
/** Partition (SHA-256 of the token, hex), sort (): TokenRow. */
export const TOKEN: TableSpec = { name: "token", hasExpiry: true, keyOwner: "installation" };

/** Partition (tenant), sort (user): PictureRow, in the same batch as the account's version of it. */
export const ACCOUNT_PICTURE: TableSpec = { name: "account-picture" };

export const AccountRow = schema("AccountRow", {
  name: string(1),
  /** Argon2id in its standard text form; empty: cannot sign in with a password. */
  passwordHash: string(2),
  isDisabled: bool(3),
  createdMs: uint(4),
  /** Talks to everybody: see docs/subsystems/system-accounts.md. */
  isSystem: bool(5),
  /** The organisation's: what somebody does, and where. */
  title: string(6),
  department: string(7),
  /** The person's own. */
  statusText: string(8),
  /** 0: there is no picture. A version comes once, also when the picture was taken away between. */
  pictureVersion: uint(9),
  /** Of the last picture, whether it is there or not. */
  lastPictureVersion: uint(10),
});
export type AccountRow = Infer<typeof AccountRow>;

export const PictureRow = schema("PictureRow", { version: uint(1), type: string(2), content: bytes(3) });
export type PictureRow = Infer<typeof PictureRow>;

export const SessionRow = schema("SessionRow", {
  tokenHash: string(1),
  deviceId: string<DeviceId>(2),
  deviceName: string(3),
  createdMs: uint(4),
  expiresAtMs: uint(5),
});
export type SessionRow = Infer<typeof SessionRow>;

export const TokenRow = schema("TokenRow", {
  tenantId: string<TenantId>(1),
  userId: string<UserId>(2),
  sessionId: string<SessionId>(3),
  deviceId: string<DeviceId>(4),
  expiresAtMs: uint(5),
});
export type TokenRow = Infer<typeof TokenRow>;
