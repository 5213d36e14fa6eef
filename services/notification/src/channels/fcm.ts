import { type Ambient, failureCode, LruMap } from "@parley/base";
import type { KeyObject } from "node:crypto";
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

export interface FcmTarget {
  /** The registration token of an app on a device. */
  readonly token: string;
}

/** A service account, as its JSON file says. */
export interface FcmCredentials {
  readonly projectId: string;
  readonly clientEmail: string;
  readonly key: KeyObject;
  readonly tokenUri: string;
  /** Such as https://fcm.googleapis.com. */
  readonly origin: string;
}

const SCOPE = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION_SECONDS = 3_600;
/** A token is exchanged anew when less than this is left of it. */
const TOKEN_REST_MS = 5 * 60 * 1000;
const TOKENS_MAX = 1_000;
export const FCM_BYTES_MAX = 4_096;

interface AccessToken {
  readonly value: string;
  readonly expiresMs: number;
}

/** Google's push service over its HTTP v1 API. */
export class FcmChannel implements Channel<FcmTarget, FcmCredentials> {
  readonly #network: Network;
  readonly #ambient: Ambient;
  readonly #tokens = new LruMap<string, AccessToken>();
  /** Under way, by account: many notifications wait for one exchange. */
  readonly #exchanges = new Map<string, Promise<AccessToken | Delivery>>();

  constructor(network: Network, ambient: Ambient) {
    this.#network = network;
    this.#ambient = ambient;
  }

  async send(target: FcmTarget, notification: Notification, credentials: FcmCredentials): Promise<Delivery> {
    const message = fcmMessage(target.token, notification);
    const body = Buffer.from(JSON.stringify({ message }), "utf8");
    if (body.length > FCM_BYTES_MAX) return failed("too-large");
    try {
      const token = await this.#token(credentials);
      if ("kind" in token) return token;
      const { origin, projectId } = credentials;
      const response = await this.#network.post({
        url: `${origin}/v1/projects/${encodeURIComponent(projectId)}/messages:send`,
        headers: { authorization: `Bearer ${token.value}`, "content-type": "application/json" },
        body,
        isGuarded: false,
      });
      return this.#deliveryOf(response, credentials);
    } catch (error) {
      if (failureCode(error) === "network-failed") return retry("network-failed");
      throw error;
    }
  }

  #deliveryOf(response: OutboundResponse, credentials: FcmCredentials): Delivery {
    const { status, body } = response;
    if (status === 200) return DELIVERED;
    const code = errorCodeIn(body) ?? `http-${status}`;
    if (code === "UNREGISTERED") return GONE;
    if (status === 401) {
      this.#tokens.delete(nameOf(credentials));
      return retry(code);
    }
    return refusalOf(response, this.#ambient.clock.nowMs(), code);
  }

  async #token(credentials: FcmCredentials): Promise<AccessToken | Delivery> {
    const name = nameOf(credentials);
    const known = this.#tokens.find(name);
    if (known !== undefined && known.expiresMs - this.#ambient.clock.nowMs() > TOKEN_REST_MS) return known;
    let exchange = this.#exchanges.get(name);
    if (exchange === undefined) {
      exchange = this.#exchange(credentials).finally(() => this.#exchanges.delete(name));
      this.#exchanges.set(name, exchange);
    }
    return exchange;
  }

  async #exchange(credentials: FcmCredentials): Promise<AccessToken | Delivery> {
    const { clientEmail, key, tokenUri } = credentials;
    const nowMs = this.#ambient.clock.nowMs();
    const iat = Math.floor(nowMs / 1_000);
    const claims = { iss: clientEmail, scope: SCOPE, aud: tokenUri, iat, exp: iat + ASSERTION_SECONDS };
    const assertion = signToken(key, { algorithm: "RS256", header: { typ: "JWT" }, claims });
    const form = new URLSearchParams({ grant_type: GRANT, assertion });
    const { status, headers, body } = await this.#network.post({
      url: tokenUri,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(form.toString(), "ascii"),
      isGuarded: false,
    });
    const granted = status === 200 ? tokenIn(body) : undefined;
    if (granted !== undefined) {
      const token = { value: granted.value, expiresMs: nowMs + granted.seconds * 1_000 };
      this.#tokens.put(nameOf(credentials), token);
      this.#tokens.cutTo(TOKENS_MAX);
      return token;
    }
    return refusalOf({ status, headers }, nowMs, `token-http-${status}`);
  }
}

function nameOf({ clientEmail, tokenUri }: FcmCredentials): string {
  return `${tokenUri} ${clientEmail}`;
}

function fcmMessage(token: string, notification: Notification): unknown {
  const { kind, title, text, badge, collapseKey, urgency, ttlSeconds } = notification;
  const isShown = kind === "alert";
  return {
    token,
    ...(isShown ? { notification: { title, body: text } } : {}),
    data: payloadOf({ ...notification, title: "", text: "" }),
    android: {
      collapse_key: collapseKey,
      priority: isShown && urgency !== "low" ? "HIGH" : "NORMAL",
      ttl: `${ttlSeconds}s`,
      ...(isShown ? { notification: { tag: collapseKey, notification_count: badge } } : {}),
    },
  };
}

/** The code that FCM gives beside the status, or the status's own name. */
function errorCodeIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as {
      readonly error?: {
        readonly status?: unknown;
        readonly details?: readonly { readonly errorCode?: unknown }[];
      };
    };
    const codes = [...(error?.details ?? []).map(({ errorCode }) => errorCode), error?.status];
    return codes.find((code): code is string => typeof code === "string" && /^\w{1,64}$/.test(code));
  } catch {
    // The status says enough.
    return undefined;
  }
}

function tokenIn(body: string): { readonly value: string; readonly seconds: number } | undefined {
  try {
    const { access_token: value, expires_in: seconds } = JSON.parse(body) as Record<string, unknown>;
    if (typeof value !== "string" || typeof seconds !== "number" || !/^[\x21-\x7e]+$/.test(value))
      return undefined;
    return { value, seconds };
  } catch {
    // As if there were none.
    return undefined;
  }
}
