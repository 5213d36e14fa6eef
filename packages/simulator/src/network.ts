/**
 * The network between devices and the server: connections that carry packets in order, as TCP does, each packet late by
 * its own time, until the connection breaks. What breaks it, and whether one end or both get to know, is drawn.
 *
 *   healthy ──sever──► the ends learn of it one after another, packets on the way are lost
 *      └─────silence─► nothing arrives any more, in one direction or both, and nobody is told: heartbeats must notice
 */
import type { Connection as ClientConnection, ConnectionHandlers, Transport } from "@parley/client";
import type { Socket, SocketListener } from "@parley/gateway";
import type { Kernel, Process } from "./kernel.js";
import type { Direction } from "./recording/recording.js";
import type { SeededRandom } from "./seeded-random.js";

/** Closed without a close frame. */
const CLOSED_ABNORMALLY = 1006;

export interface NetworkPlan {
  /** Mean delay of a packet. */
  readonly delayMs: number;
  /** Chance that a packet is late by up to `lateMs`. */
  readonly lateChance: number;
  readonly lateMs: number;
}

/** Told of every packet that a device sends, and of every one that reaches it. */
export type PacketTap = (device: string, direction: Direction, packet: Uint8Array, process: string) => void;

export type Accept = (socket: Socket) => SocketListener;

/** Whoever listens: the server's process as it is now. */
interface Endpoint {
  readonly process: Process;
  readonly accept: Accept;
}

export class Network {
  readonly #kernel: Kernel;
  readonly #random: SeededRandom;
  readonly #links = new Set<Link>();
  readonly #tap: PacketTap;
  #plan: NetworkPlan;
  #endpoint: Endpoint | undefined;
  /** Names of devices that reach nothing at all now. */
  readonly #isolated = new Set<string>();

  constructor(kernel: Kernel, plan: NetworkPlan, tap: PacketTap) {
    this.#kernel = kernel;
    this.#tap = tap;
    this.#random = kernel.random.fork();
    this.#plan = plan;
  }

  get openLinks(): readonly Link[] {
    return [...this.#links];
  }

  /** Calm from now on: no packet is late any more. */
  heal(): void {
    this.#plan = { ...this.#plan, lateChance: 0 };
    this.#isolated.clear();
    for (const link of this.#links) link.unstall();
  }

  listen(process: Process, accept: Accept): void {
    this.#endpoint = { process, accept };
  }

  /** Nobody listens any more. With `isAbrupt` the other ends learn it from a reset, if at all. */
  stopListening(): void {
    this.#endpoint = undefined;
  }

  /** A device that cannot reach anything; its links fall silent. */
  isolate(device: string): void {
    this.#isolated.add(device);
    for (const link of this.#links) if (link.device === device) link.silence("both");
  }

  rejoin(device: string): void {
    this.#isolated.delete(device);
  }

  /** The network as a process of a device sees it. */
  transport(process: Process, device: string): Transport {
    return {
      connect: (_url, handlers) => {
        const link = new Link(this.#kernel, this.#random.fork(), {
          device,
          client: { process, handlers },
          plan: () => this.#plan,
          tap: this.#tap,
          onGone: () => this.#links.delete(link),
        });
        this.#links.add(link);
        link.open(this.#isolated.has(device) ? undefined : () => this.#endpoint);
        return link.clientSide;
      },
    };
  }
}

interface LinkOptions {
  readonly device: string;
  readonly client: { readonly process: Process; readonly handlers: ConnectionHandlers };
  readonly plan: () => NetworkPlan;
  readonly tap: PacketTap;
  readonly onGone: () => void;
}

/** One connection. */
export class Link {
  readonly device: string;
  readonly #kernel: Kernel;
  readonly #random: SeededRandom;
  readonly #options: LinkOptions;
  #server: { readonly process: Process; readonly listener: SocketListener } | undefined;
  /** When the last packet of a direction arrives: the next one is not earlier. */
  readonly #lastArrivalMs = { "to-server": 0, "to-device": 0 };
  readonly #isSilent = { "to-server": false, "to-device": false };
  /** Packets that a slow device has not taken. */
  #stalled: { readonly packet: Uint8Array }[] | undefined;
  #stalledBytes = 0;
  #isClientOver = false;
  #isServerOver = false;
  #closing: { readonly code: number; readonly reason: string } | undefined;

  constructor(kernel: Kernel, random: SeededRandom, options: LinkOptions) {
    this.#kernel = kernel;
    this.#random = random;
    this.#options = options;
    this.device = options.device;
  }

  /** Connects, unless nothing is reachable or nobody listens. */
  open(find: (() => Endpoint | undefined) | undefined): void {
    const { process } = this.#options.client;
    if (find === undefined) {
      // Into the void: the device gives up by itself, or is told late.
      this.#isSilent["to-server"] = true;
      return;
    }
    this.#kernel.schedule(process, this.#delayMs(), `${this.device} connects`, () => {
      const endpoint = find();
      if (this.#isClientOver) return;
      if (endpoint === undefined || !endpoint.process.isAlive) {
        this.#endClient(this.#delayMs(), CLOSED_ABNORMALLY, "refused");
        return;
      }
      this.#kernel.schedule(endpoint.process, 0, `${this.device} is accepted`, () => {
        if (this.#isClientOver) return;
        this.#server = { process: endpoint.process, listener: endpoint.accept(this.#serverSide()) };
        this.#toClient("opened", () => this.#options.client.handlers.onOpen());
      });
    });
  }

  readonly clientSide: ClientConnection = this.#createClientSide();

  /** Breaks it: both ends learn of it, each when it pleases the network; what is on the way is lost. */
  sever(): void {
    this.silence("both");
    this.#endClient(this.#random.waitMs(200), CLOSED_ABNORMALLY, "reset");
    this.#endServer(this.#random.waitMs(200));
  }

  /** Nothing arrives any more, and nobody is told. */
  silence(direction: Direction | "both"): void {
    if (direction !== "to-device") this.#isSilent["to-server"] = true;
    if (direction !== "to-server") this.#isSilent["to-device"] = true;
  }

  /** The device takes nothing for now: what is sent to it waits in the server's buffer. */
  stall(): void {
    this.#stalled ??= [];
  }

  unstall(): void {
    const waiting = this.#stalled;
    if (waiting === undefined) return;
    this.#stalled = undefined;
    this.#stalledBytes = 0;
    for (const { packet } of waiting) this.#carryToClient(packet);
    const server = this.#server;
    if (server !== undefined && !this.#isServerOver)
      this.#kernel.schedule(server.process, 0, `${this.device} drains`, () => {
        if (!this.#isServerOver) server.listener.onDrain();
      });
  }

  /** The server's process is gone: its system resets the connection, or the machine is gone as well. */
  serverDied(isReset: boolean): void {
    this.#isServerOver = true;
    if (isReset) this.#endClient(this.#delayMs(), CLOSED_ABNORMALLY, "reset");
    else this.silence("both");
  }

  /** The device's process at this end. */
  get process(): Process {
    return this.#options.client.process;
  }

  /** The device's process is gone. */
  clientDied(): void {
    this.#isClientOver = true;
    this.#endServer(this.#delayMs());
    this.#goneIfOver();
  }

  #createClientSide(): ClientConnection {
    const read = (): number => 0;
    return {
      send: (packet) => {
        if (this.#isClientOver || this.#server === undefined) return;
        const copy = packet.slice();
        this.#options.tap(this.device, "to-server", copy, this.process.name);
        this.#carryToServer(copy);
      },
      close: (code) => {
        if (this.#isClientOver) return;
        this.#endClient(this.#delayMs(), code ?? 1000, "");
        this.#endServer(this.#arrivalMs("to-server"));
      },
      get bufferedBytes() {
        return read();
      },
    };
  }

  #serverSide(): Socket {
    return {
      send: (packet) => {
        if (this.#isServerOver || this.#closing !== undefined) return;
        const copy = packet.slice();
        if (this.#stalled === undefined) this.#carryToClient(copy);
        else {
          this.#stalled.push({ packet: copy });
          this.#stalledBytes += copy.length;
        }
      },
      close: (code, reason) => {
        if (this.#isServerOver || this.#closing !== undefined) return;
        this.#closing = { code, reason };
        // The close frame comes behind what was sent before it.
        this.#toClient("closed", () => this.#endClient(0, code, reason));
        this.#endServer(this.#arrivalMs("to-device") + this.#delayMs());
      },
      terminate: () => {
        this.#endServer(0);
        this.#endClient(this.#delayMs(), CLOSED_ABNORMALLY, "terminated");
      },
      bufferedBytes: () => this.#stalledBytes,
    };
  }

  #carryToServer(packet: Uint8Array): void {
    const server = this.#server!;
    if (this.#isSilent["to-server"]) return;
    const label = `${this.device} to server ${packet.length}`;
    this.#kernel.schedule(server.process, this.#arrivalMs("to-server"), label, () => {
      if (!this.#isServerOver && !this.#isSilent["to-server"]) server.listener.onPacket(packet);
    });
  }

  #carryToClient(packet: Uint8Array): void {
    this.#toClient(`gets ${packet.length}`, () => {
      this.#options.tap(this.device, "to-device", packet, this.process.name);
      this.#options.client.handlers.onPacket(packet);
    });
  }

  #toClient(label: string, run: () => void): void {
    if (this.#isSilent["to-device"]) return;
    const { process } = this.#options.client;
    this.#kernel.schedule(process, this.#arrivalMs("to-device"), `${this.device} ${label}`, () => {
      if (!this.#isClientOver && !this.#isSilent["to-device"]) run();
    });
  }

  #endClient(delayMs: number, code: number, reason: string): void {
    const { process, handlers } = this.#options.client;
    this.#kernel.schedule(process, delayMs, `${this.device} closed ${code}`, () => {
      if (this.#isClientOver) return;
      this.#isClientOver = true;
      this.#goneIfOver();
      handlers.onClose(code, reason);
    });
  }

  #endServer(delayMs: number): void {
    const server = this.#server;
    if (server === undefined) {
      this.#isServerOver = true;
      this.#goneIfOver();
      return;
    }
    this.#kernel.schedule(server.process, delayMs, `server loses ${this.device}`, () => {
      if (this.#isServerOver) return;
      this.#isServerOver = true;
      this.#goneIfOver();
      server.listener.onClosed();
    });
  }

  #goneIfOver(): void {
    if (this.#isClientOver && this.#isServerOver) this.#options.onGone();
  }

  /** How long the next packet of a direction takes: never less than the one before it has left. */
  #arrivalMs(direction: Direction): number {
    const { nowMs } = this.#kernel;
    const at = Math.max(this.#lastArrivalMs[direction], nowMs + this.#delayMs());
    // A hair later than the one before: equal times are shuffled, and packets are not.
    this.#lastArrivalMs[direction] = at + 0.001;
    return this.#lastArrivalMs[direction] - nowMs;
  }

  #delayMs(): number {
    const { delayMs, lateChance, lateMs } = this.#options.plan();
    const usual = delayMs * (0.5 + this.#random.unit());
    return this.#random.isTrue(lateChance) ? usual + this.#random.unit() * lateMs : usual;
  }
}
