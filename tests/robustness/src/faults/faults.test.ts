/**
 * Goal: whatever the machine does to the server (it stands still, its disk is slow, fails, or loses its power, its wall
 * clock jumps), everything that devices were told is there once, in order, and the same for everybody.
 *
 * Method: one fault each under the load of a crowd, which `stage.ts` judges afterwards. The tests mostly wait, so they
 * run beside one another.
 */
import type { Truth } from "@parley/simulator/recording";
import { deepEqual, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import type { Crowd } from "../replay/crowd.js";
import { pause } from "../wait.js";
import { createFakeClock, fakeClockMissing } from "./fake-clock.js";
import { lossyDiskMissing, mountLossyDisk } from "./lossy-disk.js";
import { playThrough, type Stage } from "./stage.js";
import { Strace, straceMissing } from "./strace.js";

const STOPPED_MS = 5_000;
const HOUR_SECONDS = 3_600;
const SYNC_DELAY_MS = 400;
const CUTS = 2;
/** Of the syncs of each thread after the trace has begun, the first that fails. */
const FAILING_SYNC = 4;
const END_MS_MAX = 10_000;

describe("a crowd goes on", { concurrency: true }, () => {
  test("after the server stood still", async (t) => {
    let awayCount = 0;
    const complaints = await playThrough(t, {
      messages: 400,
      seconds: 7,
      fault: async ({ server, crowd }) => {
        await pause(1_000);
        process.kill(server.pid, "SIGSTOP");
        try {
          await pause(STOPPED_MS);
          awayCount = crowd.devices.filter(({ client }) => client.state !== "live").length;
        } finally {
          process.kill(server.pid, "SIGCONT");
        }
      },
    });
    ok(awayCount > 0, "No device noticed that the server stood still.");
    deepEqual(complaints, []);
  });

  test("while the wall clock of the server jumps", { skip: fakeClockMissing() }, async (t) => {
    const clock = createFakeClock(t);
    let aheadMs = 0;
    let reconnects = 0;
    const complaints = await playThrough(t, {
      messages: 400,
      seconds: 6,
      heartbeatSeconds: 20,
      environment: clock.environment,
      fault: async ({ crowd }) => {
        for (const hours of [1, -2, 0]) {
          await pause(1_300);
          clock.shift(hours * HOUR_SECONDS);
        }
        await pause(1_000);
        aheadMs = newestMs(crowd) - Date.now();
        reconnects = crowd.reconnects;
      },
      check: backInTime,
    });
    ok(aheadMs > (HOUR_SECONDS / 2) * 1_000, "No message was accepted while the clock was ahead.");
    deepEqual([complaints, reconnects], [[], 0]);
  });

  test("while every sync of the disk takes long", { skip: straceMissing() }, async (t) => {
    let slowestMs = 0;
    let delayedCount = 0;
    const complaints = await playThrough(t, {
      messages: 400,
      seconds: 6,
      fault: async (stage) => {
        await pause(1_000);
        const inject = `fdatasync:delay_exit=${SYNC_DELAY_MS * 1_000}`;
        const strace = await Strace.attach(stage.server.pid, { inject });
        slowestMs = await slowestChangeMs(stage, 4_000);
        delayedCount = strace.injectedCount;
        await strace.detach();
      },
    });
    ok(
      slowestMs > SYNC_DELAY_MS,
      `A message was accepted after ${slowestMs} ms, with ${delayedCount} slow syncs.`,
    );
    deepEqual(complaints, []);
  });

  test("after the disk lost its power", { skip: lossyDiskMissing() }, async (t) => {
    const disk = mountLossyDisk(t);
    const losses: boolean[] = [];
    const complaints = await playThrough(t, {
      messages: 500,
      seconds: 7,
      dataDirectory: disk.directory,
      fault: async (stage) => {
        for (let cut = 0; cut < CUTS; cut++) {
          await pause(1_300);
          await stage.unplug(disk);
          losses.push(disk.restorePower());
          await stage.startAgain();
        }
      },
    });
    deepEqual([complaints, losses], [[], Array.from({ length: CUTS }, () => true)]);
  });

  test(
    "after a sync failed and the disk lost what it had not synced",
    { skip: straceMissing() || lossyDiskMissing() },
    async (t) => {
      const disk = mountLossyDisk(t);
      const exits: unknown[] = [];
      const complaints = await playThrough(t, {
        messages: 500,
        seconds: 8,
        dataDirectory: disk.directory,
        fault: async (stage) => {
          for (let round = 0; round < 2; round++) {
            await pause(1_000);
            const inject = `fdatasync:error=EIO:when=${FAILING_SYNC}+`;
            const strace = await Strace.attach(stage.server.pid, { inject });
            const exit = await stage.ended(END_MS_MAX);
            exits.push(exit.code);
            disk.cutPower();
            await strace.detach();
            disk.restorePower();
            await stage.startAgain();
          }
        },
      });
      deepEqual([complaints, exits], [[], [1, 1]]);
    },
  );
});

/** The time of the newest change that any device has seen. */
function newestMs({ devices }: Crowd): number {
  return Math.max(
    ...devices.flatMap(({ client }) => client.conversations().map(({ updatedMs }) => updatedMs)),
  );
}

/** Where the time of a message is before that of the one above it. */
function backInTime(conversations: Truth["messages"]): readonly string[] {
  return [...conversations].flatMap(([conversationId, messages]) =>
    messages
      .filter(({ timeMs }, index) => timeMs < (messages[index - 1]?.timeMs ?? 0))
      .map(({ sequence }) => `${conversationId}: time goes back at ${sequence}.`),
  );
}

/** How long the slowest of some durable changes takes, made one after the other for `withinMs`. */
async function slowestChangeMs({ crowd }: Stage, withinMs: number): Promise<number> {
  const endMs = performance.now() + withinMs;
  let slowestMs = 0;
  while (performance.now() < endMs) {
    const beganMs = performance.now();
    await crowd.devices[0]?.client.createGroup({ title: "slow", userIds: [] });
    slowestMs = Math.max(slowestMs, performance.now() - beganMs);
  }
  return slowestMs;
}
