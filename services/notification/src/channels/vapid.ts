/** Voluntary application server identification: who sends a web push. Source: RFC 8292. */
import { type Clock, Failure, LruMap } from "@parley/base";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { signToken } from "./json-web-token.js";

export interface VapidKeys {
  readonly privateKey: KeyObject;
  /** As browsers take it at a subscription: the uncompressed point, base64url. */
  readonly publicKey: string;
  /** Whom a push service may write to: a mailto: or https: URL; empty for nobody. */
  readonly subject: string;
}

/** Push services refuse tokens that live longer than a day. */
const TOKEN_MS = 12 * 60 * 60 * 1000;
/** A token is made anew when less than this is left of it. */
const TOKEN_REST_MS = 60 * 60 * 1000;
/** Push services that are known at a time; there are few in the world. */
const ORIGINS_MAX = 1_000;

/** A new key pair, in PEM. */
export function newVapidKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/** Errors: "bad-setting" when it is not a P-256 key in PEM. */
export function vapidKeys(pem: string, subject: string): VapidKeys {
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error("another curve");
    const { x = "", y = "" } = createPublicKey(privateKey).export({ format: "jwk" });
    const point = [Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
    return { privateKey, publicKey: Buffer.concat(point).toString("base64url"), subject };
  } catch (cause) {
    throw new Failure("bad-setting", "The VAPID key is not a P-256 key in PEM.", {
      retry: "after-change",
      cause,
    });
  }
}

/** The authorisation of this server at push services, made anew in time. */
export class VapidTokens {
  readonly #clock: Clock;
  readonly #tokens = new LruMap<string, { readonly header: string; readonly expiresMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The `Authorization` header for a push service. */
  header(origin: string, { privateKey, publicKey, subject }: VapidKeys): string {
    const nowMs = this.#clock.nowMs();
    const name = `${publicKey} ${origin}`;
    const known = this.#tokens.find(name);
    // A clock that was set back makes a token that lives too long.
    const leftMs = (known?.expiresMs ?? 0) - nowMs;
    if (known !== undefined && leftMs > TOKEN_REST_MS && leftMs <= TOKEN_MS) return known.header;
    const expiresMs = nowMs + TOKEN_MS;
    const token = signToken(privateKey, {
      algorithm: "ES256",
      header: { typ: "JWT" },
      claims: {
        aud: origin,
        exp: Math.floor(expiresMs / 1_000),
        ...(subject === "" ? {} : { sub: subject }),
      },
    });
    const header = `vapid t=${token}, k=${publicKey}`;
    this.#tokens.put(name, { header, expiresMs });
    this.#tokens.cutTo(ORIGINS_MAX);
    return header;
  }
}
