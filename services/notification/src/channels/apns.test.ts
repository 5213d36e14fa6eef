import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test, type TestContext } from "node:test";
import { ManualTime } from "@parley/base/testing";
import { type Answer, openPushServer, type PushServer } from "../testing/push-server.js";
import { readToken } from "../testing/reading.js";
import { clockedAmbient, SAMPLE } from "../testing/samples.js";
import { ApnsChannel, type ApnsCredentials } from "./apns.js";
import { NodeNetwork } from "./node-network.js";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const TARGET = { token: "00ff" };

test("a notification goes to the device's path with the headers that APNs wants", async (t) => {
  const { channel, server, credentials, time } = await open(t, () => ({ status: 200 }));

  const delivery = await channel.send(TARGET, SAMPLE, credentials);

  const { path, headers, body } = server.received[0]!;
  const token = readToken(headers["authorization"]!.slice("bearer ".length), createPublicKey(privateKey));
  const sent = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("apns-")));
  const nowSeconds = Math.floor(time.nowMs() / 1_000);
  assert.deepEqual(
    { delivery, path, sent, token, body: JSON.parse(body.toString("utf8")) as unknown },
    {
      delivery: { kind: "delivered" },
      path: "/3/device/00ff",
      sent: {
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-expiration": String(nowSeconds + 3_600),
        "apns-collapse-id": "g:team",
        "apns-topic": "org.example.chat",
      },
      token: { header: { alg: "ES256", kid: "KEY" }, claims: { iss: "TEAM", iat: nowSeconds } },
      body: {
        aps: {
          alert: { title: "Team", body: "Ann: 你好" },
          badge: 3,
          sound: "default",
          "thread-id": "g:team",
        },
        parley: { id: "01", kind: "alert", key: "g:team", badge: "3", conversation: "g:team" },
      },
    },
  );
});

test("taking away shows the new badge alone, and data wakes the app unseen", async (t) => {
  const { channel, server, credentials } = await open(t, () => ({ status: 200 }));

  await channel.send(TARGET, { ...SAMPLE, kind: "withdraw", title: "", text: "", badge: 0 }, credentials);
  await channel.send(TARGET, { ...SAMPLE, kind: "data", data: Uint8Array.of(1, 2) }, credentials);

  assert.deepEqual(
    server.received.map(({ headers, body }) => [
      headers["apns-push-type"],
      headers["apns-priority"],
      (JSON.parse(body.toString("utf8")) as { aps: unknown }).aps,
      (JSON.parse(body.toString("utf8")) as { parley: { data?: string } }).parley.data,
    ]),
    [
      ["alert", "5", { badge: 0, "content-available": 1 }, undefined],
      ["background", "5", { "content-available": 1 }, "AQI="],
    ],
  );
});

test("a provider token is used for less than an hour, over one connection", async (t) => {
  const { channel, server, credentials, time } = await open(t, () => ({ status: 200 }));

  await channel.send(TARGET, SAMPLE, credentials);
  await time.advance(49 * 60_000);
  await channel.send(TARGET, SAMPLE, credentials);
  await time.advance(60_000);
  await channel.send(TARGET, SAMPLE, credentials);

  const [first, second, third] = server.received.map(({ headers }) => headers["authorization"]);
  assert.deepEqual(
    { isKept: first === second, isRenewed: second !== third, connections: server.connections() },
    { isKept: true, isRenewed: true, connections: 1 },
  );
});

test("what APNs answers becomes gone, retry or failed, and an expired token is made anew", async (t) => {
  const answers: Answer[] = [
    { status: 410, body: '{"reason":"Unregistered","timestamp":1}' },
    { status: 400, body: '{"reason":"BadDeviceToken"}' },
    { status: 429, body: '{"reason":"TooManyRequests"}' },
    { status: 503, headers: { "retry-after": "5" }, body: "not json" },
    { status: 403, body: '{"reason":"ExpiredProviderToken"}' },
    { status: 400, body: '{"reason":"TopicDisallowed"}' },
  ];
  const { channel, server, credentials, time } = await open(t, () => answers[server.received.length - 1]!);

  const deliveries = [];
  for (const _ of answers) {
    deliveries.push(await channel.send(TARGET, SAMPLE, credentials));
    await time.advance(1_000);
  }

  const tokens = server.received.map(({ headers }) => headers["authorization"]);
  assert.deepEqual(
    { deliveries, isRenewed: tokens[4] !== tokens[5], isKept: tokens[3] === tokens[4] },
    {
      deliveries: [
        { kind: "gone" },
        { kind: "gone" },
        { kind: "retry", afterMs: 0, reason: "TooManyRequests" },
        { kind: "retry", afterMs: 5_000, reason: "http-503" },
        { kind: "retry", afterMs: 0, reason: "ExpiredProviderToken" },
        { kind: "failed", reason: "TopicDisallowed" },
      ],
      isRenewed: true,
      isKept: true,
    },
  );
});

test("after a cut the next notification opens a connection anew", async (t) => {
  const { channel, server, credentials } = await open(t, () => {
    if (server.received.length === 2) server.cut();
    return { status: 200 };
  });

  const deliveries = [];
  for (let count = 0; count < 3; count++) deliveries.push(await channel.send(TARGET, SAMPLE, credentials));

  assert.deepEqual(
    { deliveries, connections: server.connections() },
    {
      deliveries: [
        { kind: "delivered" },
        { kind: "retry", afterMs: 0, reason: "network-failed" },
        { kind: "delivered" },
      ],
      connections: 2,
    },
  );
});

test("more than 100 requests at a time are put off", async (t) => {
  const { channel, credentials } = await open(t, () => ({ status: 200 }));

  const deliveries = await Promise.all(
    Array.from({ length: 101 }, () => channel.send(TARGET, SAMPLE, credentials)),
  );

  const kinds = deliveries.map(({ kind }) => kind);
  assert.deepEqual(
    [kinds.filter((kind) => kind === "delivered").length, kinds.filter((kind) => kind === "retry").length],
    [100, 1],
  );
});

async function open(t: TestContext, answer: () => Answer) {
  const server: PushServer = await openPushServer(answer);
  t.after(() => server.close());
  const time = new ManualTime();
  const ambient = clockedAmbient(time);
  const network = new NodeNetwork({ ambient, ca: server.ca });
  t.after(() => network.close());
  const credentials: ApnsCredentials = {
    teamId: "TEAM",
    keyId: "KEY",
    key: privateKey,
    topic: "org.example.chat",
    origin: server.origin,
  };
  return { channel: new ApnsChannel(network, ambient), server, credentials, time };
}
