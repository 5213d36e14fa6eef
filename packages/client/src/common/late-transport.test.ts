/** Goal: a way to the server whose code is not there yet is a way like any other. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { ManualTime, manualAmbient, RecordingLogger } from "@parley/base/testing";
import { GROUP, SELF } from "../testing/client-bench.js";
import { ScriptedNetwork } from "../testing/scripted-network.js";
import { ScriptedServer } from "../testing/scripted-server.js";
import { ScriptedWorld } from "../testing/scripted-world.js";
import { createClient } from "./create-client.js";
import { fallbackTransport } from "./fallback-transport.js";
import { lateTransport } from "./late-transport.js";
import { createMemoryStore } from "./memory-store.js";
import type { Connection, Transport } from "./transport.js";

interface Fetched {
  readonly ends: unknown[];
  readonly connected: string[];
  readonly arrive: () => void;
  readonly fail: () => void;
  readonly connection: Connection;
}

/** A connection whose code is on its way. */
function connectLate(): Fetched {
  const connected: string[] = [];
  const ends: unknown[] = [];
  const carrier: Transport = {
    connect: (url, handlers) => {
      connected.push(url);
      return { send: () => undefined, close: (code = 1000) => handlers.onClose(code, ""), bufferedBytes: 0 };
    },
  };
  let arrive: () => void = () => undefined;
  let fail: () => void = () => undefined;
  const code = new Promise<Transport>((resolve, reject) => {
    arrive = () => resolve(carrier);
    fail = () => reject(new Error("Failed to fetch"));
  });
  const connection = lateTransport(() => code, new RecordingLogger()).connect("ws://test", {
    onOpen: () => undefined,
    onPacket: () => undefined,
    onClose: (closeCode, reason) => ends.push([closeCode, reason]),
  });
  return { ends, connected, arrive, fail, connection };
}

test("the connection begins when the code is there", async () => {
  const { ends, connected, arrive, connection } = connectLate();
  arrive();
  await new ManualTime().advance(1);
  connection.close(4000);
  deepEqual([connected, ends], [["ws://test"], [[4000, ""]]]);
});

test("without the code the connection is lost", async () => {
  const { ends, connected, fail } = connectLate();
  fail();
  await new ManualTime().advance(1);
  deepEqual([connected, ends], [[], [[1006, "not loaded"]]]);
});

test("a connection that is closed before its code is there ends once, and never begins", async () => {
  const time = new ManualTime();
  const { ends, connected, arrive, connection } = connectLate();
  connection.close();
  const atOnce = ends.length;
  arrive();
  connection.close();
  await time.advance(1);
  deepEqual([atOnce, connected, ends], [0, [], [[1000, ""]]]);
});

test("where WebSockets are blocked, and the code for streams cannot be fetched, the client comes back until it can", async () => {
  const time = new ManualTime();
  const world = new ScriptedWorld(SELF);
  world.join(GROUP);
  const network = new ScriptedNetwork(new ScriptedServer(world, time), time);
  network.webSocket = "refused";
  const ambient = manualAmbient(time, new RecordingLogger(), 5);
  let fetchCount = 0;
  const stream = lateTransport(() => {
    fetchCount += 1;
    return fetchCount < 3 ? Promise.reject(new Error("Failed to fetch")) : network.transport("stream");
  }, ambient.logger);
  const client = createClient({
    url: "ws://test/v1/ws",
    token: "token",
    userId: SELF,
    store: createMemoryStore(),
    transport: fallbackTransport({ webSocket: network.transport("ws"), stream, ambient }),
    ambient,
  });
  await client.start();
  await time.run(client.settled(600_000));
  deepEqual([client.state, network.used, fetchCount], ["live", "stream", 3]);
  await time.run(client.stop());
});
