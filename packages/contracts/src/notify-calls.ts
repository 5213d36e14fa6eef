import type {
  ConversationEntry,
  ConversationId,
  DoNotDisturb,
  NotifyLevel,
  TenantId,
  UserId,
} from "@parley/protocol";
import type { Session } from "./session.js";

/** What a user sets for itself: of one conversation, or of all. */
export type NotifyChange =
  | {
      readonly conversationId: ConversationId;
      readonly level: NotifyLevel;
      /** 0: not muted. */
      readonly mutedUntilMs: number;
    }
  | { readonly doNotDisturb: DoNotDisturb };

/** The settings of notifications, kept where lists are. */
export interface NotifySettingsCalls {
  /** Effects: durable, and told to all devices of the user. Errors: "bad-request", "not-a-member", those of a log. */
  setNotify(session: Session, change: NotifyChange): Promise<void>;
  /** Undefined: never set. Contains all that was acknowledged before. */
  doNotDisturb(session: Session): Promise<DoNotDisturb | undefined>;
}

/** Where a device is notified; without a channel: nowhere. */
export interface PushTarget {
  readonly channel: string;
  readonly appId: string;
  readonly token: string;
  readonly endpoint: string;
  readonly publicKey: Uint8Array;
  readonly authSecret: Uint8Array;
}

/** Where devices are notified. */
export interface PushTargetCalls {
  /** Effects: durable. Errors: "bad-request"; "unavailable" when no more can be kept; those of a log. */
  setPushTarget(session: Session, target: PushTarget): Promise<void>;
}

/** What the gateway needs. */
export type NotifyCalls = NotifySettingsCalls & PushTargetCalls;

/** A user of a tenant. */
export interface UserKey {
  readonly tenantId: TenantId;
  readonly userId: UserId;
}

/** What the notification service reads of a user, as it is staged now. */
export interface NotifySource {
  /** Of a large group only what the user set, and whether it is in it. */
  entry(user: UserKey, conversationId: ConversationId): Promise<ConversationEntry | undefined>;
  /** The first `limit` entries of the list. */
  entries(user: UserKey, limit: number): Promise<readonly ConversationEntry[]>;
  /** An event of the queue, encoded; undefined when it is not kept any more. */
  event(user: UserKey, pts: number): Promise<Uint8Array | undefined>;
  doNotDisturb(user: UserKey): Promise<DoNotDisturb | undefined>;
  /** Whether a device of the user is connected. */
  isConnected(user: UserKey): boolean;
}
