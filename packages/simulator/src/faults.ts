/** Breaks things now and then, as the plan says. */
import type { Device } from "./device.js";
import type { Kernel } from "./kernel.js";
import type { Network } from "./network.js";
import type { Plan } from "./plan.js";
import type { SeededRandom } from "./seeded-random.js";
import type { ServerNode } from "./server-node.js";

/** How long what is broken stays so, on the mean. */
const LASTS_MS_MEAN = 1_500;
const PAUSE_MS_MAX = 8_000;
const JUMP_MS_MAX = 3_600_000;

export interface World {
  readonly kernel: Kernel;
  readonly plan: Plan;
  readonly network: Network;
  readonly server: ServerNode;
  readonly devices: readonly Device[];
}

type Fault = keyof Plan["faults"];

export class FaultInjector {
  /** How often each kind happened. */
  readonly counts = new Map<Fault, number>();
  readonly #world: World;
  readonly #random: SeededRandom;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.kernel.random.fork();
  }

  /** Begins; the last fault begins before `untilMs`. */
  start(untilMs: number): void {
    const { kernel, plan } = this.#world;
    for (const [name, meanMs] of Object.entries(plan.faults) as [Fault, number | undefined][]) {
      if (meanMs === undefined) continue;
      const next = (): void => {
        kernel.after(this.#random.waitMs(meanMs), `fault ${name}`, () => {
          if (kernel.nowMs >= untilMs) return;
          this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
          kernel.note("faults", name);
          this.#inject(name);
          next();
        });
      };
      next();
    }
  }

  /** Ends what still lasts. */
  heal(): void {
    const { network, server, devices } = this.#world;
    network.heal();
    server.disk.faults = () => undefined;
    server.disk.free = Number.MAX_SAFE_INTEGER;
    server.diskSlowness = 1;
    for (const device of devices) void device.start();
  }

  #inject(name: Fault): void {
    const random = this.#random;
    const { network, server, devices } = this.#world;
    const links = network.openLinks;
    const device = random.pick(devices);
    switch (name) {
      case "severMs":
        if (links.length > 0) random.pick(links).sever();
        return;
      case "silenceMs":
        if (links.length > 0) random.pick(links).silence(random.pick(["to-server", "to-device", "both"]));
        return;
      case "stallMs": {
        if (links.length === 0) return;
        const link = random.pick(links);
        link.stall();
        this.#later("unstall", () => link.unstall());
        return;
      }
      case "isolateMs":
        network.isolate(device.name);
        this.#later("rejoin", () => network.rejoin(device.name));
        return;
      case "deviceCrashMs":
        device.crash();
        this.#later("device starts", () => void device.start());
        return;
      case "deviceWipeMs":
        device.wipe();
        this.#later("device starts", () => void device.start());
        return;
      case "serverCrashMs":
        server.crash(random.pick(["process", "power"]));
        return;
      case "serverStopMs":
        server.stopInOrder();
        return;
      case "serverPauseMs":
        server.pause(random.unit() * PAUSE_MS_MAX);
        return;
      case "diskErrorMs":
        this.#diskError();
        return;
      case "diskFullMs":
        server.disk.free = 0;
        server.disk.faults = (operation) =>
          operation === "write" && random.isTrue(0.3)
            ? { code: "ENOSPC", bytesDone: random.integer(40) }
            : undefined;
        server.hasDiskFault = true;
        this.#later("disk has room", () => {
          server.disk.free = Number.MAX_SAFE_INTEGER;
          server.disk.faults = () => undefined;
        });
        return;
      case "clockJumpMs":
        if (random.isTrue(0.5)) server.jump(random.between(-JUMP_MS_MAX, JUMP_MS_MAX));
        else device.jump(random.between(-JUMP_MS_MAX, JUMP_MS_MAX));
        return;
      case "slowDiskMs":
        server.diskSlowness = random.between(10, 400);
        this.#later("disk is fast", () => {
          server.diskSlowness = 1;
        });
    }
  }

  /** The next write or sync of the disk fails, once. */
  #diskError(): void {
    const random = this.#random;
    const { disk } = this.#world.server;
    const kind = random.pick(["write", "sync", "create", "rename", "syncNames"] as const);
    let isDone = false;
    this.#world.server.hasDiskFault = true;
    disk.faults = (operation) => {
      if (operation !== kind || isDone) return undefined;
      isDone = true;
      return { code: "EIO", bytesDone: random.integer(200) };
    };
  }

  #later(label: string, run: () => void): void {
    this.#world.kernel.after(this.#random.waitMs(LASTS_MS_MEAN), label, run);
  }
}
