/**
 * The port of all push channels: one notification to one device, over the network of whoever makes the device. A channel
 * decides nothing; it says what became of it.
 */
import { type OutboundResponse, retryAfterMs } from "./network.js";

/** What a device is shown, told to take away again, or given without being shown anything. */
export interface Notification {
  /** Unique, and the same when it is sent again: whoever gets it twice can tell. */
  readonly id: string;
  readonly kind: "alert" | "withdraw" | "data";
  /** A later notification with the same key takes the place of an earlier one. */
  readonly collapseKey: string;
  /** Empty unless it is an alert. */
  readonly title: string;
  readonly text: string;
  /** Unread messages in all. */
  readonly badge: number;
  readonly urgency: "high" | "normal" | "low";
  /** How long it is worth delivering. */
  readonly ttlSeconds: number;
  /** What opens when it is touched; empty for nothing. */
  readonly conversationId: string;
  /** Passed through as it is. */
  readonly data: Uint8Array;
}

/** What became of a notification. */
export type Delivery =
  | { readonly kind: "delivered" }
  /** There is no such device any more: forget the target. */
  | { readonly kind: "gone" }
  /** Try again, not before `afterMs`; 0: the channel does not say. */
  | { readonly kind: "retry"; readonly afterMs: number; readonly reason: string }
  /** Trying again would not help. `reason` is a code, without content or secrets. */
  | { readonly kind: "failed"; readonly reason: string };

/** One kind of push. `send` never throws for what the world does: that is a Delivery. */
export interface Channel<Target, Credentials> {
  send(target: Target, notification: Notification, credentials: Credentials): Promise<Delivery>;
}

export const DELIVERED: Delivery = { kind: "delivered" };
export const GONE: Delivery = { kind: "gone" };

/** A refusal that a retry does not mend. */
export function failed(reason: string): Delivery {
  return { kind: "failed", reason };
}

/** Something that may pass. */
export function retry(reason: string, afterMs = 0): Delivery {
  return { kind: "retry", afterMs, reason };
}

/** What an answer comes to that is no delivery: some are the other side's trouble, and pass. */
export function refusalOf(
  { status, headers }: Pick<OutboundResponse, "status" | "headers">,
  nowMs: number,
  reason = `http-${status}`,
): Delivery {
  const isPassing = status === 408 || status === 429 || status >= 500;
  return isPassing ? retry(reason, retryAfterMs(headers, nowMs)) : failed(reason);
}
