/** The browser's clocks, chance and timers. */
import type { Ambient, Clock, Logger, Random, Scheduler, Timer } from "@parley/base";

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

const random: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  unit: () => Math.random(),
};

const scheduler: Scheduler = {
  after(delayMs, task): Timer {
    const handle = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(intervalMs, task): Timer {
    const handle = setInterval(task, intervalMs);
    return { cancel: () => clearInterval(handle) };
  },
  soon: createSoon(),
};

const silentLogger: Logger = { info() {}, warn() {}, error() {} };

/** The page's own ports, with `logger` as its voice. */
export function browserAmbient(logger: Logger = silentLogger): Ambient {
  return { clock, random, scheduler, logger };
}

/**
 * A message to oneself is the shortest way to a new turn: a timeout is stretched to 4 ms when nested, and to a second
 * in a tab that is not seen.
 */
function createSoon(): (task: () => void) => void {
  const tasks: (() => void)[] = [];
  let channel: MessageChannel | undefined;
  return (task) => {
    if (channel === undefined) {
      channel = new MessageChannel();
      channel.port1.addEventListener("message", () => tasks.shift()?.());
      channel.port1.start();
    }
    tasks.push(task);
    channel.port2.postMessage(undefined);
  };
}
