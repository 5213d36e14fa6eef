/** One TCP connection of the load: what comes is read whole, what is said in one turn leaves together. */
import { type Socket, connect } from "node:net";
import { messageOf } from "@parley/base";
import { withinMs } from "../load/within.js";
import { Inbox, type ReadWhole } from "./inbox.js";
import { Outbox } from "./outbox.js";

const ANSWER_MS_MAX = 30_000;
const END_MS_MAX = 1_000;

/** What was read last, of all connections: they are read one after another, and a buffer for each read would be most of its cost. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

export class Link {
  readonly outbox: Outbox;
  readonly #socket: Socket;
  readonly #inbox: Inbox;
  readonly #onFault: (what: string) => void;
  #isEnding = false;

  /** Connects to a port of the loopback. Errors: an Error when that fails or takes too long. */
  static open(port: number, read: ReadWhole, onFault: (what: string) => void): Promise<Link> {
    return within("The server did not accept a connection", (resolve, reject) => {
      const link: { opened?: Link } = {};
      const callback = (bytes: number): boolean => {
        link.opened!.#take(readBuffer.subarray(0, bytes));
        return true;
      };
      const onread = { buffer: readBuffer, callback };
      const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
      link.opened = new Link(socket, read, onFault);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(link.opened!);
      });
    });
  }

  private constructor(socket: Socket, read: ReadWhole, onFault: (what: string) => void) {
    this.#socket = socket;
    this.#onFault = onFault;
    this.outbox = new Outbox(socket);
    this.#inbox = new Inbox(read);
    // "close" follows.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (!this.#isEnding) onFault("The server closed a connection.");
    });
    // With a buffer of its own a socket has no data to give, and does not see its end without this.
    socket.resume();
  }

  /** Drops the connection without a word. */
  cut(): void {
    this.#isEnding = true;
    this.#socket.destroy();
  }

  /** Says what is left to say, ends in good order, and waits until it is closed. Twice is safe. */
  async close(): Promise<void> {
    this.#isEnding = true;
    if (this.#socket.destroyed) return;
    this.outbox.flush();
    const timer = setTimeout(() => this.#socket.destroy(), END_MS_MAX);
    await new Promise((resolve) => {
      this.#socket.once("close", resolve);
      this.#socket.end();
    });
    clearTimeout(timer);
  }

  #take(piece: Buffer): void {
    try {
      this.#inbox.take(piece);
    } catch (error) {
      if (!this.#isEnding) this.#onFault(messageOf(error));
      this.cut();
    }
  }
}

/** As `withinMs`, for whatever a server is asked. Errors: what `begin` rejects with, or an Error with `complaint` after 30 s. */
export function within<T>(
  complaint: string,
  begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return withinMs(ANSWER_MS_MAX, `${complaint} within ${ANSWER_MS_MAX} ms.`, begin);
}
