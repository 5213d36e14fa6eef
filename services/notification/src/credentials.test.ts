import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { failureCode, messageOf } from "@parley/base";
import { parseCredentials } from "./credentials.js";

const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
const EC_PEM = ec.export({ type: "pkcs8", format: "pem" }) as string;
const RSA_PEM = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
  type: "pkcs8",
  format: "pem",
}) as string;
const SECRET = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const APNS = { teamId: "T", keyId: "K", key: EC_PEM, topic: "org.example" };
const FCM = { project_id: "p", client_email: "e@p", private_key: RSA_PEM };
const HOOK = { url: "https://hook.example/", secrets: [SECRET] };

test("a file with every kind of app is read, with the addresses of the vendors", () => {
  const file = {
    main: { preview: "none", apps: { a: { apns: APNS }, f: { fcm: FCM }, h: { hook: HOOK } } },
    bare: {},
  };

  const credentials = parseCredentials(JSON.stringify({ tenants: file }));

  const apps = [...credentials.get("main")!.apps.values()].map((app) =>
    app.channel === "apns"
      ? [app.channel, app.apns.topic, app.apns.origin, app.apns.key.asymmetricKeyType]
      : app.channel === "fcm"
        ? [app.channel, app.fcm.projectId, app.fcm.origin, app.fcm.tokenUri]
        : [app.channel, app.hook.url, app.hook.secrets.map((secret) => secret.length)],
  );
  assert.deepEqual(
    { apps, previews: [...credentials].map(([tenant, { preview }]) => [tenant, preview]) },
    {
      apps: [
        ["apns", "org.example", "https://api.push.apple.com", "ec"],
        ["fcm", "p", "https://fcm.googleapis.com", "https://oauth2.googleapis.com/token"],
        ["hook", "https://hook.example/", [24]],
      ],
      previews: [
        ["main", "none"],
        ["bare", "full"],
      ],
    },
  );
});

const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  ["no tenants", {}, /tenants must be an object/],
  ["an unknown preview", { tenants: { main: { preview: "loud" } } }, /main\.preview/],
  ["an app without a channel", fileWith({}), /main\.apps\.x must name apns, fcm or hook/],
  ["an app with two channels", fileWith({ apns: APNS, hook: HOOK }), /must name one channel/],
  ["a missing field", fileWith({ apns: { ...APNS, teamId: "" } }), /main\.apps\.x\.apns\.teamId/],
  ["a key that is none", fileWith({ apns: { ...APNS, key: "SECRET" } }), /apns\.key is not a private key/],
  ["a key of another type", fileWith({ apns: { ...APNS, key: RSA_PEM } }), /must be a key of type ec/],
  ["an address that is none", fileWith({ hook: { ...HOOK, url: "ftp://x" } }), /hook\.url must be a URL/],
  [
    "too many secrets",
    fileWith({ hook: { ...HOOK, secrets: [SECRET, SECRET, SECRET] } }),
    /a list of 1 to 2/,
  ],
  ["a short secret", fileWith({ hook: { ...HOOK, secrets: ["whsec_SECRET"] } }), /24 bytes at least/],
];

for (const [what, file, reason] of WRONG) {
  test(`${what} is refused by its place, and nothing secret is said`, () => {
    const error = refusal(JSON.stringify(file));

    assert.deepEqual([failureCode(error), /SECRET|BEGIN/.test(messageOf(error))], ["bad-setting", false]);
    assert.match(messageOf(error), reason);
  });
}

test("what is not JSON is refused without quoting it", () => {
  const error = refusal("{ SECRET");

  assert.deepEqual([failureCode(error), messageOf(error).includes("SECRET")], ["bad-setting", false]);
});

function fileWith(of: object): object {
  return { tenants: { main: { apps: { x: of } } } };
}

function refusal(text: string): unknown {
  try {
    parseCredentials(text);
  } catch (error) {
    return error;
  }
  return undefined;
}
