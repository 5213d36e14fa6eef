/** The way of what has to be done by the tab that leads. A client without other tabs leads itself, always. */
import type { TabCallName } from "./tab-messages.js";

export interface Relay {
  /** Another tab leads, or none yet: calls go to it, and nothing is changed or sent here. */
  readonly isFollowing: boolean;
  /** Has the leader do it. Errors: the leader's; "unavailable"; "outcome-unknown" when it went and the call is not repeatable. */
  call(name: TabCallName, values: readonly unknown[], isRepeatable?: boolean): Promise<unknown>;
}

export const NO_RELAY: Relay = {
  isFollowing: false,
  call: () => Promise.reject(new Error("A client that leads does everything itself.")),
};
