import type { UserOutcome } from "@parley/domain";
import type { DeviceFeed } from "./device-feed.js";
import { userKey } from "./user-tables.js";

/** The feeds of connected devices, by user. */
export class FeedRegistry {
  readonly #feeds = new Map<string, Set<DeviceFeed>>();

  add(tenantId: string, userId: string, feed: DeviceFeed): void {
    const key = userKey(tenantId, userId);
    const feeds = this.#feeds.get(key);
    if (feeds === undefined) this.#feeds.set(key, new Set([feed]));
    else feeds.add(feed);
  }

  remove(tenantId: string, userId: string, feed: DeviceFeed): void {
    const key = userKey(tenantId, userId);
    const feeds = this.#feeds.get(key);
    if (feeds === undefined || !feeds.delete(feed)) return;
    if (feeds.size === 0) this.#feeds.delete(key);
  }

  /** Whether a device of the user is connected here. */
  has(tenantId: string, userId: string): boolean {
    return this.#feeds.has(userKey(tenantId, userId));
  }

  /** Hands new events to every device of the user that is connected here. */
  deliver(outcome: UserOutcome): void {
    if (outcome.events.length === 0) return;
    const feeds = this.#feeds.get(userKey(outcome.state.tenantId, outcome.state.userId));
    if (feeds === undefined) return;
    for (const feed of feeds) feed.offer(outcome.state.head.epoch, outcome.firstPts, outcome.events);
  }
}
