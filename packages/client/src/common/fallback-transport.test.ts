/** Clients on networks that block this or that. The numbers are those of the transport's invariants. */
import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { ManualTime, manualAmbient, RecordingLogger } from "@parley/base/testing";
import { textBody } from "@parley/protocol";
import { GROUP, SELF, textsOf } from "../testing/client-bench.js";
import { ScriptedNetwork, type Way } from "../testing/scripted-network.js";
import { ScriptedServer } from "../testing/scripted-server.js";
import { ScriptedWorld } from "../testing/scripted-world.js";
import type { ParleyClient } from "./api.js";
import { createClient } from "./create-client.js";
import { fallbackTransport, type StreamHint } from "./fallback-transport.js";
import { createMemoryStore } from "./memory-store.js";

const MINUTE_MS = 60_000;

interface Bench {
  readonly time: ManualTime;
  readonly world: ScriptedWorld;
  readonly server: ScriptedServer;
  readonly network: ScriptedNetwork;
  readonly client: ParleyClient;
  /** What the application was told of the connection. */
  readonly told: string[];
  readonly hint: { untilMs: number };
}

async function withNetwork(
  ways: { readonly webSocket?: Way; readonly stream?: Way; readonly untilMs?: number },
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  const time = new ManualTime();
  const world = new ScriptedWorld(SELF);
  world.join(GROUP);
  const server = new ScriptedServer(world, time);
  const network = new ScriptedNetwork(server, time);
  network.webSocket = ways.webSocket ?? "open";
  network.stream = ways.stream ?? "open";
  const ambient = manualAmbient(time, new RecordingLogger(), 5);
  const kept = { untilMs: ways.untilMs ?? 0 };
  const hint: StreamHint = {
    read: () => kept.untilMs,
    write: (untilMs) => {
      kept.untilMs = untilMs;
    },
  };
  const client = createClient({
    url: "ws://test/v1/ws",
    token: "token",
    userId: SELF,
    store: createMemoryStore(),
    transport: fallbackTransport({
      webSocket: network.transport("ws"),
      stream: network.transport("stream"),
      ambient,
      hint,
    }),
    ambient,
  });
  const told: string[] = [];
  client.on("connection", ({ state }) => told.push(state));
  await time.run(client.start());
  await run({ time, world, server, network, client, told, hint: kept });
  await time.run(client.stop());
  deepEqual(time.waiting, 0, "what was opened is closed");
}

test("a network that carries WebSockets is never asked for a stream", async () => {
  await withNetwork({}, async ({ time, network, server, client }) => {
    await time.advance(MINUTE_MS);
    for (let round = 0; round < 3; round++) {
      server.cut(4000);
      await time.advance(MINUTE_MS);
    }
    deepEqual([client.state, network.used, network.tries.includes("stream")], ["live", "ws", false]);
  });
});

test("where WebSockets are refused the stream is used within seconds, and everything goes over it", async () => {
  await withNetwork({ webSocket: "refused" }, async ({ time, network, server, client, world, hint }) => {
    await time.advance(3_000);
    deepEqual([client.state, network.used, network.tries], ["live", "stream", ["ws", "ws", "stream", "ws"]]);
    await time.run(client.send(GROUP, textBody("over http")));
    await time.run(client.open(GROUP));
    world.post(GROUP, SELF, "back");
    server.push();
    await time.advance(1_000);
    deepEqual(textsOf(client, GROUP), ["over http", "back"]);
    ok(hint.untilMs > time.nowMs(), "the next page begins with the stream");
  });
});

test("where WebSockets open and carry nothing, and where they never open, the stream is used", async () => {
  for (const webSocket of ["swallows", "hangs"] as const)
    await withNetwork({ webSocket }, async ({ time, network, client }) => {
      await time.advance(30_000);
      deepEqual([client.state, network.used], ["live", "stream"], webSocket);
    });
});

test("where WebSockets are cut again and again the stream is used, and tries of WebSockets grow rare (F4)", async () => {
  await withNetwork({ webSocket: { cutAfterMs: 30_000 } }, async ({ time, network, client }) => {
    await time.advance(10 * MINUTE_MS);
    const early = network.tries.length;
    await time.advance(4 * 60 * MINUTE_MS);
    const late = network.tries.length - early;
    deepEqual([client.state, network.tries.includes("stream")], ["live", true]);
    // Ten minutes of cuts alone would be 20 tries, four hours 480.
    ok(early < 25 && late < 40, `${early} tries, then ${late}`);
  });
});

test("a server that stands still sends nobody to HTTP (F1)", async () => {
  await withNetwork({ webSocket: "refused", stream: "refused" }, async ({ time, network, client, told }) => {
    await time.advance(10 * MINUTE_MS);
    const { tries } = network;
    ok(tries.includes("stream") && tries.filter((way) => way === "ws").length > tries.length / 2);
    [network.webSocket, network.stream] = ["open", "open"];
    await time.advance(MINUTE_MS);
    deepEqual([client.state, network.used, told.at(-1)], ["live", "ws", "live"]);
  });
});

test("whatever is tried when the server comes back, only the WebSocket is used (F1)", async () => {
  for (let downMs = 100; downMs < 20_000; downMs += 300)
    await withNetwork({ webSocket: "refused", stream: "refused" }, async ({ time, network, client }) => {
      await time.advance(downMs);
      [network.webSocket, network.stream] = ["open", "open"];
      await time.advance(MINUTE_MS);
      deepEqual([client.state, network.reached], ["live", ["ws"]], `down for ${downMs} ms`);
    });
});

test("a proxy that holds answers back makes no stream, and WebSockets go on being tried", async () => {
  await withNetwork({ webSocket: "refused", stream: "hangs" }, async ({ time, network, client, hint }) => {
    await time.advance(5 * MINUTE_MS);
    deepEqual([client.state === "live", hint.untilMs], [false, 0]);
    network.webSocket = "open";
    await time.advance(2 * MINUTE_MS);
    deepEqual([client.state, network.used], ["live", "ws"]);
  });
});

test("once WebSockets are carried again the client goes over, and nobody sees it (F2)", async () => {
  await withNetwork({ webSocket: "refused" }, async ({ time, network, client, told, hint }) => {
    await time.advance(5_000);
    told.length = 0;
    await time.advance(MINUTE_MS);
    deepEqual([network.used, told], ["stream", []]);
    network.webSocket = "open";
    await time.advance(10 * MINUTE_MS);
    deepEqual([client.state, network.used, told, hint.untilMs], ["live", "ws", [], 0]);
  });
});

test("the client does not go over while an answer is awaited", async () => {
  await withNetwork({ webSocket: "refused" }, async ({ time, network, server, client }) => {
    await time.advance(5_000);
    server.script = (frame) => (frame.name === "createConversation" ? "ignore" : "handle");
    network.webSocket = "open";
    // From now on there is always one without an answer.
    const outcomes: unknown[] = [];
    const ask = (): void =>
      void client.createGroup({ title: "name", userIds: [] }).then(
        () => outcomes.push("done"),
        (error: unknown) => outcomes.push(error),
      );
    for (let passedMs = 0; passedMs < 2 * MINUTE_MS; passedMs += 5_000) {
      ask();
      await time.advance(5_000);
    }
    deepEqual([network.used, network.tries.includes("probe")], ["stream", true]);
    await time.advance(MINUTE_MS);
    deepEqual([client.state, network.used], ["live", "ws"]);
  });
});

test("a connection that fails while the client goes over is told, and the stream comes back", async () => {
  await withNetwork({ webSocket: "refused" }, async ({ time, network, client, told }) => {
    await time.advance(5_000);
    told.length = 0;
    network.webSocket = "only-tried";
    await time.advance(2 * MINUTE_MS);
    deepEqual(
      [client.state, network.used, told.includes("waiting"), told.at(-1)],
      ["live", "stream", true, "live"],
    );
  });
});

test("a page that was told before begins with the stream, and an old or odd hint is none", async () => {
  const nowMs = new ManualTime().nowMs();
  const firsts: string[] = [];
  for (const untilMs of [nowMs + 10 * MINUTE_MS, nowMs - 1, nowMs + 24 * 60 * MINUTE_MS])
    await withNetwork({ untilMs }, async ({ time, network }) => {
      await time.advance(1_000);
      firsts.push(network.tries[0]!);
    });
  deepEqual(firsts, ["stream", "ws", "ws"]);
});

test("a hint that is wrong is given up when the stream carries nothing", async () => {
  const untilMs = new ManualTime().nowMs() + 10 * MINUTE_MS;
  await withNetwork({ untilMs, stream: "refused" }, async ({ time, network, client, hint }) => {
    await time.advance(5_000);
    deepEqual([client.state, network.used, hint.untilMs], ["live", "ws", 0]);
  });
});

test("what a server says with a code of its own sends nobody to HTTP (F3)", async () => {
  await withNetwork({ webSocket: { closeCode: 4004 } }, async ({ time, network }) => {
    await time.advance(2 * MINUTE_MS);
    deepEqual([network.tries.length > 5, network.tries.includes("stream")], [true, false]);
  });
});

test("who stops while a stream is tried, held or used leaves nothing behind", async () => {
  for (const atMs of [0, 600, 1_200, 2_000, 5_000, 40_000])
    await withNetwork({ webSocket: "hangs" }, async ({ time }) => time.advance(18_000 + atMs));
});
