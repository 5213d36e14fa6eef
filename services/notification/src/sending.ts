/** Sends one notification to the targets of a user, each until it is done with: delivered, gone, or given up. */
import { type Ambient, messageOf } from "@parley/base";
import type { Delivery, Notification } from "./channels/channel.js";
import type { DeadLetters } from "./dead-letters.js";
import type { Deliver } from "./delivering.js";
import type { Pending } from "./pending.js";
import type { KnownTarget, PushTargets } from "./push-targets.js";

/** Tries, the first counted; with the waits between them about an hour. */
export const ATTEMPTS_MAX = 12;
export const RETRY_MS = 2_000;
export const RETRY_MS_MAX = 15 * 60 * 1000;

export interface SendingOptions {
  readonly ambient: Ambient;
  readonly targets: PushTargets;
  readonly deliver: Deliver;
  readonly dead: DeadLetters;
}

export class Sending {
  readonly #options: SendingOptions;
  readonly #add: (counter: "delivered" | "withdrawn" | "gone" | "dead" | "retried") => void;

  /** `add` counts what came of it. */
  constructor(
    options: SendingOptions,
    add: (counter: "delivered" | "withdrawn" | "gone" | "dead" | "retried") => void,
  ) {
    this.#options = options;
    this.#add = add;
  }

  /** Sends to each target that is not done with; returns when to try the others again, if there are any. */
  async send(
    pending: Pending,
    targets: readonly KnownTarget[],
    notification: Notification,
  ): Promise<number | undefined> {
    let retryMs: number | undefined;
    const isLast = pending.attempts + 1 >= ATTEMPTS_MAX;
    for (const target of targets.filter(({ sessionId }) => !pending.done.has(sessionId))) {
      if (pending.hasChanged) return undefined;
      const delivery = await this.#deliver(pending, target, notification);
      const isRetried = delivery.kind === "retry" && !isLast;
      if (isRetried) retryMs = Math.max(retryMs ?? 0, delivery.afterMs);
      else await this.#done(pending, { target, delivery, kind: notification.kind });
    }
    if (retryMs === undefined || pending.hasChanged) return undefined;
    pending.attempts += 1;
    this.#add("retried");
    const backOffMs = RETRY_MS * 2 ** (pending.attempts - 1);
    // Up to half as much more, so that what failed together does not come back together.
    const jitter = 1 + this.#options.ambient.random.unit() / 2;
    return Math.round(Math.min(RETRY_MS_MAX, Math.max(backOffMs, retryMs)) * jitter);
  }

  async #deliver(user: Pending, target: KnownTarget, notification: Notification): Promise<Delivery> {
    try {
      return await this.#options.deliver(user, target, notification);
    } catch (error) {
      // A channel that breaks must not take the others with it.
      const { channel } = target;
      this.#options.ambient.logger.error("notification-channel-broke", { channel, reason: messageOf(error) });
      return { kind: "retry", afterMs: 0, reason: "internal" };
    }
  }

  async #done(
    pending: Pending,
    {
      target,
      delivery,
      kind,
    }: { readonly target: KnownTarget; readonly delivery: Delivery; readonly kind: string },
  ): Promise<void> {
    const { tenantId, userId } = pending;
    pending.done.add(target.sessionId);
    if (delivery.kind === "delivered") {
      this.#add(kind === "withdraw" ? "withdrawn" : "delivered");
    } else if (delivery.kind === "gone") {
      this.#add("gone");
      await this.#options.targets.remove(tenantId, userId, target.sessionId);
    } else {
      this.#add("dead");
      const { deviceId, channel, appId } = target;
      const timeMs = this.#options.ambient.clock.nowMs();
      const attempts = pending.attempts + 1;
      const { reason } = delivery;
      this.#options.dead.add({ tenantId, userId, deviceId, channel, appId, reason, attempts, timeMs });
    }
  }
}
