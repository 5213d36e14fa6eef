import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { manualAmbient, seededRandom } from "@parley/base/testing";
import { createClientBench, SELF } from "../testing/client-bench.js";
import { backoffMs } from "./backoff.js";
import { createClient } from "./create-client.js";
import { nextState, type SessionEvent, type SessionState } from "./session-state.js";

const STATES: readonly SessionState[] = [
  "idle",
  "connecting",
  "greeting",
  "catching-up",
  "live",
  "waiting",
  "signed-out",
  "stopped",
];
const EVENTS: readonly SessionEvent[] = [
  "start",
  "opened",
  "welcomed",
  "caught-up",
  "fell-behind",
  "lost",
  "sent-away",
  "signed-out",
  "retry",
  "stop",
];

test("the table moves as SPEC.md draws it", () => {
  const moves = STATES.flatMap((state) =>
    EVENTS.filter((event) => nextState(state, event) !== state).map(
      (event) => `${state} ${event} ${nextState(state, event)}`,
    ),
  );
  deepEqual(moves, [
    "idle start connecting",
    "connecting opened greeting",
    "connecting lost waiting",
    "connecting sent-away stopped",
    "connecting signed-out signed-out",
    "connecting stop idle",
    "greeting welcomed catching-up",
    "greeting lost waiting",
    "greeting sent-away stopped",
    "greeting signed-out signed-out",
    "greeting stop idle",
    "catching-up caught-up live",
    "catching-up lost waiting",
    "catching-up sent-away stopped",
    "catching-up signed-out signed-out",
    "catching-up stop idle",
    "live fell-behind catching-up",
    "live lost waiting",
    "live sent-away stopped",
    "live signed-out signed-out",
    "live stop idle",
    "waiting retry connecting",
    "waiting stop idle",
    "signed-out start connecting",
    "signed-out stop idle",
    "stopped start connecting",
    "stopped stop idle",
  ]);
});

test("the n-th wait lies below 250 ms times 2^n, and below 30 s", () => {
  const random = seededRandom(3);
  const wrong: string[] = [];
  for (let attempt = 0; attempt < 60; attempt++) {
    const capMs = Math.min(30_000, 250 * 2 ** attempt);
    for (let count = 0; count < 100; count++) {
      const delayMs = backoffMs(attempt, random);
      if (delayMs < 0 || delayMs >= capMs) wrong.push(`${attempt}: ${delayMs}`);
    }
  }
  deepEqual(wrong, []);
});

test("a server that cannot be reached is tried ever more slowly, for ever", async () => {
  const bench = createClientBench();
  bench.server.isReachable = false;
  await bench.client.start();
  await bench.time.advance(60_000);
  const first = bench.server.links.length;
  await bench.time.advance(600_000);
  const later = bench.server.links.length - first;
  bench.server.isReachable = true;
  await bench.time.advance(31_000);
  deepEqual(
    [first >= 8 && first <= 40, later >= 20 && later <= 80, bench.client.state],
    [true, true, "live"],
  );
  await bench.client.stop();
});

test("a connection that does not live long does not end the backoff", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.client.on("connection", ({ state }) => {
    if (state === "live") bench.server.cut();
  });
  bench.server.cut();
  await bench.time.advance(120_000);
  deepEqual(bench.server.links.length < 60, true);
  await bench.client.stop();
});

test("a ping goes out when nothing was sent for a heartbeat, and a quiet server is not taken for dead", async () => {
  const bench = createClientBench();
  await bench.begin();
  const before = bench.server.framesOf("ping").length;
  await bench.time.advance(200_000);
  const pings = bench.server.framesOf("ping").length - before;
  deepEqual([pings >= 8 && pings <= 12, bench.server.links.length], [true, 1]);
  await bench.client.stop();
});

test("a silent connection is taken for dead after two heartbeats", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.isSilent = true;
  await bench.time.advance(39_000);
  const before = bench.server.links.length;
  await bench.time.advance(7000);
  bench.server.isSilent = false;
  await bench.time.advance(40_000);
  deepEqual([before, bench.server.links.length > 1, bench.client.state], [1, true, "live"]);
  await bench.client.stop();
});

test("a connection whose timers come late is kept", async () => {
  const { time, server, store } = createClientBench();
  const scheduler = {
    after: time.after.bind(time),
    soon: time.soon.bind(time),
    // What browsers do to a tab that is not seen.
    every: (intervalMs: number, task: () => void) => time.every(Math.max(60_000, intervalMs), task),
  };
  const ambient = { ...manualAmbient(time), scheduler };
  const client = createClient({
    url: "ws://test/v1/ws",
    token: "token",
    userId: SELF,
    store,
    transport: server,
    ambient,
  });
  await client.start();
  await time.advance(3_600_000);
  const kept = server.links.length;
  server.isSilent = true;
  await time.advance(130_000);
  deepEqual([kept, server.links.length > 1], [1, true]);
  await client.stop();
});

test("while it waits a client tells when it tries again, and can be told to try at once", async () => {
  const bench = createClientBench();
  bench.server.isReachable = false;
  await bench.client.start();
  await bench.time.advance(60_000);
  while (bench.client.state !== "waiting") await bench.time.advance(1);
  const { retryAtMs = 0 } = bench.client.connection;
  const isAhead = retryAtMs >= bench.time.nowMs() && retryAtMs <= bench.time.nowMs() + 30_000;
  bench.server.isReachable = true;
  bench.client.connectNow();
  bench.client.connectNow();
  await bench.time.advance(10);
  deepEqual([isAhead, bench.client.connection], [true, { state: "live" }]);
  await bench.client.stop();
});

test("a connection without a welcome is given up", async () => {
  const bench = createClientBench();
  bench.server.isSilent = true;
  await bench.client.start();
  await bench.time.advance(15_000);
  bench.server.isSilent = false;
  await bench.time.advance(20_000);
  deepEqual([bench.server.links.length, bench.client.state], [2, "live"]);
  await bench.client.stop();
});

test("an invalid token signs out and does not come back by itself", async () => {
  const bench = createClientBench();
  await bench.begin();
  const states: string[] = [];
  bench.client.on("connection", ({ state, code }) => states.push(`${state} ${code}`));
  bench.server.cut(4900);
  await bench.time.advance(600_000);
  deepEqual([states, bench.server.links.length], [["signed-out 4900"], 1]);
  await bench.client.stop();
});

test("a client that was sent away stays away until it is started again", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.cut(4503);
  await bench.time.advance(600_000);
  const away = [bench.client.state, bench.server.links.length];
  await bench.client.start();
  await bench.time.advance(1000);
  deepEqual([away, bench.client.state], [["stopped", 1], "live"]);
  await bench.client.stop();
});

test("a client whose place was taken comes back, later each time, and at once when it is started", async () => {
  const bench = createClientBench();
  await bench.begin();
  const links: number[] = [];
  const later = async (ms: number): Promise<void> => {
    await bench.time.advance(ms);
    links.push(bench.server.links.length);
  };
  bench.server.cut(4504);
  await later(4_900);
  await later(200);
  bench.server.cut(4504);
  await later(9_900);
  await later(200);
  bench.server.cut(4504);
  await later(100);
  await bench.client.start();
  await later(60_000);
  deepEqual([links, bench.client.state], [[1, 2, 2, 3, 3, 4], "live"]);
  await bench.client.stop();
});

test("a server that is busy is come back to when it says, however often, and the backoff begins as before", async () => {
  const bench = createClientBench();
  bench.server.busyMs.push(5_000, 20_000, Number.MAX_SAFE_INTEGER);
  const waits: number[] = [];
  let waitingMs = 0;
  bench.client.on("connection", ({ state }) => {
    if (state === "waiting") waitingMs = bench.time.monotonicMs();
    else if (waitingMs > 0) {
      waits.push(bench.time.monotonicMs() - waitingMs);
      waitingMs = 0;
    }
  });
  await bench.client.start();
  await bench.time.advance(700_000);
  const expected = [5_000, 20_000, 600_000];
  deepEqual(
    waits.map((ms, index) => ms >= expected[index]! && ms <= expected[index]! + 300),
    [true, true, true],
  );
  deepEqual(bench.client.state, "live");
  await bench.client.stop();
});

test("a server that drains is come back to", async () => {
  const bench = createClientBench();
  await bench.begin();
  bench.server.cut(4000);
  await bench.time.advance(1000);
  deepEqual([bench.server.links.length, bench.client.state], [2, "live"]);
  await bench.client.stop();
});
