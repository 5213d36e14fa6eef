/**
 * Where standbys come: a listener of its own, which is there only when a token is set. Whoever has the token can read
 * everything, sealed as it is stored, so this belongs into a network of machines, behind TLS where others share it.
 *
 *   POST /standby/v1/base?standby=NAME   frames of a base
 *   POST /standby/v1/tail                JSON TailRequest; the bytes, and what is known of them in `x-parley-tail`, JSON
 *   POST /standby/v1/keys                JSON: wrapped keys, base64
 *   POST /standby/v1/status              JSON: how far the standbys are
 *
 *   Everything with `authorization: Bearer <token>`; refusals are {"error": {code, message, retry}}.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { StandbySource, TailRequest } from "@parley/backup";
import { Failure, type Logger, failureCode, messageOf } from "@parley/base";
import { type Fields, fieldsOf } from "../control/fields.js";
import { frameSink } from "./standby-frames.js";
import { isToken } from "./standby-token.js";

export const STANDBY_PATH = "/standby/v1";
const BODY_BYTES_MAX = 4096;
const CONNECTIONS_MAX = 32;
const REQUEST_MS_MAX = 30_000;

export interface StandbyListener {
  readonly port: number;
  /** Breaks off what is under way. Idempotent. */
  close(): Promise<void>;
}

export interface StandbyListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly source: StandbySource;
  readonly logger: Logger;
}

/** Errors: those of listening. */
export async function listenForStandbys(options: StandbyListenerOptions): Promise<StandbyListener> {
  const server = createServer((request, response) => void answer(request, response, options));
  server.maxConnections = CONNECTIONS_MAX;
  server.requestTimeout = REQUEST_MS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  let closing: Promise<void> | undefined;
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () => (closing ??= close(server)),
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: StandbyListenerOptions,
): Promise<void> {
  try {
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (!isToken(bearer, options.token)) {
      throw new Failure("standby-refused", "The token is not the primary's: compare the token files.");
    }
    await route(request, response, options);
  } catch (error) {
    refuse(response, error, options.logger);
  }
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  { source }: StandbyListenerOptions,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://standby");
  const body = await readBody(request);
  if (url.pathname === `${STANDBY_PATH}/base`) {
    await source.base(url.searchParams.get("standby") ?? "", frameSink(sendingTo(response)));
    response.end();
  } else if (url.pathname === `${STANDBY_PATH}/tail`) {
    const { bytes, ...about } = await source.tail(tailRequest(fieldsOf(JSON.parse(body))));
    response.writeHead(200, { "x-parley-tail": JSON.stringify(about), "content-length": bytes.length });
    response.end(bytes);
  } else if (url.pathname === `${STANDBY_PATH}/keys`) {
    const keys = await source.keys();
    respond(
      response,
      200,
      keys.map(({ name, content }) => ({ name, content: content.toString("base64") })),
    );
  } else if (url.pathname === `${STANDBY_PATH}/status`) respond(response, 200, source.status);
  else throw new Failure("not-found", "There is nothing here; use tools of this server's version.");
}

/** Bytes go out as fast as they are taken; a connection that ends is told to whoever sends. */
function sendingTo(response: ServerResponse): (frame: Buffer) => Promise<void> {
  return (frame) =>
    new Promise((resolve, reject) => {
      if (response.destroyed) {
        reject(new Failure("unavailable", "The standby has gone away."));
        return;
      }
      const done = (): void => {
        response.off("drain", done).off("close", done);
        if (response.destroyed) reject(new Failure("unavailable", "The standby has gone away."));
        else resolve();
      };
      if (response.write(frame)) resolve();
      else response.once("drain", done).once("close", done);
    });
}

function tailRequest(fields: Fields): TailRequest {
  return {
    installation: fields.text("installation"),
    timeline: fields.text("timeline"),
    standby: fields.text("standby"),
    segment: fields.count("segment"),
    position: fields.count("position"),
    records: fields.count("records"),
    bytesMax: fields.count("bytesMax"),
    waitMs: fields.count("waitMs"),
    checkFrom: fields.count("checkFrom"),
    checkCrc: fields.count("checkCrc"),
  };
}

function refuse(response: ServerResponse, error: unknown, logger: Logger): void {
  const code = failureCode(error);
  if (code === undefined) logger.error("standby-call-failed", { error: messageOf(error) });
  if (response.headersSent) {
    // In the middle of a base: what was sent is no base.
    response.destroy();
    return;
  }
  const failure = code === undefined ? undefined : (error as Failure);
  const status = code === "standby-refused" ? 401 : code === undefined ? 500 : 409;
  respond(response, status, {
    error: {
      code: code ?? "internal",
      message: failure?.message ?? "The primary failed; its log says why.",
      retry: failure?.retry ?? "same",
    },
  });
}

function respond(response: ServerResponse, status: number, value: unknown): void {
  if (status !== 200) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX)
      throw new Failure("bad-request", `A call has at most ${BODY_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
