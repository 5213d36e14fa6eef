import { type Ambient, failureCode } from "@parley/base";
import { createHmac } from "node:crypto";
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

/** Whom the tenant's own server is to tell. */
export interface HookTarget {
  readonly tenantId: string;
  readonly userId: string;
  readonly deviceId: string;
  /** Whatever the app registered. */
  readonly token: string;
}

export interface HookCredentials {
  readonly url: string;
  /** The bytes behind "whsec_". Two while they rotate: signatures of both are sent, the receiver takes either. */
  readonly secrets: readonly Uint8Array[];
}

/** Calls a server of the tenant, signed by Standard Webhooks 1.0. */
export class HookChannel implements Channel<HookTarget, HookCredentials> {
  readonly #network: Network;
  readonly #ambient: Ambient;

  constructor(network: Network, ambient: Ambient) {
    this.#network = network;
    this.#ambient = ambient;
  }

  async send(
    target: HookTarget,
    notification: Notification,
    { url, secrets }: HookCredentials,
  ): Promise<Delivery> {
    const nowMs = this.#ambient.clock.nowMs();
    const data = { ...target, ...payloadOf(notification) };
    const body = Buffer.from(JSON.stringify({ type: "notification", timestamp: nowMs, data }), "utf8");
    const seconds = String(Math.floor(nowMs / 1_000));
    try {
      const response = await this.#network.post({
        url,
        isGuarded: true,
        headers: {
          "content-type": "application/json",
          "webhook-id": notification.id,
          "webhook-timestamp": seconds,
          "webhook-signature": secrets
            .map((secret) => hookSignature(secret, { id: notification.id, seconds, body }))
            .join(" "),
        },
        body,
      });
      const { status } = response;
      if (status >= 200 && status < 300) return DELIVERED;
      if (status === 410) return GONE;
      return refusalOf(response, nowMs);
    } catch (error) {
      const code = failureCode(error);
      if (code === "network-failed") return retry(code);
      if (code === "address-refused") return failed(code);
      throw error;
    }
  }
}

/** One signature of a call. Source: Standard Webhooks 1.0, symmetric. */
export function hookSignature(
  secret: Uint8Array,
  { id, seconds, body }: { readonly id: string; readonly seconds: string; readonly body: Uint8Array },
): string {
  return `v1,${createHmac("sha256", secret).update(`${id}.${seconds}.`).update(body).digest("base64")}`;
}
