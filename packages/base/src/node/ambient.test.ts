import { deepEqual, equal, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import {
  jsonLogger,
  silentLogger,
  systemAmbient,
  systemClock,
  systemRandom,
  systemScheduler,
} from "./ambient.js";

test("the clock of the machine shows its time in whole milliseconds, and its other one never goes back", () => {
  const before = Date.now();
  const [now, one, other] = [systemClock.nowMs(), systemClock.monotonicMs(), systemClock.monotonicMs()];
  ok(Number.isInteger(now) && now >= before && now <= Date.now());
  ok(other >= one);
});

test("random bytes have the wanted length and are not twice the same", () => {
  const [one, other] = [systemRandom.bytes(32), systemRandom.bytes(32)];
  deepEqual([one.length, other.length, systemRandom.bytes(0).length], [32, 32, 0]);
  ok(Buffer.compare(one, other) !== 0);
  const unit = systemRandom.unit();
  ok(unit >= 0 && unit < 1);
});

test("a task runs once, one that is cancelled never, one that repeats until it is cancelled", async () => {
  const ran: string[] = [];
  // The scheduler's timers do not keep the process alive, so this one does.
  const alive = setInterval(() => {}, 60_000);
  await new Promise<void>((resolve) => {
    systemScheduler.after(1, () => ran.push("cancelled")).cancel();
    systemScheduler.after(1, () => ran.push("once"));
    const timer = systemScheduler.every(1, () => {
      ran.push("again");
      if (ran.length < 4) return;
      timer.cancel();
      timer.cancel();
      // It would come again before this.
      systemScheduler.after(5, resolve);
    });
  });
  clearInterval(alive);
  deepEqual(ran.toSorted(), ["again", "again", "again", "once"]);
});

test("what runs soon runs after the promises of this turn", async () => {
  const ran: string[] = [];
  await new Promise<void>((resolve) => {
    systemScheduler.soon(() => {
      ran.push("soon");
      resolve();
    });
    void Promise.resolve().then(() => ran.push("promise"));
    ran.push("turn");
  });
  deepEqual(ran, ["turn", "promise", "soon"]);
});

test("timers do not keep the process alive", async () => {
  const program = `
    import { systemScheduler } from ${JSON.stringify(new URL("./ambient.js", import.meta.url).href)};
    systemScheduler.after(3_600_000, () => {});
    systemScheduler.every(3_600_000, () => {});
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: "ignore",
    // Ends it with a signal if they do.
    timeout: 30_000,
  });
  deepEqual(await once(child, "exit"), [0, null]);
});

test("the logger writes each event as one line of JSON, whatever the fields hold", () => {
  const lines: string[] = [];
  const logger = jsonLogger((line) => lines.push(line));
  logger.info("started", { port: 80 });
  logger.warn("slow", { path: "a\nb", isFirst: true });
  logger.error("stopped");
  ok(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1));
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const event of events) {
    equal(new Date(String(event["time"])).toISOString(), event["time"]);
    delete event["time"];
  }
  deepEqual(events, [
    { level: "info", event: "started", port: 80 },
    { level: "warn", event: "slow", path: "a\nb", isFirst: true },
    { level: "error", event: "stopped" },
  ]);
});

test("the machine's ambient has its ports, and says nothing unless it is given a voice", () => {
  deepEqual(systemAmbient(), {
    clock: systemClock,
    random: systemRandom,
    scheduler: systemScheduler,
    logger: silentLogger,
  });
});
