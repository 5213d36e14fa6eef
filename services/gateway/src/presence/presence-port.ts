/** What the gateway asks of presence: one board in this process now, one that several gateways share later. */
import type { Session } from "@parley/contracts";
import type { PersonPresence, UserId } from "@parley/protocol";

/** A connection, as presence sees it. */
export interface PresenceSink {
  /** What changed of those whom it watches; PRESENCE_WATCHED_MAX at most. */
  tellPresence(people: readonly PersonPresence[]): void;
  /** Whether it should be told now: "rarely" on a slow network, "no" while it has not taken what it was sent. */
  presencePace(): "now" | "rarely" | "no";
}

export interface PresencePort {
  /** A device of this user is connected, with somebody at it. */
  opened(sink: PresenceSink, session: Pick<Session, "tenantId" | "userId">): void;
  /** It is not any more; nothing is told to it. Does nothing for one that was not opened. */
  closed(sink: PresenceSink): void;
  setActive(sink: PresenceSink, isActive: boolean): void;
  /**
   * Watches these people instead of those before, and returns how they are. Users of other tenants are offline, as those are that do not
   * exist. Errors: "bad-request" beyond PRESENCE_WATCHED_MAX; "unavailable" when too many are watched altogether: then nobody is.
   */
  watch(sink: PresenceSink, userIds: readonly UserId[]): readonly PersonPresence[];
  /** Once a second: what changed is worked out and told. */
  tick(): void;
}
