/** What all channels carry: small enough for the strictest of them, and the same for every client to read. */
import type { Notification } from "./channel.js";

/** The payload of Web Push, of APNs beside `aps`, and of hooks. Everything is text. */
export interface Payload {
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  readonly badge: string;
  readonly conversation?: string;
  readonly title?: string;
  readonly text?: string;
  /** base64 */
  readonly data?: string;
}

/** The fields of a notification; empty ones are left out. */
export function payloadOf(notification: Notification): Payload {
  const { id, kind, collapseKey, badge, conversationId, title, text, data } = notification;
  return {
    id,
    kind,
    key: collapseKey,
    badge: String(badge),
    ...(conversationId === "" ? {} : { conversation: conversationId }),
    ...(title === "" ? {} : { title }),
    ...(text === "" ? {} : { text }),
    ...(data.length === 0 ? {} : { data: Buffer.from(data).toString("base64") }),
  };
}
