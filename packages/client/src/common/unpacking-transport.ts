/** Packets that come compressed, as packets. What comes meanwhile waits: the order stays. */
import { type Packed, packedIn } from "@parley/protocol";
import type { Connection, ConnectionHandlers, Transport } from "./transport.js";

/** Inflates DEFLATE (RFC 1951). Rejects what is damaged, or would be longer than `size` bytes. */
export type Inflate = (data: Uint8Array, size: number) => Promise<Uint8Array>;

const CLOSE_NORMAL = 1000;

export function unpackingTransport(transport: Transport, inflate: Inflate): Transport {
  return {
    connect(url, handlers) {
      const line = new Line(handlers, inflate, () => connection.close(CLOSE_NORMAL));
      const connection: Connection = transport.connect(url, {
        ...handlers,
        onPacket: (packet) => line.take(packet),
        onClose: (code, reason) => line.run(() => handlers.onClose(code, reason)),
      });
      return connection;
    },
  };
}

/** What one connection brings, in order. Bounded by what the server sends before it is confirmed. */
class Line {
  readonly #handlers: ConnectionHandlers;
  readonly #inflate: Inflate;
  readonly #fail: () => void;
  /** Resolves when what came before was handled; undefined when nothing waits. */
  #last: Promise<void> | undefined;
  #isBroken = false;

  constructor(handlers: ConnectionHandlers, inflate: Inflate, fail: () => void) {
    this.#handlers = handlers;
    this.#inflate = inflate;
    this.#fail = fail;
  }

  take(packet: Uint8Array): void {
    let packed: Packed | undefined;
    try {
      packed = packedIn(packet);
    } catch {
      this.#break();
      return;
    }
    // Outside: what whoever takes the packet throws is a bug, and no damage of it.
    if (packed === undefined) this.run(() => this.#deliver(packet));
    else this.#unpack(packed.data, packed.size);
  }

  /** Runs something after all that came before. */
  run(task: () => void): void {
    if (this.#last === undefined) task();
    else this.#wait(this.#last.then(task));
  }

  #unpack(data: Uint8Array, size: number): void {
    const inflated = this.#inflate(data, size);
    const before = this.#last ?? Promise.resolve();
    this.#wait(
      Promise.all([inflated, before]).then(
        ([packet]) => {
          if (packet.length === size) this.#deliver(packet);
          else this.#break();
        },
        () => this.#break(),
      ),
    );
  }

  #wait(step: Promise<void>): void {
    const last = step.finally(() => {
      if (this.#last === last) this.#last = undefined;
    });
    this.#last = last;
  }

  #deliver(packet: Uint8Array): void {
    if (!this.#isBroken) this.#handlers.onPacket(packet);
  }

  /** What follows would have a gap before it: the connection ends, and the next one brings it again. */
  #break(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#fail();
  }
}
