/**
 * Binds the gateway to HTTP, for devices whose network blocks WebSockets.
 *
 *   POST   /v1/stream               opens: the answer is the stream to the device, until it ends
 *   POST   /v1/stream/ID?number=N   items from the device, numbered from 1
 *   DELETE /v1/stream/ID            ends
 *
 *   S1  What a number carried is applied once, whole, and after all lower ones: a request that was cut counts as not made.
 *   S2  What waits for the rest of a request is bounded: by request, by stream and in all.
 *   S3  Nothing outlives its stream: neither uploads under way nor a response that nobody takes.
 *
 * Source: docs/protocol/streams.md.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Ambient, failureCode, type Timer } from "@parley/base";
import {
  STREAM_ITEM,
  STREAM_PATH,
  STREAM_UPLOAD_BYTES_MAX,
  streamClose,
  streamItem,
  StreamItemReader,
} from "@parley/protocol";
import type { Connection } from "./connection.js";
import type { Gateway } from "./gateway.js";
import { isAllowedOrigin } from "./origin-rule.js";
import type { Socket } from "./socket.js";
import { readUpload, UploadBudget } from "./stream-upload.js";

/** 128 bits: whoever knows the id may speak for the stream. */
const ID_BYTES = 16;
/** Uploads of one stream at a time: the one, and those of before that a proxy has not given up. */
const UPLOADS_MAX = 4;
/** A response that has ended has this long to be taken. */
const LINGER_MS = 5_000;
/** Nothing between here and the device keeps it, changes it, or waits for more of it. */
const STREAM_HEADERS = {
  "content-type": "application/octet-stream",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
} as const;

/** What is said with each status that refuses. */
export const STREAM_PROBLEMS = {
  400: { code: "bad-request", detail: "An opening has no content; an upload has a number and whole items." },
  403: { code: "bad-request", detail: "Pages of this origin may not connect." },
  404: { code: "not-found", detail: "There is no such stream: open another." },
  405: { code: "bad-request", detail: "Use POST or DELETE." },
  409: { code: "bad-request", detail: "This is not the next number." },
  413: { code: "bad-request", detail: `An upload has at most ${STREAM_UPLOAD_BYTES_MAX} bytes.` },
  429: { code: "too-many-requests", detail: "Wait for the answers to earlier uploads." },
  503: { code: "too-many-requests", detail: "Too much is being sent to this server: try again." },
} as const;

export interface StreamListenerOptions {
  readonly gateway: Gateway;
  readonly ambient: Ambient;
  /** Other pages than those of this host that may connect. */
  readonly origins?: readonly string[];
  /** Bytes of all uploads under way; for tests. */
  readonly readingBytesMax?: number;
}

export interface StreamListener {
  /** Answers a request to STREAM_PATH or below it. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Streams that are open. */
  readonly count: number;
  /** What is held of uploads that are not complete. */
  readonly readingBytes: number;
}

/** Takes requests to STREAM_PATH; the caller gives them, before anything has read their content. */
export function createStreamListener(options: StreamListenerOptions): StreamListener {
  return new Listener(options);
}

class Listener implements StreamListener {
  readonly #options: StreamListenerOptions;
  readonly #streams = new Map<string, Stream>();
  readonly #budget: UploadBudget;

  constructor(options: StreamListenerOptions) {
    this.#options = options;
    this.#budget = new UploadBudget(options.readingBytesMax);
  }

  get count(): number {
    return this.#streams.size;
  }

  get readingBytes(): number {
    return this.#budget.bytes;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    // A peer that goes away in the middle is told of by "close".
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    const origins = this.#options.origins ?? [];
    if (!isAllowedOrigin(request, origins)) {
      refuse(response, 403);
      return;
    }
    allowOrigin(request, response, origins);
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const id = path.slice(STREAM_PATH.length + 1);
    if (request.method === "OPTIONS") done(response);
    else if (path === STREAM_PATH && request.method === "POST") this.#open(request, response);
    else if (request.method === "POST") this.#upload(request, response, id, numberOf(query));
    else if (request.method === "DELETE") this.#end(response, id);
    else refuse(response, 405);
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
    if (length !== "0" || encoding !== undefined) {
      refuse(response, 400);
      return;
    }
    const { gateway, ambient } = this.#options;
    const id = Buffer.from(ambient.random.bytes(ID_BYTES)).toString("hex");
    const stream = new Stream(response, ambient);
    this.#streams.set(id, stream);
    response.on("close", () => {
      this.#streams.delete(id);
      stream.onClosed();
    });
    response.writeHead(200, STREAM_HEADERS);
    response.write(streamItem(STREAM_ITEM.id, Buffer.from(id, "latin1")));
    stream.bind(gateway.accept(stream));
  }

  #upload(request: IncomingMessage, response: ServerResponse, id: string, number: number | undefined): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.isOver) refuse(response, 404);
    else if (number === undefined) refuse(response, 400);
    else if (number > stream.nextNumber) refuse(response, 409);
    else if (stream.uploads.size >= UPLOADS_MAX) refuse(response, 429);
    else
      readUpload(request, this.#budget, stream.uploads).then(
        (body) => answer(response, stream.take(number, body)),
        (error: unknown) => {
          const code = failureCode(error);
          if (code === "packet-too-large") {
            stream.refuse("tooLarge");
            refuse(response, 413);
          } else if (code === "too-many-requests") refuse(response, 503);
          // The request was cut: there is nobody to answer.
          else response.destroy();
        },
      );
  }

  #end(response: ServerResponse, id: string): void {
    this.#streams.get(id)?.leave();
    done(response);
  }
}

/** One device: its response is what the gateway writes to. */
class Stream implements Socket {
  readonly uploads = new Set<IncomingMessage>();
  nextNumber = 1;
  readonly #response: ServerResponse;
  readonly #ambient: Ambient;
  #connection: Connection | undefined;
  #linger: Timer | undefined;
  isOver = false;

  constructor(response: ServerResponse, ambient: Ambient) {
    this.#response = response;
    this.#ambient = ambient;
  }

  bind(connection: Connection): void {
    this.#connection = connection;
  }

  // Socket

  send(packet: Uint8Array): void {
    if (this.isOver) return;
    const item = streamItem(STREAM_ITEM.packet, packet);
    if (this.#response.writableLength === 0) this.#response.write(item);
    else this.#response.write(item, this.#onSent);
  }

  close(code: number, reason: string): void {
    if (this.isOver) return;
    this.#response.write(streamClose(code, reason));
    this.#finish();
  }

  terminate(): void {
    this.#response.destroy();
  }

  bufferedBytes(): number {
    return this.#response.writableLength;
  }

  // What the listener calls.

  /** Applies what a request carried, if it is its turn (S1); the status that answers it. */
  take(number: number, body: Uint8Array): 204 | RefusedStatus {
    if (this.isOver) return 404;
    if (number < this.nextNumber) return 204;
    if (number > this.nextNumber) return 409;
    const packets = packetsOf(body);
    if (packets === undefined) {
      this.refuse("malformed");
      return 400;
    }
    this.nextNumber += 1;
    for (const packet of packets) this.#connection?.onPacket(packet);
    return 204;
  }

  refuse(reason: "malformed" | "tooLarge"): void {
    this.#connection?.close(reason);
  }

  /** The device goes. */
  leave(): void {
    if (this.isOver) return;
    this.#connection?.onClosed();
    this.#finish();
  }

  onClosed(): void {
    this.isOver = true;
    this.#linger?.cancel();
    for (const upload of this.uploads) upload.destroy();
    this.#connection?.onClosed();
  }

  readonly #onSent = (): void => this.#connection?.onDrain();

  #finish(): void {
    this.isOver = true;
    this.#response.end();
    this.#linger = this.#ambient.scheduler.after(LINGER_MS, () => this.#response.destroy());
  }
}

/** The packets of an upload; undefined when it is not made of whole items. */
function packetsOf(body: Uint8Array): Uint8Array[] | undefined {
  const reader = new StreamItemReader();
  try {
    const items = reader.read(body);
    if (!reader.isAtEnd) return undefined;
    return items.flatMap(({ kind, content }) => (kind === STREAM_ITEM.packet ? [content] : []));
  } catch (error) {
    if (failureCode(error) !== "malformed") throw error;
    return undefined;
  }
}

/** The number of an upload; undefined when it has none that may be. */
function numberOf(query: string): number | undefined {
  const digits = /^number=([1-9][0-9]{0,14})$/.exec(query)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A browser asks whether another page than ours may: only those that the operator named. */
function allowOrigin(request: IncomingMessage, response: ServerResponse, origins: readonly string[]): void {
  response.setHeader("vary", "origin");
  response.setHeader("x-content-type-options", "nosniff");
  const { origin } = request.headers;
  if (origin === undefined || !origins.includes(origin)) {
    response.setHeader("cross-origin-resource-policy", "same-origin");
    return;
  }
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-methods", "POST, DELETE");
  response.setHeader("access-control-allow-headers", "content-type");
}

function answer(response: ServerResponse, status: 204 | RefusedStatus): void {
  if (status === 204) done(response);
  else refuse(response, status);
}

function done(response: ServerResponse): void {
  response.writeHead(204, { "cache-control": "no-store" }).end();
}

type RefusedStatus = keyof typeof STREAM_PROBLEMS;

/** Without the rest of the request: its connection ends. */
function refuse(response: ServerResponse, status: RefusedStatus): void {
  const { code, detail } = STREAM_PROBLEMS[status];
  const body = { type: `urn:parley:error:${code}`, title: code, status, code, detail, requestId: "" };
  const headers = {
    "content-type": "application/problem+json; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    connection: "close",
  };
  response.writeHead(status, headers).end(JSON.stringify(body));
}
