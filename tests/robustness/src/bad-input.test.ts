/**
 * Goal: whatever is said to a real server process, it answers with the promised code and goes on for everybody else.
 *
 * Method: each test starts `services/server/dist/main.js` on a directory of its own and talks to it over HTTP and raw
 * WebSockets.
 */
import { prepareInstallation, RawClient, ServerProcess } from "@parley/bench";
import {
  type ClientMessageId,
  DISCONNECT,
  encodeFrame,
  PACKET_BYTES_MAX,
  TEXT_BYTES_MAX,
  Writer,
  textBody,
} from "@parley/protocol";
import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fetchHistory } from "./replay/fresh-view.js";
import {
  ANNA,
  BERT,
  CARL,
  createDirect,
  outcome,
  PASSWORD,
  send,
  startWorld,
  TOGETHER,
  type World,
} from "./world.js";

const RIGHT = { user: ANNA, password: PASSWORD, device: "test" };

test("bad logins are refused by kind, and the right password opens", async (t) => {
  const world = await startWorld(t);
  const bad = [
    { user: ANNA, password: "wrong", device: "test" },
    { user: "nobody", password: PASSWORD, device: "test" },
    { user: ANNA, device: "test" },
    "{",
    "x".repeat(2 ** 20),
  ];
  const refusals = await Promise.all(bad.map(async (body) => signIn(world, body)));
  const right = await signIn(world, RIGHT);
  deepEqual(
    [...refusals, right].map(({ status, code }) => `${status} ${code}`),
    [
      "401 invalid-credentials",
      "401 invalid-credentials",
      "400 bad-request",
      "400 bad-request",
      "413 bad-request",
      "200 undefined",
    ],
  );
  const client = await RawClient.connect({ url: world.server.webSocketUrl, token: right.token });
  await client.close();
});

test("a token that was never issued closes with 4900", async (t) => {
  const world = await startWorld(t);
  const client = await RawClient.open({ url: world.server.webSocketUrl, token: "nonsense" });
  client.hello();
  equal((await client.closed).code, DISCONNECT.sessionInvalid.code);
});

test("a token that expires closes its live socket with 4900 and cannot return", async (t) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bad-"));
  t.after(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const plan = { dataDirectory, userIds: [ANNA], devicesPerUser: 1, tokenLifetimeMs: 4_000 };
  const { tokens } = await prepareInstallation(plan);
  const server = await ServerProcess.start({ dataDirectory });
  t.after(async () => server.kill());
  const token = tokens.get(ANNA)![0]!;
  const live = await RawClient.connect({ url: server.webSocketUrl, token });
  const closed = await live.closed;
  const again = await RawClient.open({ url: server.webSocketUrl, token });
  again.hello();
  deepEqual([closed.code, (await again.closed).code], [4900, 4900]);
});

test("a revoked session closes its live socket with 4900 within two seconds and cannot return", async (t) => {
  const world = await startWorld(t);
  const { token } = await signIn(world, RIGHT);
  const client = await RawClient.connect({ url: world.server.webSocketUrl, token });
  const other = await world.connect(ANNA, 1);
  const beganMs = performance.now();
  const response = await fetch(`${world.server.url}/v1/sessions/${client.sessionId}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${world.token(ANNA)}` },
  });
  const closed = await client.closed;
  const tookMs = performance.now() - beganMs;
  ok(response.ok, `The revocation gets ${response.status}.`);
  ok(tookMs < 2_000, `It took ${tookMs} ms.`);
  const again = await RawClient.open({ url: world.server.webSocketUrl, token });
  again.hello();
  deepEqual([closed.code, (await again.closed).code], [4900, 4900]);
  equal((await other.request("listConversations", { limit: 10 })).name, "conversationList");
  await other.close();
});

test("a conversation that one is not in, or that does not exist, refuses sends, reads and members", async (t) => {
  const world = await startWorld(t);
  const anna = await world.connect(ANNA);
  const carl = await world.connect(CARL);
  await createDirect(anna);
  const outcomes = [
    await send(carl, 1, "let me in"),
    await send(carl, 1, "hello?", "g:nowhere"),
    await carl.request("getHistory", { conversationId: TOGETHER, limit: 10 }),
    await carl.request("listMembers", { conversationId: TOGETHER, limit: 10 }),
    await carl.request("markRead", { conversationId: TOGETHER, sequence: 1 }),
    await carl.request("changeMembers", { conversationId: TOGETHER, userIds: [CARL] }),
    await send(anna, 1, "still here"),
  ].map(outcome);
  deepEqual(outcomes, [...Array.from({ length: 6 }, () => "not-a-member"), "sent"]);
  await Promise.all([anna.close(), carl.close()]);
});

test("a text beyond the limit is refused and the connection goes on", async (t) => {
  const world = await startWorld(t);
  const anna = await world.connect(ANNA);
  await createDirect(anna);
  const outcomes = [
    outcome(await send(anna, 1, "x".repeat(TEXT_BYTES_MAX + 1))),
    outcome(await send(anna, 1, "x".repeat(TEXT_BYTES_MAX))),
    outcome(await send(anna, 2, "")),
  ];
  deepEqual(outcomes.slice(0, 2), ["message-too-large", "sent"]);
  ok(["bad-request", "sent"].includes(outcomes[2]!), `An empty text gets ${outcomes[2]}.`);
  await anna.close();
});

const closings: readonly [string, (client: RawClient) => void, number, "greeted" | "silent"][] = [
  [
    "a message of one mebibyte",
    (client) => client.sendBytes(mebibyte()),
    DISCONNECT.tooLarge.code,
    "greeted",
  ],
  [
    "garbage",
    (client) => client.sendBytes(Uint8Array.of(3, 255, 255, 255, 255, 7)),
    DISCONNECT.malformed.code,
    "greeted",
  ],
  ["an empty packet", (client) => client.sendBytes(new Uint8Array(0)), DISCONNECT.malformed.code, "greeted"],
  [
    "a frame kind that nobody knows",
    (client) => client.sendBytes(Uint8Array.of(63, 0)),
    DISCONNECT.unknownFrame.code,
    "greeted",
  ],
  ["a frame of the server", (client) => client.write("pong", {}), DISCONNECT.unknownFrame.code, "greeted"],
  ["a second Hello", (client) => client.hello(), DISCONNECT.unknownFrame.code, "greeted"],
  [
    "a request before Hello",
    (client) => client.write("listUsers", { requestId: 1 }),
    DISCONNECT.unknownFrame.code,
    "silent",
  ],
  [
    "a version that is not served",
    (client) => client.write("hello", { protocolVersion: 999, token: "x" }),
    DISCONNECT.versionNotServed.code,
    "silent",
  ],
  ["no Hello", () => undefined, DISCONNECT.helloMissed.code, "silent"],
];

for (const [what, say, code, before] of closings) {
  test(`${what} closes with ${code}, and others go on`, async (t) => {
    const world = await startWorld(t);
    const other = await world.connect(BERT);
    const options = { url: world.server.webSocketUrl, token: world.token(ANNA) };
    const client = before === "greeted" ? await RawClient.connect(options) : await RawClient.open(options);
    say(client);
    const closed = await client.closed;
    deepEqual(
      [closed.code, (await other.request("listConversations", { limit: 10 })).name],
      [code, "conversationList"],
    );
    await other.close();
  });
}

test("every cut and every flipped byte of a packet leaves the server answering", async (t) => {
  const world = await startWorld(t);
  const anna = await world.connect(ANNA);
  await createDirect(anna);
  const packet = encodeFrame("send", {
    requestId: 7,
    conversationId: TOGETHER,
    clientMessageId: "c1" as ClientMessageId,
    number: 1,
    body: textBody("hello"),
  });
  const variants = [
    ...Array.from(packet, (_, length) => packet.slice(0, length)),
    ...Array.from(packet, (_, index) => packet.map((byte, at) => (at === index ? byte ^ 255 : byte))),
  ];
  for (const variant of variants) {
    const client = await RawClient.connect({ url: world.server.webSocketUrl, token: world.token(CARL) });
    client.sendBytes(variant);
    await client.close();
  }
  equal(outcome(await send(anna, 1, "still here")), "sent");
  await anna.close();
  equal((await world.server.stop()).code, 0);
});

test("requests beyond the number in flight are refused and none is lost", async (t) => {
  const world = await startWorld(t);
  const anna = await world.connect(ANNA);
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, async () => anna.request("listUsers", { limit: 10 })),
  );
  const codes = new Set(answers.map(outcome));
  ok(
    [...codes].every((code) => code === "userList" || code === "too-many-requests"),
    [...codes].join(", "),
  );
  equal(answers.length, 1_000);
  await anna.close();
});

test("a send out of order, used twice or repeated gets what the protocol says", async (t) => {
  const world = await startWorld(t);
  const anna = await world.connect(ANNA);
  await createDirect(anna);
  const early = await send(anna, 3, "early");
  const first = await send(anna, 1, "first");
  const repeated = await send(anna, 1, "first");
  const reused = await anna.request("send", {
    conversationId: TOGETHER,
    clientMessageId: "other" as ClientMessageId,
    number: 1,
    body: textBody("other"),
  });
  deepEqual([early, first, repeated, reused].map(outcome), ["too-early", "sent", "sent", "send-order"]);
  ok(first.name === "sent" && repeated.name === "sent");
  deepEqual(
    [repeated.payload.sequence, repeated.payload.messageId],
    [first.payload.sequence, first.payload.messageId],
  );
  await anna.close();
});

test("SIGTERM tells clients to come back, ends with 0 and keeps what was accepted", async (t) => {
  const world = await startWorld(t);
  const anna = await world.connect(ANNA);
  const bert = await world.connect(BERT);
  await createDirect(anna);
  const sent = await send(anna, 1, "before the stop");
  const exit = await world.server.stop();
  const codes = [(await anna.closed).code, (await bert.closed).code];
  deepEqual([outcome(sent), exit.code, codes], ["sent", 0, [4000, 4000]]);
  const again = await ServerProcess.start({ dataDirectory: world.dataDirectory });
  t.after(async () => again.kill());
  const back = await RawClient.connect({ url: again.webSocketUrl, token: world.token(BERT) });
  const history = await fetchHistory(back, TOGETHER);
  deepEqual(
    history.map(({ body }) => body?.text?.text).filter((text) => text !== undefined),
    ["before the stop"],
  );
  await back.close();
});

async function signIn(world: World, body: unknown): Promise<{ status: number; code: string; token: string }> {
  const response = await fetch(`${world.server.url}/v1/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, code: String(answer["code"]), token: String(answer["token"]) };
}

/** A well-formed packet of one mebibyte: four times the limit. */
function mebibyte(): Uint8Array {
  const packet = new Writer(1024);
  packet.raw(encodeFrame("listUsers", { requestId: 1, prefix: "x".repeat(PACKET_BYTES_MAX * 4) }));
  return packet.take();
}
