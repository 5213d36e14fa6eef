import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualTime } from "@parley/base/testing";
import { type Answer, openPushServer, type PushServer } from "../testing/push-server.js";
import { clockedAmbient, SAMPLE } from "../testing/samples.js";
import { HookChannel, hookSignature } from "./hook.js";
import { NodeNetwork } from "./node-network.js";

const TARGET = { tenantId: "demo", userId: "ann", deviceId: "phone", token: "own-1" };

test("the example of Standard Webhooks is signed as the specification says", () => {
  const signature = hookSignature(Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64"), {
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    seconds: "1614265330",
    body: Buffer.from('{"test": 2432232314}'),
  });

  assert.equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

test("a call is signed with both secrets while they rotate", async (t) => {
  const { call, server } = await open(t, () => ({ status: 204 }));
  const secrets = [Buffer.from("the new one"), Buffer.from("the old one")];

  const delivery = await call(secrets);

  const { headers, body } = server.received[0]!;
  const id = headers["webhook-id"]!;
  const seconds = headers["webhook-timestamp"]!;
  assert.deepEqual(
    {
      delivery,
      id,
      signatures: headers["webhook-signature"]!.split(" "),
      body: JSON.parse(body.toString("utf8")) as unknown,
    },
    {
      delivery: { kind: "delivered" },
      id: "01",
      signatures: secrets.map((secret) => hookSignature(secret, { id, seconds, body })),
      body: {
        type: "notification",
        timestamp: 1_793_491_200_001,
        data: {
          ...TARGET,
          id: "01",
          kind: "alert",
          key: "g:team",
          badge: "3",
          conversation: "g:team",
          title: "Team",
          text: "Ann: 你好",
        },
      },
    },
  );
});

test("what the hook answers becomes gone, retry or failed, and a redirect is not followed", async (t) => {
  const answers: Answer[] = [
    { status: 410 },
    { status: 500 },
    { status: 429, headers: { "retry-after": "7" } },
    { status: 307, headers: { location: "/elsewhere" } },
  ];
  const { call, server } = await open(t, () => answers[server.received.length - 1]!);

  const deliveries = [];
  for (const _ of answers) deliveries.push(await call([Buffer.from("secret")]));

  assert.deepEqual(
    { deliveries, paths: [...new Set(server.received.map(({ path }) => path))] },
    {
      deliveries: [
        { kind: "gone" },
        { kind: "retry", afterMs: 0, reason: "http-500" },
        { kind: "retry", afterMs: 7_000, reason: "http-429" },
        { kind: "failed", reason: "http-307" },
      ],
      paths: ["/hook"],
    },
  );
});

async function open(t: { after(end: () => Promise<unknown>): void }, answer: () => Answer) {
  const server: PushServer = await openPushServer(answer);
  t.after(() => server.close());
  const ambient = clockedAmbient(new ManualTime());
  const network = new NodeNetwork({ ambient, ca: server.ca, allowedAddresses: ["127.0.0.0/8", "::1"] });
  t.after(() => network.close());
  const channel = new HookChannel(network, ambient);
  const url = `${server.origin}/hook`;
  return { server, call: (secrets: readonly Uint8Array[]) => channel.send(TARGET, SAMPLE, { url, secrets }) };
}
