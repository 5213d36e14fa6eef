import { type Ambient, failureCode } from "@parley/base";
import { createHash } from "node:crypto";
import {
  type Channel,
  DELIVERED,
  type Delivery,
  failed,
  GONE,
  type Notification,
  refusalOf,
  retry,
} from "./channel.js";
import type { Network } from "./network.js";
import { payloadOf } from "./payload.js";
import { type VapidKeys, VapidTokens } from "./vapid.js";
import {
  encryptWebPush,
  freshSender,
  type SubscriptionKeys,
  WEB_PUSH_BYTES_MAX,
} from "./web-push-encryption.js";

/** A browser's subscription. */
export interface WebPushTarget extends SubscriptionKeys {
  /** Named by the browser, and so by the user: requests to it are guarded. */
  readonly endpoint: string;
}

/** A topic is at most 32 letters of base64url. */
const TOPIC_LENGTH = 32;

/** Web Push. Source: RFC 8030, with RFC 8291 and RFC 8292. */
export class WebPushChannel implements Channel<WebPushTarget, VapidKeys> {
  readonly #network: Network;
  readonly #ambient: Ambient;
  readonly #tokens: VapidTokens;

  constructor(network: Network, ambient: Ambient) {
    this.#network = network;
    this.#ambient = ambient;
    this.#tokens = new VapidTokens(ambient.clock);
  }

  async send(target: WebPushTarget, notification: Notification, keys: VapidKeys): Promise<Delivery> {
    const message = Buffer.from(JSON.stringify(payloadOf(notification)), "utf8");
    if (message.length > WEB_PUSH_BYTES_MAX) return failed("too-large");
    const { clock, random } = this.#ambient;
    try {
      const body = encryptWebPush(message, target, freshSender(random));
      const response = await this.#network.post({
        url: target.endpoint,
        isGuarded: true,
        headers: {
          authorization: this.#tokens.header(new URL(target.endpoint).origin, keys),
          "content-encoding": "aes128gcm",
          "content-type": "application/octet-stream",
          ttl: String(notification.ttlSeconds),
          topic: topicOf(notification.collapseKey),
          urgency: notification.urgency,
        },
        body,
      });
      const { status } = response;
      if (status >= 200 && status < 300) return DELIVERED;
      if (status === 404 || status === 410) return GONE;
      return refusalOf(response, clock.nowMs());
    } catch (error) {
      const code = failureCode(error);
      if (code === "network-failed") return retry(code);
      // Neither becomes better: this subscription is of no use to anybody.
      if (code === "address-refused" || code === "bad-subscription") return failed(code);
      throw error;
    }
  }
}

/** The push service learns which notifications belong together, and not of what they are. */
function topicOf(collapseKey: string): string {
  return createHash("sha256").update(collapseKey).digest("base64url").slice(0, TOPIC_LENGTH);
}
