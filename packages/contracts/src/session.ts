import type { DeviceId, SessionId, TenantId, UserId } from "@parley/protocol";

/** Who is asking. Made only from a verified token; every service takes the tenant from here and never from input. */
export interface Session {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly sessionId: SessionId;
  readonly expiresAtMs: number;
}
