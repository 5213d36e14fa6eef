/**
 * Goal: whatever is thrown at a real server process, it answers with the promised code, says clearly what is wrong, and
 * goes on for everybody else.
 *
 * Method: each test starts `services/server/dist/main.js` on a directory of its own and talks to it over HTTP and raw
 * WebSockets.
 */
import { RawClient, runServer, ServerProcess, type Installation, prepareInstallation } from "@parley/bench";
import {
  type ClientMessageId,
  type ConversationId,
  directConversationId,
  DISCONNECT,
  encodeFrame,
  type Frame,
  PACKET_BYTES_MAX,
  parseUserId,
  TEXT_BYTES_MAX,
  Writer,
} from "@parley/protocol";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { fetchHistory } from "./replay/fresh-view.js";

const ANNA = parseUserId("anna");
const BERT = parseUserId("bert");
const CARL = parseUserId("carl");
const PASSWORD = "correct horse";
const TOGETHER = directConversationId(ANNA, BERT);

interface World {
  readonly installation: Installation;
  readonly dataDirectory: string;
  readonly server: ServerProcess;
  token(userId: string, device?: number): string;
  connect(userId: string, device?: number): Promise<RawClient>;
}

/** A server with anna, bert and carl, cleaned away after the test. */
async function startWorld(
  t: TestContext,
  serverArguments: readonly string[] = [],
  directory?: string,
): Promise<World> {
  const dataDirectory = directory ?? mkdtempSync(join(tmpdir(), "parley-bad-"));
  const installation = await prepareInstallation({
    dataDirectory,
    userIds: [ANNA, BERT, CARL],
    devicesPerUser: 2,
    password: PASSWORD,
  });
  const server = await ServerProcess.start({ dataDirectory, serverArguments });
  t.after(async () => {
    await server.kill();
    if (directory === undefined) rmSync(dataDirectory, { recursive: true, force: true });
  });
  const token = (userId: string, device = 0): string =>
    installation.tokens.get(parseUserId(userId))![device]!;
  return {
    installation,
    dataDirectory,
    server,
    token,
    connect: async (userId, device) =>
      RawClient.connect({ url: server.webSocketUrl, token: token(userId, device) }),
  };
}

async function createDirect(client: RawClient): Promise<void> {
  const answer = await client.request("createConversation", { isDirect: true, userIds: [BERT], name: "one" });
  equal(answer.name, "conversationCreated");
}

async function send(
  client: RawClient,
  number: number,
  text: string,
  conversationId: string = TOGETHER,
): Promise<Frame> {
  return client.request("send", {
    conversationId: conversationId as ConversationId,
    clientMessageId: `c${number}` as ClientMessageId,
    number,
    body: { text: { text }, notice: undefined },
  });
}

function outcome(frame: Frame): string {
  return frame.name === "refused" ? frame.payload.code : frame.name;
}

async function signIn(
  world: World,
  password: string,
): Promise<{ status: number; code: unknown; token: string }> {
  const response = await fetch(`${world.server.url}/v1/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: ANNA, password, device: "test" }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, code: body["code"], token: String(body["token"]) };
}

test("a wrong password, an unknown user and a malformed login are refused; the right password opens", async (t) => {
  const world = await startWorld(t);
  const wrong = await signIn(world, "wrong");
  const right = await signIn(world, PASSWORD);
  deepEqual([wrong.status, wrong.code, right.status], [401, "invalid-credentials", 200]);
  const client = await RawClient.connect({ url: world.server.webSocketUrl, token: right.token });
  await client.close();
  const garbage = await fetch(`${world.server.url}/v1/login`, { method: "POST", body: "{" });
  ok(garbage.status >= 400 && garbage.status < 500, `A malformed login gets ${garbage.status}.`);
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
  const { token } = await signIn(world, PASSWORD);
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
    body: { text: { text: "hello" }, notice: undefined },
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
    body: { text: { text: "other" }, notice: undefined },
  });
  deepEqual([early, first, repeated, reused].map(outcome), ["too-early", "sent", "sent", "send-order"]);
  ok(first.name === "sent" && repeated.name === "sent");
  deepEqual(
    [repeated.payload.sequence, repeated.payload.messageId],
    [first.payload.sequence, first.payload.messageId],
  );
  await anna.close();
});

test("a second server on the same data directory ends with a message and leaves the first alone", async (t) => {
  const world = await startWorld(t);
  const exit = await runServer(["--data", world.dataDirectory, "--port", "0", "--demo", "off"]);
  equal(exit.code, 1);
  match(exit.stderr, /lock|in use|another/i);
  const anna = await world.connect(ANNA);
  await anna.close();
});

test("a data directory of a newer version is refused and not changed", async (t) => {
  const world = await startWorld(t);
  await world.server.stop();
  const path = versionFile(world.dataDirectory);
  const newer = readFileSync(path, "utf8").replace(/\d+/, "999");
  writeFileSync(path, newer);
  const exit = await runServer(["--data", world.dataDirectory, "--port", "0", "--demo", "off"]);
  deepEqual([exit.code, readFileSync(path, "utf8")], [1, newer]);
  match(exit.stderr, /has format 999.*reads up to format \d+\. Run a version/);
});

test("a port in use is named", async (t) => {
  const holder = createServer();
  await new Promise<void>((resolve) => {
    holder.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => holder.close());
  const address = holder.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bad-"));
  t.after(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const exit = await runServer(["--data", dataDirectory, "--port", port, "--demo", "off"]);
  equal(exit.code, 1);
  ok(exit.stderr.includes(port), exit.stderr);
  match(exit.stderr, /in use/);
});

const badSettings: readonly [readonly string[], Readonly<Record<string, string>>, RegExp][] = [
  [["--port", "99999"], {}, /--port must be/],
  [["--port", "eighty"], {}, /--port must be/],
  [["--data", ""], {}, /--data must/],
  [["--colour", "red"], {}, /--colour/],
  [["--port"], {}, /--port/],
  [[], { PARLEY_PORT: "-1" }, /PARLEY_PORT must be/],
  [[], { PARLEY_COLOUR: "red" }, /PARLEY_COLOUR/],
];

for (const [args, environment, complaint] of badSettings) {
  const what = [...args, ...Object.entries(environment).map((pair) => pair.join("="))].join(" ");
  test(`the setting "${what}" is refused by name`, async () => {
    const exit = await runServer(args, { environment });
    equal(exit.code, 2, exit.stderr);
    match(exit.stderr, complaint);
    ok(!/^\s+at /m.test(exit.stderr), `It prints a stack: ${exit.stderr}`);
  });
}

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

test(
  "a full disk refuses sends or stops the server, and nothing accepted is lost",
  { skip: tmpfsMissing() },
  async (t) => {
    for (const reserveMb of [8, 0]) await fillDisk(t, reserveMb);
  },
);

const DISK_MB = 48;
const FILL_SENDS_MAX = 20_000;
const FILL_AT_A_TIME = 8;

/** Sends until the server refuses or ends, makes the disk larger, and looks for all that was accepted. */
async function fillDisk(t: TestContext, reserveMb: number): Promise<void> {
  const mount = mkdtempSync(join(tmpdir(), "parley-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MB}m`, "tmpfs", mount]);
  t.after(() => {
    execFileSync("umount", ["-l", mount]);
    rmSync(mount, { recursive: true, force: true });
  });
  const world = await startWorld(t, ["--reserve-mb", String(reserveMb)], join(mount, "data"));
  const anna = await world.connect(ANNA);
  await createDirect(anna);
  const accepted: number[] = [];
  const { refusal, isStopped } = await fill(anna, accepted);
  t.diagnostic(
    `reserve ${reserveMb} MB: ${accepted.length} accepted, then ${isStopped ? "the server stopped" : refusal}`,
  );
  ok(accepted.length > 100, `Only ${accepted.length} were accepted: ${refusal}`);
  if (!isStopped) equal(refusal, "storage-full");
  else {
    const exit = await world.server.exited;
    equal(exit.code, 1);
    match(exit.stderr, /ENOSPC|storage-full|no space|full/i);
  }
  execFileSync("mount", ["-o", `remount,size=${DISK_MB * 8}m`, mount]);
  await anna.close();
  await world.server.kill();
  const again = await ServerProcess.start({ dataDirectory: world.dataDirectory });
  t.after(async () => again.kill());
  const back = await RawClient.connect({ url: again.webSocketUrl, token: world.token(ANNA) });
  const texts = (await fetchHistory(back, TOGETHER)).flatMap(
    ({ body }) => body?.text?.text.slice(0, 8) ?? [],
  );
  const present = new Set(texts.map(Number));
  deepEqual([accepted.filter((number) => !present.has(number)), texts.length - present.size], [[], 0]);
  deepEqual(texts, texts.toSorted());
  equal(outcome(await send(back, texts.length + 1, "there is room again")), "sent");
  await back.close();
}

async function fill(client: RawClient, accepted: number[]): Promise<{ refusal: string; isStopped: boolean }> {
  const filler = "x".repeat(TEXT_BYTES_MAX - 8);
  try {
    for (let first = 1; first < FILL_SENDS_MAX; first += FILL_AT_A_TIME) {
      const numbers = Array.from({ length: FILL_AT_A_TIME }, (_, index) => first + index);
      const outcomes = await Promise.all(
        numbers.map(async (number) =>
          outcome(await send(client, number, String(number).padStart(8, "0") + filler)),
        ),
      );
      accepted.push(...numbers.filter((_, index) => outcomes[index] === "sent"));
      // After a refusal the later ones of the batch may be "too-early".
      const refusal = outcomes.find((each) => each !== "sent");
      if (refusal !== undefined) return { refusal, isStopped: false };
    }
  } catch (error) {
    return { refusal: String(error), isStopped: true };
  }
  return { refusal: "nothing", isStopped: false };
}

/** Why the test of a full disk cannot run here. */
function tmpfsMissing(): string | false {
  if (process.getuid?.() !== 0) return "mounting a small file system needs root";
  const mount = mkdtempSync(join(tmpdir(), "parley-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], { stdio: "ignore" });
    execFileSync("umount", [mount]);
    return false;
  } catch {
    return "this machine does not let root mount a tmpfs";
  } finally {
    rmSync(mount, { recursive: true, force: true });
  }
}

/** The file of a data directory that holds its format version. */
function versionFile(dataDirectory: string): string {
  const name = readdirSync(dataDirectory).find((each) => /version|format/i.test(each));
  if (name === undefined) throw new Error(`No version file in ${readdirSync(dataDirectory).join(", ")}.`);
  return join(dataDirectory, name);
}

/** A well-formed packet of one mebibyte: four times the limit. */
function mebibyte(): Uint8Array {
  const packet = new Writer(1024);
  packet.raw(encodeFrame("listUsers", { requestId: 1, prefix: "x".repeat(PACKET_BYTES_MAX * 4) }));
  return packet.take();
}
