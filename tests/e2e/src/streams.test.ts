/** Goal: the web chat works where WebSockets are blocked, and uses them when they are not. Method: a proxy in between. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpProxy } from "@parley/test-support";
import { conversationIn, eventually, SKIP, textsOf, withBench, write } from "./testing/web-bench.js";

/** More than the first tries of a WebSocket beside a stream take. */
const PROBE_MS = 45_000;
const PROBES_MAX = 10;
/** What a try takes, of this machine's time. */
const PROBED_MS = 1_000;

test(
  "where upgrades are refused people chat over HTTP, and over a WebSocket when it opens again",
  { skip: SKIP },
  async () => {
    await withBench(async (bench) => {
      const proxy = await HttpProxy.start(bench.server.url);
      try {
        proxy.upgrades = 502;
        bench.expectTrouble();
        const context = await bench.browser({}, proxy.url);
        const other = await bench.signIn(await bench.browser(), "Bob");
        const page = await context.newPage();
        await page.clock.install();
        await page.goto(proxy.url);
        await page.getByRole("button", { name: "Alice" }).click();
        for (const each of [page, other]) await conversationIn(each, "Launch").click();
        await write(page, "over http");
        await eventually(async () => (await textsOf(other)).at(-1), "over http");
        await write(other, "heard");
        await eventually(async () => (await textsOf(page)).at(-1), "heard");
        const opened = proxy.passed.filter((line) => line === "POST /v1/stream").length;
        // A page that is loaded again begins with the stream.
        await page.reload();
        await conversationIn(page, "Launch").click();
        await write(page, "still over http");
        await eventually(async () => (await textsOf(other)).at(-1), "still over http");
        const reopened = proxy.passed.filter((line) => line === "POST /v1/stream").length;
        proxy.passed.length = 0;
        proxy.upgrades = "pass";
        // The stream is left. On a busy machine the next try may have been set only after the clock was moved.
        const isLeft = (): boolean => proxy.passed.includes("DELETE /v1/stream/ID");
        for (let probes = 0; probes < PROBES_MAX && !isLeft(); probes++) {
          await page.clock.fastForward(PROBE_MS);
          await sleep(PROBED_MS);
        }
        await eventually(async () => isLeft(), true);
        proxy.passed.length = 0;
        await write(page, "over a web socket");
        await eventually(async () => (await textsOf(other)).at(-1), "over a web socket");
        const late = proxy.passed.filter((line) => line.includes("/v1/stream"));
        deepEqual([late, proxy.upgradedCount], [[], 1]);
        deepEqual([opened, reopened], [1, 2]);
        await context.close();
      } finally {
        await proxy.close();
      }
    });
  },
);
