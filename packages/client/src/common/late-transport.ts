/** A transport whose code comes later: the connections begin when it is there. */
import { type Logger, messageOf } from "@parley/base";
import type { Load } from "./loaders.js";
import type { Connection, ConnectionHandlers, Transport } from "./transport.js";

const CLOSE_LOST = 1006;
const CLOSE_NORMAL = 1000;

/** A connection whose code cannot be fetched is lost: whoever wanted it comes back, with backoff, and tries again. */
export function lateTransport(load: Load<Transport>, logger: Logger): Transport {
  return { connect: (url, handlers) => new LateConnection(load, logger, url, handlers) };
}

class LateConnection implements Connection {
  readonly #handlers: ConnectionHandlers;
  #connection: Connection | undefined;
  #isWanted = true;
  #isOver = false;

  constructor(load: Load<Transport>, logger: Logger, url: string, handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    this.#begin(load, url).catch((error: unknown) => {
      logger.warn("transport not loaded", { reason: messageOf(error) });
      this.#end(CLOSE_LOST, "not loaded");
    });
  }

  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? 0;
  }

  send(packet: Uint8Array): void {
    this.#connection?.send(packet);
  }

  close(code: number = CLOSE_NORMAL): void {
    this.#isWanted = false;
    if (this.#connection !== undefined) this.#connection.close(code);
    // Not before this returns.
    else void Promise.resolve().then(() => this.#end(code, ""));
  }

  async #begin(load: Load<Transport>, url: string): Promise<void> {
    const transport = await load();
    if (this.#isWanted) this.#connection = transport.connect(url, this.#handlers);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.onClose(code, reason);
  }
}
