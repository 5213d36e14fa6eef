/** A network between a client and the scripted server, with a WebSocket way and a stream way that a test can block. */
import type { Scheduler, Timer } from "@parley/base";
import { DISCONNECT, type Frame, readPacket } from "@parley/protocol";
import type { Connection, ConnectionHandlers, Transport } from "../common/index.js";

/**
 * What a way makes of a connection: carries it, refuses it, never opens it, opens it and carries nothing, cuts it when it is more
 * than a try, cuts it after a time, or is closed by the server with a code as soon as something is said.
 */
export type Way =
  | "open"
  | "refused"
  | "hangs"
  | "swallows"
  | "only-tried"
  | { readonly cutAfterMs: number }
  | { readonly closeCode: number };

export class ScriptedNetwork {
  webSocket: Way = "open";
  stream: Way = "open";
  /** All tries, in order: "ws" or "stream", and "probe" for a WebSocket that was only tried. */
  readonly tries: string[] = [];
  /** Of these, those that came to the server for more than a try. */
  readonly reached: string[] = [];
  readonly #server: Transport;
  readonly #scheduler: Scheduler;
  readonly #legs = new Set<Leg>();

  constructor(server: Transport, scheduler: Scheduler) {
    this.#server = server;
    this.#scheduler = scheduler;
  }

  /** The way that carries a connection now. */
  get used(): string {
    return [...this.#legs].map(({ name }) => name).join(",");
  }

  transport(name: "ws" | "stream"): Transport {
    return {
      connect: (url, handlers) => {
        const way = name === "ws" ? this.webSocket : this.stream;
        this.tries.push(name);
        const at = this.tries.length - 1;
        return new Leg({
          name,
          way,
          scheduler: this.#scheduler,
          handlers,
          legs: this.#legs,
          onProbe: () => {
            this.tries[at] = "probe";
          },
          connect: (inner) => {
            this.reached.push(name);
            return this.#server.connect(url, inner);
          },
        });
      },
    };
  }
}

interface LegOptions {
  readonly name: string;
  readonly way: Way;
  readonly scheduler: Scheduler;
  readonly handlers: ConnectionHandlers;
  readonly legs: Set<Leg>;
  readonly onProbe: () => void;
  readonly connect: (handlers: ConnectionHandlers) => Connection;
}

class Leg implements Connection {
  readonly name: string;
  readonly bufferedBytes = 0;
  readonly #options: LegOptions;
  #server: Connection | undefined;
  #isOver = false;
  readonly #timer: Timer | undefined;

  constructor(options: LegOptions) {
    this.#options = options;
    this.name = options.name;
    const { way, scheduler, handlers } = options;
    if (way === "refused") scheduler.soon(() => this.#end(1006));
    else if (way !== "hangs")
      scheduler.soon(() => {
        if (!this.#isOver) handlers.onOpen();
      });
    if (typeof way === "object" && "cutAfterMs" in way)
      this.#timer = scheduler.after(way.cutAfterMs, () => this.#end(1006));
  }

  send(packet: Uint8Array): void {
    const { way, scheduler, onProbe } = this.#options;
    if (this.#isOver || way === "swallows") return;
    const frames: Frame[] = [];
    readPacket(packet, (frame) => frames.push(frame));
    const [first] = frames;
    if (first?.name === "hello" && first.payload.protocolVersion === 0) {
      onProbe();
      scheduler.soon(() => this.#end(DISCONNECT.versionNotServed.code));
    } else if (typeof way === "object" && "closeCode" in way) scheduler.soon(() => this.#end(way.closeCode));
    else if (way === "only-tried") scheduler.soon(() => this.#end(1006));
    else if (this.#server === undefined) this.#reach(packet);
    else this.#server.send(packet);
  }

  close(code = 1000): void {
    this.#options.scheduler.soon(() => this.#end(code));
  }

  /** The server is there from the first packet on. */
  #reach(packet: Uint8Array): void {
    const { handlers, connect, legs } = this.#options;
    legs.add(this);
    const server = connect({
      onOpen: () => server.send(packet),
      onPacket: (answer) => {
        if (!this.#isOver) handlers.onPacket(answer);
      },
      onClose: (code) => this.#end(code),
    });
    this.#server = server;
  }

  #end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#options.legs.delete(this);
    this.#server?.close();
    this.#options.handlers.onClose(code, "");
  }
}
