/** The credentials of push services, per organisation, as the operator's file says them. */
import { Failure, messageOf } from "@parley/base";
import type { NotifyPreview } from "@parley/domain";
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { ApnsCredentials } from "./channels/apns.js";
import type { FcmCredentials } from "./channels/fcm.js";
import type { HookCredentials } from "./channels/hook.js";

/** How one app of an organisation is reached. */
export type AppCredentials =
  | { readonly channel: "apns"; readonly apns: ApnsCredentials }
  | { readonly channel: "fcm"; readonly fcm: FcmCredentials }
  | { readonly channel: "hook"; readonly hook: HookCredentials };

export interface TenantPush {
  /** How much of a message push services and screens are shown. */
  readonly preview: NotifyPreview;
  readonly apps: ReadonlyMap<string, AppCredentials>;
}

export type PushCredentials = ReadonlyMap<string, TenantPush>;

const APNS_ORIGIN = "https://api.push.apple.com";
const FCM_ORIGIN = "https://fcm.googleapis.com";
const TOKEN_URI = "https://oauth2.googleapis.com/token";
const PREVIEWS: readonly NotifyPreview[] = ["full", "sender", "none"];
const SECRET_PREFIX = "whsec_";
const SECRETS_MAX = 2;
/** Standard Webhooks asks for 24 bytes at least. */
const SECRET_BYTES_MIN = 24;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the file: `{"tenants": {"main": {"preview": "full", "apps": {"org.example.chat": {"apns": {…}}}}}}`.
 * Errors: "bad-setting", naming the place and never a secret.
 */
export function parseCredentials(text: string): PushCredentials {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    // Its message would quote the text.
    throw bad("", "is not JSON");
  }
  const tenants = objectIn(asObject(file, "the file"), "tenants", "");
  return new Map(
    Object.entries(tenants).map(([tenant, value]) => [tenant, tenantPush(asObject(value, tenant), tenant)]),
  );
}

function tenantPush(tenant: Json, at: string): TenantPush {
  const preview = PREVIEWS.find((known) => known === (tenant["preview"] ?? "full"));
  if (preview === undefined) throw bad(`${at}.preview`, `must be one of ${PREVIEWS.join(", ")}`);
  const apps = tenant["apps"] === undefined ? {} : objectIn(tenant, "apps", at);
  const entries = Object.entries(apps).map(([appId, app]): [string, AppCredentials] => {
    const place = `${at}.apps.${appId}`;
    return [appId, appCredentials(asObject(app, place), place)];
  });
  return { preview, apps: new Map(entries) };
}

function appCredentials(app: Json, at: string): AppCredentials {
  const [channel, ...more] = Object.keys(app);
  if (more.length > 0) throw bad(at, "must name one channel");
  if (channel === "apns") return { channel, apns: apnsIn(objectIn(app, channel, at), `${at}.apns`) };
  if (channel === "fcm") return { channel, fcm: fcmIn(objectIn(app, channel, at), `${at}.fcm`) };
  if (channel === "hook") return { channel, hook: hookIn(objectIn(app, channel, at), `${at}.hook`) };
  throw bad(at, "must name apns, fcm or hook");
}

function apnsIn(apns: Json, at: string): ApnsCredentials {
  return {
    teamId: textIn(apns, "teamId", at),
    keyId: textIn(apns, "keyId", at),
    key: keyIn(apns, "key", at, "ec"),
    topic: textIn(apns, "topic", at),
    origin: originIn(apns, at, APNS_ORIGIN),
  };
}

/** With the names of Google's own file. */
function fcmIn(fcm: Json, at: string): FcmCredentials {
  return {
    projectId: textIn(fcm, "project_id", at),
    clientEmail: textIn(fcm, "client_email", at),
    key: keyIn(fcm, "private_key", at, "rsa"),
    tokenUri: fcm["token_uri"] === undefined ? TOKEN_URI : urlIn(fcm, "token_uri", at),
    origin: originIn(fcm, at, FCM_ORIGIN),
  };
}

function hookIn(hook: Json, at: string): HookCredentials {
  const secrets = hook["secrets"];
  const isList = Array.isArray(secrets) && secrets.length > 0 && secrets.length <= SECRETS_MAX;
  if (!isList) throw bad(`${at}.secrets`, `must be a list of 1 to ${SECRETS_MAX}`);
  return { url: urlIn(hook, "url", at), secrets: secrets.map((secret) => secretOf(secret, `${at}.secrets`)) };
}

function secretOf(secret: unknown, at: string): Uint8Array {
  const encoded = typeof secret === "string" && secret.startsWith(SECRET_PREFIX) ? secret : "";
  const bytes = Buffer.from(encoded.slice(SECRET_PREFIX.length), "base64");
  if (bytes.length < SECRET_BYTES_MIN)
    throw bad(at, `must be "${SECRET_PREFIX}" and ${SECRET_BYTES_MIN} bytes at least in base64`);
  return bytes;
}

function keyIn(of: Json, name: string, at: string, type: "ec" | "rsa"): KeyObject {
  const pem = textIn(of, name, at);
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw bad(`${at}.${name}`, `is not a private key in PEM: ${messageOf(error)}`);
  }
  if (key.asymmetricKeyType !== type) throw bad(`${at}.${name}`, `must be a key of type ${type}`);
  return key;
}

function originIn(of: Json, at: string, fallback: string): string {
  return of["origin"] === undefined ? fallback : new URL(urlIn(of, "origin", at)).origin;
}

function urlIn(of: Json, name: string, at: string): string {
  const text = textIn(of, name, at);
  if (!URL.canParse(text) || !/^https?:\/\//.test(text)) throw bad(`${at}.${name}`, "must be a URL");
  return text;
}

function textIn(of: Json, name: string, at: string): string {
  const value = of[name];
  if (typeof value !== "string" || value === "") throw bad(`${at}.${name}`, "must be a text");
  return value;
}

function objectIn(of: Json, name: string, at: string): Json {
  return asObject(of[name], at === "" ? name : `${at}.${name}`);
}

function asObject(value: unknown, at: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(at, "must be an object");
  return value as Json;
}

function bad(at: string, what: string): Failure {
  return new Failure("bad-setting", `The push credentials: ${at} ${what}.`, {
    retry: "after-change",
    details: { setting: "push-credentials" },
  });
}
