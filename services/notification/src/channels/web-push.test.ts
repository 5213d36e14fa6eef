import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { ManualTime } from "@parley/base/testing";
import { type Answer, openPushServer, type PushServer } from "../testing/push-server.js";
import { decryptWebPush, pointKey, readToken } from "../testing/reading.js";
import { clockedAmbient, SAMPLE } from "../testing/samples.js";
import { NodeNetwork } from "./node-network.js";
import { newVapidKey, vapidKeys } from "./vapid.js";
import { encryptWebPush, WEB_PUSH_BYTES_MAX } from "./web-push-encryption.js";
import { WebPushChannel } from "./web-push.js";

const KEYS = vapidKeys(newVapidKey(), "mailto:ops@example.org");

test("the example of RFC 8291, Appendix A, is encrypted byte for byte", () => {
  const sender = createECDH("prime256v1");
  sender.setPrivateKey(bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"));

  const body = encryptWebPush(
    Buffer.from("When I grow up, I want to be a watermelon"),
    {
      publicKey: bytes(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
      ),
      authSecret: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
    },
    { sender, salt: bytes("DGv6ra1nlYgDCS1FRnbzlw") },
  );

  assert.equal(
    Buffer.from(body).toString("base64url"),
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
  );
});

test("a push says who sends it and how, and only the browser reads it", async (t) => {
  const { channel, server, target, browser, time } = await open(t, () => ({ status: 201 }));

  const delivery = await channel.send(target, SAMPLE, KEYS);

  const { path, headers, body } = server.received[0]!;
  const [, token = "", key = ""] = /^vapid t=(.+), k=(.+)$/.exec(headers["authorization"]!)!;
  const { claims } = readToken(token, pointKey(key));
  assert.deepEqual(
    {
      delivery,
      path,
      ttl: headers["ttl"],
      urgency: headers["urgency"],
      encoding: headers["content-encoding"],
      topicLength: headers["topic"]?.length,
      isOwnKey: key === KEYS.publicKey,
      claims,
      message: JSON.parse(decryptWebPush(body, browser, target.authSecret).toString("utf8")) as unknown,
    },
    {
      delivery: { kind: "delivered" },
      path: "/push/1",
      ttl: "3600",
      urgency: "high",
      encoding: "aes128gcm",
      topicLength: 32,
      isOwnKey: true,
      claims: {
        aud: server.origin,
        exp: Math.floor((time.nowMs() + 12 * 3_600_000) / 1_000),
        sub: "mailto:ops@example.org",
      },
      message: {
        id: "01",
        kind: "alert",
        key: "g:team",
        badge: "3",
        conversation: "g:team",
        title: "Team",
        text: "Ann: 你好",
      },
    },
  );
});

test("what the push service answers becomes delivered, gone, retry or failed", async (t) => {
  const answers: Answer[] = [
    { status: 404 },
    { status: 410 },
    { status: 429, headers: { "retry-after": "120" } },
    { status: 503, headers: { "retry-after": "Sun, 01 Nov 2026 00:02:00 GMT" } },
    { status: 403 },
    { status: 302, headers: { location: "https://localhost/elsewhere" } },
  ];
  const { channel, server, target } = await open(t, () => answers[server.received.length - 1]!);

  const deliveries = [];
  for (const _ of answers) deliveries.push(await channel.send(target, SAMPLE, KEYS));

  assert.deepEqual(deliveries, [
    { kind: "gone" },
    { kind: "gone" },
    { kind: "retry", afterMs: 120_000, reason: "http-429" },
    { kind: "retry", afterMs: 119_999, reason: "http-503" },
    { kind: "failed", reason: "http-403" },
    { kind: "failed", reason: "http-302" },
  ]);
});

test("the largest message fits into 4,096 bytes, and one byte more is not sent", async (t) => {
  const { channel, server, target } = await open(t, () => ({ status: 201 }));
  const empty = JSON.stringify({
    id: "01",
    kind: "alert",
    key: "g:team",
    badge: "3",
    conversation: "g:team",
    title: "Team",
    text: "",
  }).length;
  const text = "x".repeat(WEB_PUSH_BYTES_MAX - empty);

  const fits = await channel.send(target, { ...SAMPLE, text }, KEYS);
  const more = await channel.send(target, { ...SAMPLE, text: `${text}x` }, KEYS);

  assert.deepEqual(
    { fits, more, bytes: server.received.map(({ body }) => body.length) },
    { fits: { kind: "delivered" }, more: { kind: "failed", reason: "too-large" }, bytes: [4_096] },
  );
});

test("a subscription with a key that is none has failed", async (t) => {
  const { channel, server, target } = await open(t, () => ({ status: 201 }));

  const delivery = await channel.send({ ...target, publicKey: new Uint8Array(65).fill(4) }, SAMPLE, KEYS);

  assert.deepEqual([delivery, server.received.length], [{ kind: "failed", reason: "bad-subscription" }, 0]);
});

test("an endpoint on the own network is not asked, and one that is down is tried again", async (t) => {
  const { server, target, time } = await open(t, () => ({ status: 201 }));
  const ambient = clockedAmbient(time);
  const guarded = new NodeNetwork({ ambient, ca: server.ca });
  const allowed = new NodeNetwork({ ambient, ca: server.ca, allowedAddresses: ["127.0.0.1", "::1"] });
  t.after(() => Promise.all([guarded.close(), allowed.close()]));

  const refused = await new WebPushChannel(guarded, ambient).send(target, SAMPLE, KEYS);
  await server.close();
  const down = await new WebPushChannel(allowed, ambient).send(target, SAMPLE, KEYS);

  assert.deepEqual(
    { refused, down, received: server.received.length },
    {
      refused: { kind: "failed", reason: "address-refused" },
      down: { kind: "retry", afterMs: 0, reason: "network-failed" },
      received: 0,
    },
  );
});

async function open(t: TestContext, answer: () => Answer) {
  const server: PushServer = await openPushServer(answer);
  t.after(() => server.close());
  const time = new ManualTime();
  const ambient = clockedAmbient(time);
  const network = new NodeNetwork({ ambient, ca: server.ca, allowedAddresses: ["127.0.0.1", "::1"] });
  t.after(() => network.close());
  const browser = createECDH("prime256v1");
  const publicKey = new Uint8Array(browser.generateKeys());
  const target = {
    endpoint: `${server.origin}/push/1`,
    publicKey,
    authSecret: new Uint8Array(randomBytes(16)),
  };
  return { channel: new WebPushChannel(network, ambient), server, target, browser, time };
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "base64url");
}
