/**
 * A TCP proxy that is as slow as a bad mobile network: so many bytes a second in each direction, a delay, and now and then a
 * segment that comes a round trip late, as after a loss, with all that is behind it.
 */
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import { seededUnit } from "../seeded-unit.js";

/** What one segment carries. */
const SEGMENT_BYTES = 1_400;
/** The network's own buffer in one direction, beyond which it takes nothing. */
const BUFFER_BYTES_MAX = 256 * 1024;

export interface SlowProxyOptions {
  readonly serverPort: number;
  readonly roundTripMs: number;
  /** In each direction. */
  readonly bytesPerSecond: number;
  /** Of a hundred segments. */
  readonly lostPercent: number;
  readonly seed: number;
}

export class SlowProxy {
  readonly #options: SlowProxyOptions;
  readonly #listener: Server;
  readonly #links = new Set<readonly [Socket, Socket]>();
  readonly #random: () => number;
  /** Carried to devices, and to the server. */
  readonly bytes = { down: 0, up: 0 };

  private constructor(options: SlowProxyOptions, listener: Server) {
    this.#options = options;
    this.#listener = listener;
    this.#random = seededUnit(options.seed);
  }

  static async start(options: SlowProxyOptions): Promise<SlowProxy> {
    const listener = createServer();
    const proxy = new SlowProxy(options, listener);
    listener.on("connection", (device) => proxy.#join(device));
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** Ends all connections. */
  cutAll(): void {
    for (const link of this.#links) for (const socket of link) socket.destroy();
    this.#links.clear();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#listener.close(() => resolve());
    });
    this.cutAll();
    await closed;
  }

  #join(device: Socket): void {
    const server = connect(this.#options.serverPort, "127.0.0.1");
    const link = [device, server] as const;
    this.#links.add(link);
    for (const socket of link) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#links.delete(link);
        for (const each of link) each.destroy();
      });
    }
    this.#carry(server, device, (bytes) => (this.bytes.down += bytes));
    this.#carry(device, server, (bytes) => (this.bytes.up += bytes));
  }

  #carry(from: Socket, to: Socket, count: (bytes: number) => void): void {
    const { roundTripMs, bytesPerSecond, lostPercent } = this.#options;
    const waiting: { readonly segment: Buffer; readonly dueMs: number }[] = [];
    let waitingBytes = 0;
    let freeMs = 0;
    let dueMs = 0;
    let isTimed = false;
    // One timer: what is due later never comes before what is due earlier.
    const deliver = (): void => {
      isTimed = false;
      while (waiting.length > 0 && waiting[0]!.dueMs <= performance.now()) {
        const { segment } = waiting.shift()!;
        waitingBytes -= segment.length;
        count(segment.length);
        if (!to.destroyed) to.write(segment);
      }
      if (from.isPaused() && waitingBytes < BUFFER_BYTES_MAX) from.resume();
      plan();
    };
    const plan = (): void => {
      const next = waiting[0];
      if (isTimed || next === undefined) return;
      isTimed = true;
      setTimeout(deliver, Math.max(1, Math.ceil(next.dueMs - performance.now())));
    };
    from.on("data", (chunk) => {
      for (let start = 0; start < chunk.length; start += SEGMENT_BYTES) {
        const segment = chunk.subarray(start, start + SEGMENT_BYTES);
        freeMs = Math.max(performance.now(), freeMs) + (segment.length / bytesPerSecond) * 1000;
        const isLost = this.#random() * 100 < lostPercent;
        // What is behind a lost segment waits for it.
        dueMs = Math.max(dueMs, freeMs + roundTripMs / 2 + (isLost ? roundTripMs : 0));
        waiting.push({ segment, dueMs });
        waitingBytes += segment.length;
      }
      if (waitingBytes >= BUFFER_BYTES_MAX) from.pause();
      plan();
    });
  }
}
