/** Connections from hello to close, cited by the invariants at the head of connection.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import {
  DISCONNECT,
  HISTORY_PAGE_MAX,
  PACKET_BYTES_MAX,
  PROTOCOL_VERSION,
  REQUESTS_IN_FLIGHT_MAX,
  encodeFrame,
  textBody,
  type ConversationId,
  FOLLOW_MAX,
} from "@parley/protocol";
import fc from "fast-check";
import { type Device, GatewayBench, type ScriptedFeed } from "./testing/gateway-bench.js";

const BROKEN = new Uint8Array([3, 200]);

function never(): Promise<never> {
  return new Promise(() => {});
}

const LARGE = "g:large" as ConversationId;

test("a device with a good token is welcomed and fed from its position", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a", { epoch: 7, pts: 12 });
  assert.deepEqual(
    {
      frames: device.socket.frames().map(({ name }) => name),
      welcome: device.socket.framesOf("welcome")[0],
      position: bench.feeds[0]!.position,
      closes: device.socket.closes,
    },
    {
      frames: ["welcome"],
      welcome: {
        protocolVersion: PROTOCOL_VERSION,
        userId: "ann",
        deviceId: "d-a",
        sessionId: "s-a",
        heartbeatMs: 10_000,
        serverTimeMs: bench.time.nowMs(),
        server: "test",
      },
      position: { epoch: 7, pts: 12 },
      closes: [],
    },
  );
});

const REFUSED_OPENINGS: readonly (readonly [
  string,
  keyof typeof DISCONNECT,
  (bench: GatewayBench, device: Device) => Promise<void>,
])[] = [
  ["a request before hello", "unknownFrame", (_bench, device) => device.send(1)],
  ["a ping before hello", "unknownFrame", (_bench, device) => device.say("ping", {})],
  ["an unknown token", "sessionInvalid", (_bench, device) => device.hello("nobody")],
  [
    "an expired token",
    "sessionInvalid",
    async (bench, device) => {
      bench.issue("old", "ann", 0);
      await device.hello("old");
    },
  ],
  [
    "a version from the future",
    "versionNotServed",
    (_bench, device) =>
      device.say("hello", { protocolVersion: PROTOCOL_VERSION + 1, token: "a", client: "test" }),
  ],
  ["no version", "versionNotServed", (_bench, device) => device.say("hello", { token: "a" })],
  ["broken bytes", "malformed", (_bench, device) => device.sayBytes(BROKEN)],
  ["an empty packet", "malformed", (_bench, device) => device.sayBytes(new Uint8Array(0))],
  [
    "a frame kind that nobody knows",
    "unknownFrame",
    (_bench, device) => device.sayBytes(new Uint8Array([63, 0])),
  ],
  [
    "a packet over the limit",
    "tooLarge",
    (_bench, device) => device.sayBytes(new Uint8Array(PACKET_BYTES_MAX + 1)),
  ],
  ["silence", "helloMissed", (bench) => bench.time.advance(12_000)],
  [
    "a token that takes too long to check",
    "helloMissed",
    async (bench, device) => {
      bench.onVerify = never;
      await device.hello("a");
      await bench.time.advance(12_000);
    },
  ],
  [
    "an account store that fails",
    "internal",
    async (bench, device) => {
      bench.onVerify = () => Promise.reject(new TypeError("a bug"));
      await device.hello("a");
    },
  ],
  [
    "a sync service that fails",
    "internal",
    async (bench, device) => {
      bench.issue("a");
      bench.onAttach = () => Promise.reject(new TypeError("a bug"));
      await device.hello("a");
    },
  ],
];

for (const [what, reason, act] of REFUSED_OPENINGS) {
  test(`${what} closes with the code for "${reason}", and the next connection is served`, async () => {
    const bench = new GatewayBench();
    const device = bench.connect();
    await act(bench, device);
    bench.onVerify = async () => {};
    bench.onAttach = async () => {};
    const next = await bench.open("next");
    assert.deepEqual(
      [device.socket.closes, next.socket.framesOf("welcome").length, bench.gateway.connectionCount],
      [[DISCONNECT[reason].code], 1, 1],
    );
  });
}

const BROKEN_TALK: readonly (readonly [string, keyof typeof DISCONNECT, Uint8Array])[] = [
  ["broken bytes", "malformed", BROKEN],
  ["an unknown frame kind", "unknownFrame", new Uint8Array([63, 0])],
  ["a frame of the other direction", "unknownFrame", encodeFrame("pong", {})],
  ["a second hello", "unknownFrame", encodeFrame("hello", { protocolVersion: 1, token: "a" })],
  ["a request without a number", "malformed", encodeFrame("listUsers", {})],
  ["a packet over the limit", "tooLarge", new Uint8Array(PACKET_BYTES_MAX + 1)],
];

for (const [what, reason, bytes] of BROKEN_TALK) {
  test(`G3: ${what} on an open connection closes that one with "${reason}" and no other`, async () => {
    const bench = new GatewayBench();
    const device = await bench.open("a");
    const other = await bench.open("b");
    await device.sayBytes(bytes);
    await other.send(1);
    assert.deepEqual(
      [
        device.socket.closes,
        bench.feeds[0]!.closes,
        other.socket.framesOf("sent").length,
        other.socket.closes,
      ],
      [[DISCONNECT[reason].code], 1, 1, []],
    );
  });
}

test("G3: no packet of random bytes throws, and all but valid ones close with a code of the protocol", async () => {
  const codes = new Set<number>(Object.values(DISCONNECT).map(({ code }) => code));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, isOpen) => {
      const bench = new GatewayBench();
      const device = isOpen ? await bench.open("a") : bench.connect();
      await device.sayBytes(bytes);
      assert.ok(device.socket.closes.length <= 1 && device.socket.closes.every((code) => codes.has(code)));
    }),
    { numRuns: 300 },
  );
});

test("G3: an exception in a call is answered with internal, logged, and the connection goes on", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  await device.say("markRead", { requestId: 1, conversationId: "g:test" as never, sequence: 1 });
  await device.send(2);
  const { code, retry } = device.socket.framesOf("refused")[0]!;
  assert.deepEqual(
    [code, retry, bench.logger.errors, device.socket.framesOf("sent").length, device.socket.closes],
    ["internal", "same", ["request-failed"], 1, []],
  );
});

test("G3: a stored row that cannot be read is a failure of the server and not of the packet", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  bench.gateway.calls.message.hide = () =>
    Promise.reject(new Failure("malformed", "A stored row is malformed."));
  await device.say("hide", { requestId: 1, conversationId: "g:test" as never, sequences: [1] });
  const { code, retry } = device.socket.framesOf("refused")[0]!;
  assert.deepEqual(
    [code, retry, bench.logger.errors, device.socket.closes],
    ["internal", "same", ["request-failed"], []],
  );
});

test("G3: a request that outlasts the stop of the server is put off, and nobody has to look at it", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  bench.gateway.calls.message.hide = () =>
    Promise.reject(new Failure("tables-closed", "The tables are closed."));
  await device.say("hide", { requestId: 1, conversationId: "g:test" as never, sequences: [1] });
  const { code, retry } = device.socket.framesOf("refused")[0]!;
  assert.deepEqual([code, retry, bench.logger.errors], ["unavailable", "same", []]);
});

test("G3: an answer that cannot be encoded fails its connection and nothing else", async () => {
  const bench = new GatewayBench();
  const [device, other] = [await bench.open("a"), await bench.open("b")];
  bench.onSend = async (request) => ({
    messageId: (request.number === 1 ? 5 : "m") as never,
    sequence: 1,
    timeMs: 1,
  });
  await device.send(1);
  await other.send(2);
  assert.deepEqual(
    [device.socket.closes, bench.logger.errors, other.socket.framesOf("sent").length],
    [[DISCONNECT.internal.code], ["connection-failed"], 1],
  );
});

test("G3: a confirmation that the sync service cannot take closes the connection and forgets it", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  const fail = (): never => {
    throw new Error("the tables failed");
  };
  Object.assign(bench.feeds[0]!, { confirm: fail, close: fail });
  await device.say("confirm", { epoch: 7, pts: 1 });
  assert.deepEqual([device.socket.closes, bench.gateway.connectionCount], [[DISCONNECT.internal.code], 0]);
});

test("a refusal carries its code, its retry policy and the number that is expected", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  bench.onSend = () =>
    Promise.reject(new Failure("too-early", "Not yet.", { retry: "same", details: { expected: 4 } }));
  await device.send(1, 9);
  assert.deepEqual(device.socket.framesOf("refused"), [
    {
      requestId: 1,
      code: "too-early",
      message: "Not yet.",
      retry: "same",
      retryAfterMs: 0,
      expected: 4,
      untilMs: 0,
    },
  ]);
});

test("ids that break their rules are refused with bad-request and reach no service", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  const body = textBody("hi");
  const good = { conversationId: "g:test", clientMessageId: "c1", number: 1, body };
  const wrong = [{ conversationId: "d:b:a" }, { conversationId: "g:../x" }, { clientMessageId: "" }];
  for (const [index, change] of wrong.entries()) {
    await device.say("send", { requestId: index + 1, ...good, ...change } as never);
  }
  assert.deepEqual(
    [device.socket.framesOf("refused").map(({ code }) => code), bench.sends],
    [["bad-request", "bad-request", "bad-request"], []],
  );
});

test("requests reach the service in the order of their frames, and answers may overtake", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  const waiting: (() => void)[] = [];
  bench.onSend = (request) =>
    new Promise((resolve) => {
      waiting.push(() => resolve({ messageId: "m" as never, sequence: request.number, timeMs: 1 }));
    });
  for (const number of [1, 2, 3]) await device.send(number);
  for (const resolve of waiting.toReversed()) resolve();
  await bench.time.settle();
  assert.deepEqual(
    [
      bench.sends.map(({ number }) => number),
      device.socket.framesOf("sent").map(({ requestId }) => requestId),
    ],
    [
      [1, 2, 3],
      [3, 2, 1],
    ],
  );
});

test("a request beyond those that may be in flight is refused, and taken again after an answer", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  const waiting: (() => void)[] = [];
  bench.onSend = (request) =>
    new Promise((resolve) => {
      waiting.push(() => resolve({ messageId: "m" as never, sequence: request.number, timeMs: 1 }));
    });
  for (let number = 1; number <= REQUESTS_IN_FLIGHT_MAX + 1; number++) await device.send(number);
  waiting[0]!();
  await bench.time.settle();
  await device.send(1000);
  const refused = device.socket.framesOf("refused").map(({ requestId, code }) => [requestId, code]);
  assert.deepEqual(
    [refused, bench.sends.length, device.socket.closes],
    [[[REQUESTS_IN_FLIGHT_MAX + 1, "too-many-requests"]], REQUESTS_IN_FLIGHT_MAX + 1, []],
  );
});

test("the first ping is answered behind what was missed, and others that come meanwhile at once", async () => {
  const bench = new GatewayBench();
  bench.isCaughtUp = false;
  const device = await bench.open("a");
  await device.say("ping", {});
  const { sink } = bench.feeds[0]!;
  sink.push(7, 1, [new Uint8Array([1])]);
  // A heartbeat of a device that takes long to catch up.
  await device.say("ping", {});
  sink.push(7, 2, [new Uint8Array([1])]);
  sink.caughtUp("g:topic" as ConversationId);
  await bench.time.settle();
  sink.caughtUp();
  await device.say("ping", {});
  assert.deepEqual(
    device.socket.frames().map(({ name }) => name),
    ["welcome", "push", "pong", "push", "pong", "pong"],
  );
});

test("a ping is answered behind the first events, also when it came before them", async () => {
  const bench = new GatewayBench();
  let release = (): void => {};
  bench.onAttach = (feed: ScriptedFeed) =>
    new Promise((resolve) => {
      release = () => {
        feed.sink.push(7, 1, [new Uint8Array([1])]);
        resolve();
      };
    });
  const device = await bench.open("a");
  await device.say("ping", {});
  release();
  await bench.time.settle();
  await device.say("ping", {});
  assert.deepEqual(
    device.socket.frames().map(({ name }) => name),
    ["welcome", "push", "pong", "pong"],
  );
});

test("of many devices that come at once some wait, and others are told when to come, and then are let in", async () => {
  const bench = new GatewayBench({ handshakesPerSecond: 10 });
  const devices = Array.from({ length: 40 }, (_, index) => {
    bench.issue(`t${index}`);
    const device = bench.connect();
    void device.hello(`t${index}`);
    return device;
  });
  await bench.time.advance(2_000);
  const framesOf = (device: Device): readonly string[] => device.socket.frames().map(({ name }) => name);
  const busy = devices.filter((device) => framesOf(device).includes("busy"));
  const welcomed = devices.filter((device) => framesOf(device).includes("welcome"));
  assert.equal(busy.length + welcomed.length, 40);
  assert.ok(welcomed.length >= 10 && welcomed.length <= 14, `${welcomed.length} welcomed`);
  for (const { socket } of busy) assert.deepEqual(socket.closes, [DISCONNECT.busy.code]);
  assert.deepEqual(bench.gateway.admissions, { admitted: welcomed.length, sentAway: busy.length });
  const again = bench.connect();
  await bench.time.advance(10_000);
  await again.hello("t39");
  assert.deepEqual(framesOf(again), ["welcome"]);
});

test("a device that left while it waited to be let in gets nothing", async () => {
  const bench = new GatewayBench({ handshakesPerSecond: 1 });
  await bench.open("a");
  bench.issue("b");
  const device = bench.connect();
  void device.hello("b");
  await device.leave();
  await bench.time.advance(5_000);
  assert.deepEqual([device.socket.frames(), bench.feeds.length], [[], 1]);
});

test("a device that is silent for too long is closed; one that pings is not", async () => {
  const bench = new GatewayBench();
  const [silent, lively] = [await bench.open("a"), await bench.open("b")];
  for (let passedMs = 0; passedMs < 30_000; passedMs += 10_000) {
    await bench.time.advance(10_000);
    await lively.say("ping", {});
  }
  assert.deepEqual([silent.socket.closes, lively.socket.closes], [[DISCONNECT.heartbeatMissed.code], []]);
});

test("G2: when a session is revoked its live connections close at once, those of others stay", async () => {
  const bench = new GatewayBench();
  const [device, other] = [await bench.open("a"), await bench.open("b")];
  bench.revoke("a");
  await bench.time.settle();
  assert.deepEqual(
    [device.socket.closes, bench.feeds[0]!.closes, other.socket.closes],
    [[DISCONNECT.sessionInvalid.code], 1, []],
  );
});

test("G2: a session that ends while its token is checked gets no connection", async () => {
  const bench = new GatewayBench();
  bench.issue("a");
  const device = bench.connect();
  let checks = 0;
  // The first look has found the session; it ends before the connection listens for that.
  bench.onVerify = async () => {
    checks += 1;
    if (checks === 1) queueMicrotask(() => queueMicrotask(() => bench.revoke("a")));
  };
  await device.hello("a");
  assert.deepEqual(
    [device.socket.closes, bench.feeds.length, bench.gateway.connectionCount],
    [[DISCONNECT.sessionInvalid.code], 0, 0],
  );
});

test("G2: a session that runs out closes its connection within two seconds", async () => {
  const bench = new GatewayBench();
  bench.issue("a", "ann", 5_000);
  const device = bench.connect();
  await device.hello("a");
  await bench.time.advance(4_900);
  const before = [...device.socket.closes];
  await bench.time.advance(1_100);
  assert.deepEqual([before, device.socket.closes], [[], [DISCONNECT.sessionInvalid.code]]);
});

test("a second connection of a session replaces the first", async () => {
  const bench = new GatewayBench();
  const first = await bench.open("a");
  const second = bench.connect();
  await second.hello("a");
  await second.send(1);
  assert.deepEqual(
    [
      first.socket.closes,
      second.socket.closes,
      second.socket.framesOf("sent").length,
      bench.gateway.connectionCount,
    ],
    [[DISCONNECT.replaced.code], [], 1, 1],
  );
});

test("a connection that is lost while its feed is opened closes that feed", async () => {
  const bench = new GatewayBench();
  let release = (): void => {};
  bench.onAttach = () => new Promise((resolve) => (release = resolve));
  const device = await bench.open("a");
  await device.leave();
  release();
  await bench.time.settle();
  assert.deepEqual([bench.feeds[0]!.closes, bench.gateway.connectionCount], [1, 0]);
});

test("a failing feed closes its connection with internal, so that the device comes back", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  bench.feeds[0]!.sink.fail();
  await bench.time.settle();
  assert.deepEqual(device.socket.closes, [DISCONNECT.internal.code]);
});

test("too many connections without a hello: the next are told to come back, open ones stay", async () => {
  const bench = new GatewayBench();
  const open = await bench.open("a");
  for (let count = 0; count < 5_000; count++) bench.connect();
  const next = bench.connect();
  await open.send(1);
  assert.deepEqual([next.socket.closes, open.socket.framesOf("sent").length], [[DISCONNECT.busy.code], 1]);
});

test("G1: a page of large events is cut into packets within the limit, none left out", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 17_000 }), { minLength: 1, maxLength: HISTORY_PAGE_MAX }),
      async (sizes) => {
        const bench = new GatewayBench();
        const device = await bench.open("a");
        const events = sizes.map((size, index) => new Uint8Array(size).fill(index));
        bench.feeds[0]!.sink.push(7, 41, events);
        await bench.time.settle();
        const pushes = device.socket.framesOf("push");
        const pts = pushes.flatMap((push) => push.events.map((_, index) => push.firstPts + index));
        assert.deepEqual(
          pushes.flatMap((push) => push.events.map((event) => Buffer.from(event))),
          events.map((event) => Buffer.from(event)),
        );
        assert.deepEqual(
          pts,
          sizes.map((_, index) => 41 + index),
        );
        assert.ok(device.socket.packets.every((packet) => packet.length <= PACKET_BYTES_MAX));
      },
    ),
    { numRuns: 30 },
  );
});

test("topics are followed once the device is fed, and the answer comes behind what they bring", async () => {
  const bench = new GatewayBench();
  let attach = (): void => {};
  bench.onAttach = (feed: ScriptedFeed) => {
    feed.following = new Promise((resolve) => {
      bench.time.after(5, () => {
        feed.sink.push(7, 3, [new Uint8Array([1])], LARGE);
        resolve();
      });
    });
    return new Promise((resolve) => (attach = resolve));
  };
  const device = await bench.open("a");
  await device.say("follow", { requestId: 9, epoch: 7, topics: [{ conversationId: LARGE, pts: 2 }] });
  const early = bench.feeds[0]!.followed.length;
  attach();
  await bench.time.advance(10);
  const answers = device.socket.frames().slice(1);
  assert.deepEqual(
    [early, bench.feeds[0]!.followed, answers.map(({ name }) => name)],
    [0, [{ epoch: 7, topics: [{ conversationId: LARGE, pts: 2 }] }], ["push", "done"]],
  );
  assert.equal(device.socket.framesOf("push")[0]!.conversationId, LARGE);
});

test("a follow that names what is no conversation, or too many, is refused and follows nothing", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  const topics = Array.from({ length: FOLLOW_MAX + 1 }, () => ({ conversationId: LARGE, pts: 0 }));
  await device.say("follow", { requestId: 1, epoch: 7, topics });
  await device.say("follow", { requestId: 2, epoch: 7, topics: [{ conversationId: "x" as never, pts: 0 }] });
  const refused = device.socket.framesOf("refused").map(({ requestId, code }) => [requestId, code]);
  assert.deepEqual(
    [refused, bench.feeds[0]!.followed],
    [
      [
        [1, "bad-request"],
        [2, "bad-request"],
      ],
      [],
    ],
  );
});

test("a confirmation says whether it is of the queue or of a topic", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  await device.say("confirm", { epoch: 7, pts: 3 });
  await device.say("confirm", { epoch: 7, pts: 4, conversationId: LARGE });
  assert.deepEqual([bench.feeds[0]!.confirmed, bench.feeds[0]!.topicsConfirmed], [[3], [[LARGE, 4]]]);
});

test("a device says what it is, and gets copies of urgent events when it knows them", async () => {
  const bench = new GatewayBench();
  const copies = [];
  for (const protocolVersion of [3, 4]) {
    bench.issue(`v${protocolVersion}`);
    const device = bench.connect();
    await device.say("hello", { protocolVersion, token: `v${protocolVersion}`, deviceKind: "tablet" });
    const { sink } = bench.feeds.at(-1)!;
    sink.ahead(7, 30, new Uint8Array([1]), LARGE);
    await bench.time.settle();
    copies.push([sink.deviceKind, device.socket.framesOf("ahead"), device.socket.closes]);
  }
  const copy = { epoch: 7, pts: 30, event: new Uint8Array([1]), conversationId: LARGE };
  assert.deepEqual(copies, [
    ["tablet", [], []],
    ["tablet", [copy], []],
  ]);
});

test("pinning a conversation reaches the list of its user", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");

  await device.say("setPinned", { requestId: 1, conversationId: LARGE, isPinned: true });
  await device.say("setPinned", { requestId: 2, conversationId: LARGE });
  await device.say("setPinned", { requestId: 3 });

  const answers = device.socket.frames().slice(1);
  assert.deepEqual(
    { pins: bench.pins, answers: answers.map(({ name }) => name) },
    {
      pins: [
        { conversationId: LARGE, isPinned: true },
        { conversationId: LARGE, isPinned: false },
      ],
      answers: ["done", "done", "refused"],
    },
  );
});

test("a preview is asked for by its message; where there is none the answer is empty", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");

  await device.say("getLinkPreview", { requestId: 1, conversationId: LARGE, sequence: 7 });
  await device.say("getLinkPreview", { requestId: 2, conversationId: LARGE, sequence: 8 });
  await device.say("getLinkPreview", { requestId: 3, sequence: 7 });

  const answers = device.socket.frames().slice(1);
  assert.deepEqual(
    answers.map(({ name, payload }) => [name, "url" in payload ? [payload.url, payload.title] : undefined]),
    [
      ["linkPreview", ["https://example.com/", "a page"]],
      ["linkPreview", ["", ""]],
      ["refused", undefined],
    ],
  );
});

test("settings of notifications reach the service: of a conversation, or of the user", async () => {
  const bench = new GatewayBench();
  const device = await bench.open("a");
  const quiet = { isOn: true, timeZone: "UTC", spans: [], letsMentionsThrough: false };

  await device.say("setNotify", { requestId: 1, conversationId: LARGE, mutedUntilMs: 5 });
  await device.say("setNotify", { requestId: 2, conversationId: LARGE, level: "none" });
  await device.say("setNotify", { requestId: 3, doNotDisturb: quiet });
  await device.say("getNotify", { requestId: 4 });
  await device.say("setPushTarget", { requestId: 5, channel: "fcm", appId: "app", token: "t" });
  await device.say("setNotify", { requestId: 6 });

  assert.deepEqual(
    {
      changes: bench.changes,
      target: bench.targets.map(({ channel, appId, token }) => ({ channel, appId, token })),
      answers: device.socket
        .frames()
        .slice(1)
        .map(({ name }) => name),
    },
    {
      changes: [
        { conversationId: LARGE, level: "", mutedUntilMs: 5 },
        { conversationId: LARGE, level: "none", mutedUntilMs: 0 },
        { doNotDisturb: quiet },
      ],
      target: [{ channel: "fcm", appId: "app", token: "t" }],
      answers: ["done", "done", "done", "notifySettings", "done", "refused"],
    },
  );
});
