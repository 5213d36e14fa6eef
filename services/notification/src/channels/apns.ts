import { type Ambient, failureCode, LruMap } from "@parley/base";
import { createHash, type KeyObject } from "node:crypto";
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
import { signToken } from "./json-web-token.js";
import type { Network, OutboundResponse } from "./network.js";
import { payloadOf } from "./payload.js";

export interface ApnsTarget {
  /** The device token, in hexadecimal. */
  readonly token: string;
}

export interface ApnsCredentials {
  readonly teamId: string;
  readonly keyId: string;
  readonly key: KeyObject;
  /** The app's bundle id. */
  readonly topic: string;
  /** Such as https://api.push.apple.com. */
  readonly origin: string;
}

/** APNs refuses tokens older than an hour, and more than one in 20 minutes. */
const TOKEN_MS = 50 * 60 * 1000;
const TOKENS_MAX = 1_000;
const COLLAPSE_BYTES_MAX = 64;
export const APNS_BYTES_MAX = 4_096;

/** Apple's push service over HTTP/2, with provider tokens. */
export class ApnsChannel implements Channel<ApnsTarget, ApnsCredentials> {
  readonly #network: Network;
  readonly #ambient: Ambient;
  readonly #tokens = new LruMap<string, { readonly token: string; readonly madeMs: number }>();

  constructor(network: Network, ambient: Ambient) {
    this.#network = network;
    this.#ambient = ambient;
  }

  async send(
    target: ApnsTarget,
    notification: Notification,
    credentials: ApnsCredentials,
  ): Promise<Delivery> {
    const body = Buffer.from(JSON.stringify(apnsPayload(notification)), "utf8");
    if (body.length > APNS_BYTES_MAX) return failed("too-large");
    const { origin, topic } = credentials;
    const name = nameOf(credentials);
    const headers = {
      ...headersOf(notification, Math.floor(this.#ambient.clock.nowMs() / 1_000)),
      authorization: `bearer ${this.#token(name, credentials)}`,
      "apns-topic": topic,
    };
    try {
      const url = `${origin}/3/device/${encodeURIComponent(target.token)}`;
      const response = await this.#network.postOverHttp2(name, { url, headers, body, isGuarded: false });
      return this.#deliveryOf(name, response);
    } catch (error) {
      if (failureCode(error) === "network-failed") return retry("network-failed");
      throw error;
    }
  }

  #deliveryOf(name: string, response: OutboundResponse): Delivery {
    const { status, body } = response;
    if (status === 200) return DELIVERED;
    const reason = reasonIn(body) ?? `http-${status}`;
    if (status === 410 || reason === "BadDeviceToken" || reason === "Unregistered") return GONE;
    if (reason === "ExpiredProviderToken") {
      this.#tokens.delete(name);
      return retry(reason);
    }
    return refusalOf(response, this.#ambient.clock.nowMs(), reason);
  }

  #token(name: string, { teamId, keyId, key }: ApnsCredentials): string {
    const nowMs = this.#ambient.clock.nowMs();
    const known = this.#tokens.find(name);
    // A clock that was set back would keep an old one too long.
    const isGood = known !== undefined && nowMs >= known.madeMs && nowMs - known.madeMs < TOKEN_MS;
    if (isGood) return known.token;
    const claims = { iss: teamId, iat: Math.floor(nowMs / 1_000) };
    const token = signToken(key, { algorithm: "ES256", header: { kid: keyId }, claims });
    this.#tokens.put(name, { token, madeMs: nowMs });
    this.#tokens.cutTo(TOKENS_MAX);
    return token;
  }
}

function nameOf({ origin, teamId, keyId }: ApnsCredentials): string {
  return `${origin} ${teamId} ${keyId}`;
}

function headersOf(notification: Notification, nowSeconds: number): Readonly<Record<string, string>> {
  const { kind, collapseKey, urgency, ttlSeconds } = notification;
  return {
    // A badge that changes is something to see, so taking away goes as an alert without a text.
    "apns-push-type": kind === "data" ? "background" : "alert",
    "apns-priority": kind === "alert" && urgency !== "low" ? "10" : "5",
    "apns-expiration": String(nowSeconds + ttlSeconds),
    // Of what a device missed while it was off, the last word is enough.
    "apns-collapse-id": collapseId(collapseKey),
    "content-type": "application/json",
  };
}

function apnsPayload(notification: Notification): unknown {
  const { kind, title, text, badge, collapseKey } = notification;
  const parley = payloadOf({ ...notification, title: "", text: "" });
  if (kind === "data") return { aps: { "content-available": 1 }, parley };
  if (kind === "withdraw") return { aps: { badge, "content-available": 1 }, parley };
  return { aps: { alert: { title, body: text }, badge, sound: "default", "thread-id": collapseKey }, parley };
}

function collapseId(collapseKey: string): string {
  if (Buffer.byteLength(collapseKey) <= COLLAPSE_BYTES_MAX && /^[\x21-\x7e]+$/.test(collapseKey))
    return collapseKey;
  return createHash("sha256").update(collapseKey).digest("base64url");
}

/** APNs' own word; undefined when it says nothing that can be read. */
function reasonIn(body: string): string | undefined {
  try {
    const { reason } = JSON.parse(body) as { readonly reason?: unknown };
    return typeof reason === "string" && /^\w{1,64}$/.test(reason) ? reason : undefined;
  } catch {
    // The status says enough.
    return undefined;
  }
}
