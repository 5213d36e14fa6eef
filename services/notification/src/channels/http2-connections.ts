/**
 * HTTP/2 connections by name. One is opened when something is to be sent, kept while it lives, and opened anew after it
 * failed or was told to go away; what it carried fails and is the sender's to repeat.
 */
import type { Ambient } from "@parley/base";
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import {
  type OutboundRequest,
  type OutboundResponse,
  REQUEST_MS_MAX,
  RESPONSE_BYTES_MAX,
} from "./network.js";

/** Tenants times apps that send at a time; the one used least recently goes first. */
export const CONNECTIONS_MAX = 64;
/** Requests on one connection: APNs allows 1,000, and what is open after a crash is sent again. */
export const STREAMS_MAX = 100;

interface Connection {
  readonly session: ClientHttp2Session;
  readonly origin: string;
  streams: number;
}

export interface Http2ConnectionsOptions {
  readonly ambient: Ambient;
  readonly ca?: string;
}

export class Http2Connections {
  readonly #options: Http2ConnectionsOptions;
  /** The one used least recently first. */
  readonly #connections = new Map<string, Connection>();
  #isClosed = false;

  constructor(options: Http2ConnectionsOptions) {
    this.#options = options;
  }

  /** Throws what went wrong: the caller words it. */
  async post(name: string, url: URL, request: OutboundRequest): Promise<OutboundResponse> {
    if (this.#isClosed) throw new Error("closed");
    const connection = this.#take(name, url.origin);
    if (connection.streams >= STREAMS_MAX) throw new Error("too many requests at a time");
    connection.streams += 1;
    try {
      return await this.#exchange(connection, url, request);
    } finally {
      connection.streams -= 1;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { session } of this.#connections.values()) session.destroy();
    this.#connections.clear();
  }

  #take(name: string, origin: string): Connection {
    const known = this.#connections.get(name);
    const isGood = known !== undefined && known.origin === origin && isOpen(known.session);
    this.#connections.delete(name);
    const connection = isGood ? known : this.#connect(name, origin);
    if (!isGood) known?.session.close();
    this.#connections.set(name, connection);
    return connection;
  }

  #connect(name: string, origin: string): Connection {
    const oldest = this.#connections.entries().next().value;
    if (this.#connections.size >= CONNECTIONS_MAX && oldest !== undefined) {
      this.#connections.delete(oldest[0]);
      // What it carries still comes to its end.
      oldest[1].session.close();
    }
    const { ca } = this.#options;
    const session = connect(origin, ca === undefined ? {} : { ca });
    const connection: Connection = { session, origin, streams: 0 };
    const forget = (): void => {
      if (this.#connections.get(name) === connection) this.#connections.delete(name);
    };
    // Its streams say what happened.
    session.on("error", forget);
    session.on("goaway", () => {
      forget();
      session.close();
    });
    session.on("close", forget);
    // It must not keep a process alive that has nothing else to do.
    session.unref();
    return connection;
  }

  #exchange(
    { session }: Connection,
    url: URL,
    { headers, body }: OutboundRequest,
  ): Promise<OutboundResponse> {
    return new Promise((resolve, reject) => {
      const stream = session.request({
        ":method": "POST",
        ":path": `${url.pathname}${url.search}`,
        ...headers,
      });
      session.ref();
      const timer = this.#options.ambient.scheduler.after(REQUEST_MS_MAX, () => {
        stream.close(constants.NGHTTP2_CANCEL);
        // One that says nothing is of no use to the others either.
        session.destroy();
        reject(new Error("timeout"));
      });
      const answer = collect(stream);
      stream.on("error", reject);
      stream.on("close", () => {
        timer.cancel();
        if (!session.destroyed) session.unref();
        const response = answer();
        if (response === undefined || stream.rstCode !== constants.NGHTTP2_NO_ERROR)
          reject(new Error(`the stream ended with ${stream.rstCode}`));
        else resolve(response);
      });
      stream.end(body);
    });
  }
}

function isOpen(session: ClientHttp2Session): boolean {
  return !session.closed && !session.destroyed;
}

/** What the stream has answered by the time of the call. */
function collect(stream: ClientHttp2Stream): () => OutboundResponse | undefined {
  let status = 0;
  const headers: Record<string, string> = {};
  const parts: Buffer[] = [];
  let length = 0;
  stream.on("response", (received) => {
    status = received[":status"] ?? 0;
    for (const [name, value] of Object.entries(received)) {
      if (typeof value === "string" && !name.startsWith(":")) headers[name] = value;
    }
  });
  stream.on("data", (part: Buffer) => {
    if (length < RESPONSE_BYTES_MAX) parts.push(part.subarray(0, RESPONSE_BYTES_MAX - length));
    length += part.length;
  });
  return () => (status === 0 ? undefined : { status, headers, body: Buffer.concat(parts).toString("utf8") });
}
