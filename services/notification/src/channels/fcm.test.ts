import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test, type TestContext } from "node:test";
import { ManualTime } from "@parley/base/testing";
import { type Answer, openPushServer, type PushServer, type ReceivedPush } from "../testing/push-server.js";
import { readToken } from "../testing/reading.js";
import { clockedAmbient, SAMPLE } from "../testing/samples.js";
import { FcmChannel, type FcmCredentials } from "./fcm.js";
import { NodeNetwork } from "./node-network.js";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const TARGET = { token: "device-1" };
const GRANTED: Answer = { status: 200, body: '{"access_token":"secret","expires_in":3600}' };

test("the service account is exchanged for a token once, and messages carry it", async (t) => {
  const { channel, server, credentials, time } = await open(t, () => ({ status: 200, body: "{}" }));

  const deliveries = await Promise.all([
    channel.send(TARGET, SAMPLE, credentials),
    channel.send(TARGET, { ...SAMPLE, kind: "withdraw", badge: 0 }, credentials),
  ]);

  const [exchange, alert, withdraw] = server.received;
  const form = new URLSearchParams(exchange!.body.toString("utf8"));
  const { header, claims } = readToken(form.get("assertion")!, createPublicKey(privateKey));
  const iat = Math.floor(time.nowMs() / 1_000);
  assert.deepEqual(
    {
      deliveries,
      paths: server.received.map(({ path }) => path),
      grant: form.get("grant_type"),
      header,
      claims,
      authorization: alert!.headers["authorization"],
      alert: messageOf(alert!),
      withdraw: messageOf(withdraw!),
    },
    {
      deliveries: [{ kind: "delivered" }, { kind: "delivered" }],
      paths: ["/token", "/v1/projects/demo/messages:send", "/v1/projects/demo/messages:send"],
      grant: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      header: { alg: "RS256", typ: "JWT" },
      claims: {
        iss: "push@demo.example",
        scope: "https://www.googleapis.com/auth/firebase.messaging",
        aud: credentials.tokenUri,
        iat,
        exp: iat + 3_600,
      },
      authorization: "Bearer secret",
      alert: {
        token: "device-1",
        notification: { title: "Team", body: "Ann: 你好" },
        data: { id: "01", kind: "alert", key: "g:team", badge: "3", conversation: "g:team" },
        android: {
          collapse_key: "g:team",
          priority: "HIGH",
          ttl: "3600s",
          notification: { tag: "g:team", notification_count: 3 },
        },
      },
      withdraw: {
        token: "device-1",
        data: { id: "01", kind: "withdraw", key: "g:team", badge: "0", conversation: "g:team" },
        android: { collapse_key: "g:team", priority: "NORMAL", ttl: "3600s" },
      },
    },
  );
});

test("a token is exchanged anew before it runs out, and when it is not taken", async (t) => {
  let isTaken = true;
  const { channel, server, credentials, time } = await open(t, () => ({ status: isTaken ? 200 : 401 }));

  await channel.send(TARGET, SAMPLE, credentials);
  await time.advance(54 * 60_000);
  await channel.send(TARGET, SAMPLE, credentials);
  await time.advance(2 * 60_000);
  isTaken = false;
  const refused = await channel.send(TARGET, SAMPLE, credentials);
  isTaken = true;
  await channel.send(TARGET, SAMPLE, credentials);

  assert.deepEqual(
    {
      refused,
      order: server.received.map(({ path }) => (path === "/token" ? "exchange" : "send")).join(" "),
    },
    {
      refused: { kind: "retry", afterMs: 0, reason: "http-401" },
      order: "exchange send send exchange send exchange send",
    },
  );
});

test("what FCM answers becomes gone, retry or failed", async (t) => {
  const answers: Answer[] = [
    {
      status: 404,
      body: '{"error":{"code":404,"status":"NOT_FOUND","details":[{"@type":"x","errorCode":"UNREGISTERED"}]}}',
    },
    {
      status: 429,
      headers: { "retry-after": "30" },
      body: '{"error":{"status":"RESOURCE_EXHAUSTED","details":[{"errorCode":"QUOTA_EXCEEDED"}]}}',
    },
    { status: 503, headers: { "retry-after": "9" }, body: '{"error":{"status":"UNAVAILABLE"}}' },
    { status: 400, body: '{"error":{"status":"INVALID_ARGUMENT"}}' },
    { status: 404, body: "a proxy's page" },
  ];
  let next = 0;
  const { channel, credentials } = await open(t, () => answers[next++]!);

  const deliveries = [];
  for (const _ of answers) deliveries.push(await channel.send(TARGET, SAMPLE, credentials));

  assert.deepEqual(deliveries, [
    { kind: "gone" },
    { kind: "retry", afterMs: 30_000, reason: "QUOTA_EXCEEDED" },
    { kind: "retry", afterMs: 9_000, reason: "UNAVAILABLE" },
    { kind: "failed", reason: "INVALID_ARGUMENT" },
    { kind: "failed", reason: "http-404" },
  ]);
});

test("an account that is not taken has failed, and nothing is sent with it", async (t) => {
  const { channel, server, credentials } = await open(t, () => ({ status: 200 }), { status: 400 });

  const delivery = await channel.send(TARGET, SAMPLE, credentials);

  assert.deepEqual(
    { delivery, paths: server.received.map(({ path }) => path) },
    { delivery: { kind: "failed", reason: "token-http-400" }, paths: ["/token"] },
  );
});

async function open(t: TestContext, answer: () => Answer, granted: Answer = GRANTED) {
  const server: PushServer = await openPushServer(({ path }) => (path === "/token" ? granted : answer()));
  t.after(() => server.close());
  const time = new ManualTime();
  const ambient = clockedAmbient(time);
  const network = new NodeNetwork({ ambient, ca: server.ca });
  t.after(() => network.close());
  const credentials: FcmCredentials = {
    projectId: "demo",
    clientEmail: "push@demo.example",
    key: privateKey,
    tokenUri: `${server.origin}/token`,
    origin: server.origin,
  };
  return { channel: new FcmChannel(network, ambient), server, credentials, time };
}

function messageOf({ body }: ReceivedPush): unknown {
  return (JSON.parse(body.toString("utf8")) as { readonly message: unknown }).message;
}
