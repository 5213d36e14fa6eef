import type { ConversationId, DeviceId, ModuleName, ModulePush, TenantId, UserId } from "@parley/protocol";

/** Who gets an event: these users, one of them on some devices, or the members of a conversation. */
export type ModuleReceivers =
  | {
      readonly userIds: readonly UserId[];
      /** Of one user. */
      readonly deviceIds?: readonly DeviceId[];
    }
  | { readonly conversationId: ConversationId };

/** An event that a module publishes. */
export interface ModulePublication {
  readonly module: ModuleName;
  /** 1 to 64 letters, digits, dots and dashes. */
  readonly id: string;
  readonly data: Uint8Array;
  readonly to: ModuleReceivers;
  readonly deviceKinds?: readonly string[];
  readonly collapseKey?: string;
  /** One of MODULE_PRIORITIES. */
  readonly priority?: number;
  readonly expiresAtMs?: number;
  readonly push?: ModulePush;
}

/** What a module may publish in one organisation, each second. */
export interface ModuleQuota {
  readonly eventsPerSecond: number;
  readonly receiversPerSecond: number;
}

/** What was published since the start. */
export interface ModuleCounts {
  readonly accepted: number;
  readonly refused: number;
  /** Of the data of what was accepted. */
  readonly bytes: number;
}

/** What any business module may ask of the sync service. */
export interface ModuleCalls {
  /**
   * Publishes an event. Effects: durable in the logs when it resolves. Told again with the same id within a day, it is there
   * once for each receiver; `isDuplicate` when all have it already. One that failed may be there for some: repeat it.
   * Errors: "bad-request" (`details.field` says which field), "message-too-large", "user-not-found",
   * "conversation-unknown", "too-many-requests" with `retryAfterMs`; "storage-full", "unavailable", "outcome-unknown".
   */
  publish(tenantId: TenantId, publication: ModulePublication): Promise<{ readonly isDuplicate: boolean }>;
}
