/**
 * A connection over HTTP: one request whose answer brings packets, and numbered requests that carry packets away, one at a
 * time.
 *
 *   OPENING ──id──► OPEN ──close item, or the end of the answer, or an upload given up──► OVER
 *      └── no id in time: something on the way holds the answer back ──────────────────────┘
 *
 * Source: docs/protocol/streams.md.
 */
import { type Ambient, failureCode, type Timer } from "@parley/base";
import {
  readStreamClose,
  STREAM_ID_LENGTH,
  STREAM_ITEM,
  STREAM_PATH,
  streamItem,
  StreamItemReader,
} from "@parley/protocol";
import { httpUrl } from "./http.js";
import {
  STREAM_CLOSE_MS_MAX,
  STREAM_OPEN_MS_MAX,
  STREAM_RETRY_MS,
  STREAM_UPLOAD_BYTES_TARGET,
  STREAM_UPLOAD_MS_MAX,
  STREAM_UPLOAD_TRIES_MAX,
  STREAM_WAITING_BYTES_MAX,
} from "./limits.js";
import type { Connection, ConnectionHandlers, Transport } from "./transport.js";

const CLOSE_LOST = 1006;
const CLOSE_NORMAL = 1000;
const STATUS_APPLIED = 204;

/** What the world tells of an answer that comes in pieces. */
export interface StreamAnswer {
  /** With status 200. */
  onPiece(piece: Uint8Array): void;
  /** Once: the answer is over, was refused, or never came. Not after a cancel. */
  onEnd(): void;
}

/** A request that can be ended; twice is as once. */
export interface StreamCall {
  cancel(): void;
}

/** HTTP as a stream needs it. The world brings it. No handler is called before a function returns. */
export interface StreamWorld {
  /** A POST without content, whose answer is told piece by piece. */
  open(url: string, answer: StreamAnswer): StreamCall;
  /** `onStatus` is told the status once, 0 when there was no answer. Not after a cancel. */
  send(
    request: { readonly method: "POST" | "DELETE"; readonly url: string; readonly body?: Uint8Array },
    onStatus: (status: number) => void,
  ): StreamCall;
  /** Where the world knows that it has no network: calls `task` then. Returns what ends the listening. */
  onOffline?(task: () => void): () => void;
}

/** The transport over HTTP. It is given the same address as that of WebSockets. */
export function createStreamTransport(world: StreamWorld, ambient: Pick<Ambient, "scheduler">): Transport {
  return { connect: (url, handlers) => new StreamConnection(world, ambient, httpUrl(url), handlers) };
}

class StreamConnection implements Connection {
  readonly #world: StreamWorld;
  readonly #ambient: Pick<Ambient, "scheduler">;
  readonly #url: string;
  readonly #handlers: ConnectionHandlers;
  readonly #reader = new StreamItemReader();
  readonly #answer: StreamCall;
  readonly #stopOffline: () => void;
  /** Until the id comes, and when closing. */
  #timer: Timer;
  #id = "";
  #isOver = false;
  /** The code to close with, once what waits is gone. */
  #closing: number | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #upload: Upload | undefined;
  #number = 0;

  constructor(
    world: StreamWorld,
    ambient: Pick<Ambient, "scheduler">,
    baseUrl: string,
    handlers: ConnectionHandlers,
  ) {
    this.#world = world;
    this.#ambient = ambient;
    this.#url = `${baseUrl}${STREAM_PATH}`;
    this.#handlers = handlers;
    this.#timer = ambient.scheduler.after(STREAM_OPEN_MS_MAX, () => this.#end(CLOSE_LOST, "not opened"));
    this.#stopOffline = world.onOffline?.(() => this.#end(CLOSE_LOST, "offline")) ?? (() => undefined);
    this.#answer = world.open(this.#url, {
      onPiece: (piece) => this.#take(piece),
      onEnd: () => this.#end(CLOSE_LOST, "lost"),
    });
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + (this.#upload?.bytes ?? 0);
  }

  send(packet: Uint8Array): void {
    if (this.#isOver || this.#id === "" || this.#closing !== undefined) return;
    const item = streamItem(STREAM_ITEM.packet, packet);
    this.#waiting.push(item);
    this.#waitingBytes += item.length;
    if (this.#waitingBytes > STREAM_WAITING_BYTES_MAX) this.#end(CLOSE_LOST, "too much waits");
    else this.#pump();
  }

  /** What was handed over before still goes, for a moment. */
  close(code = CLOSE_NORMAL): void {
    if (this.#isOver || this.#closing !== undefined) return;
    this.#closing = code;
    this.#timer.cancel();
    this.#timer = this.#ambient.scheduler.after(this.#isIdle ? 0 : STREAM_CLOSE_MS_MAX, () =>
      this.#end(code, ""),
    );
  }

  get #isIdle(): boolean {
    return this.#upload === undefined && this.#waiting.length === 0;
  }

  #take(piece: Uint8Array): void {
    try {
      for (const { kind, content } of this.#reader.read(piece)) {
        if (this.#isOver) return;
        if (kind === STREAM_ITEM.id) this.#opened(content);
        else if (kind === STREAM_ITEM.packet) this.#handlers.onPacket(content);
        else if (kind === STREAM_ITEM.close) {
          const { code, reason } = readStreamClose(content);
          this.#end(code, reason);
        }
      }
    } catch (error) {
      if (failureCode(error) !== "malformed") throw error;
      // Something on the way answered in the server's place.
      this.#end(CLOSE_LOST, "malformed");
    }
  }

  #opened(content: Uint8Array): void {
    if (this.#id !== "" || this.#closing !== undefined) return;
    if (content.length !== STREAM_ID_LENGTH) {
      this.#end(CLOSE_LOST, "malformed");
      return;
    }
    this.#id = String.fromCharCode(...content);
    this.#timer.cancel();
    this.#handlers.onOpen();
  }

  #pump(): void {
    if (this.#isOver) return;
    if (this.#isIdle && this.#closing !== undefined) {
      this.#end(this.#closing, "");
      return;
    }
    if (this.#upload !== undefined || this.#waiting.length === 0) return;
    this.#number += 1;
    this.#upload = new Upload({
      world: this.#world,
      ambient: this.#ambient,
      url: `${this.#url}/${this.#id}?number=${this.#number}`,
      body: this.#nextBody(),
      onApplied: () => {
        this.#upload = undefined;
        this.#pump();
      },
      // The last item may be on its way: it says more than this.
      onRefused: () => {
        this.#timer.cancel();
        this.#timer = this.#ambient.scheduler.after(STREAM_CLOSE_MS_MAX, () =>
          this.#end(CLOSE_LOST, "refused"),
        );
      },
    });
  }

  /** What waits, up to a bound: one packet at least. */
  #nextBody(): Uint8Array {
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#waiting) {
      if (count > 0 && bytes + length > STREAM_UPLOAD_BYTES_TARGET) break;
      bytes += length;
      count += 1;
    }
    const body = new Uint8Array(bytes);
    let at = 0;
    for (const item of this.#waiting.splice(0, count)) {
      body.set(item, at);
      at += item.length;
    }
    this.#waitingBytes -= bytes;
    return body;
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.cancel();
    this.#stopOffline();
    this.#upload?.cancel();
    this.#upload = undefined;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#answer.cancel();
    // A proxy may not tell the server that we are gone. Whether this arrives does not matter.
    if (this.#id !== "" && code < 4000)
      this.#world.send({ method: "DELETE", url: `${this.#url}/${this.#id}` }, () => undefined);
    this.#handlers.onClose(code, reason);
  }
}

interface UploadOptions {
  readonly world: StreamWorld;
  readonly ambient: Pick<Ambient, "scheduler">;
  readonly url: string;
  readonly body: Uint8Array;
  readonly onApplied: () => void;
  readonly onRefused: () => void;
}

/** One numbered request, sent again until it is answered: the server applies a number once. */
class Upload {
  readonly bytes: number;
  readonly #options: UploadOptions;
  #tries = 0;
  #call: StreamCall | undefined;
  #timer: Timer | undefined;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.bytes = options.body.length;
    this.#send();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#call?.cancel();
  }

  #send(): void {
    const { world, ambient, url, body } = this.#options;
    this.#tries += 1;
    this.#timer = ambient.scheduler.after(STREAM_UPLOAD_MS_MAX, () => {
      this.#call?.cancel();
      this.#answered(0);
    });
    this.#call = world.send({ method: "POST", url, body }, (status) => this.#answered(status));
  }

  #answered(status: number): void {
    const { ambient, onApplied, onRefused } = this.#options;
    this.#timer?.cancel();
    if (status === STATUS_APPLIED) onApplied();
    else if (mayPass(status) && this.#tries < STREAM_UPLOAD_TRIES_MAX)
      this.#timer = ambient.scheduler.after(STREAM_RETRY_MS * 2 ** (this.#tries - 1), () => this.#send());
    else onRefused();
  }
}

/** Whether the same request may be answered otherwise next: there was no answer, or one of a proxy, or too many were under way. */
function mayPass(status: number): boolean {
  return status === 0 || status === 429 || status >= 500;
}
