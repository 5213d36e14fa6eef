/**
 * The control socket: how the command line reaches the server that holds the data directory. It is a Unix socket inside
 * that directory, which only its owner may enter; whoever can open it can read the data anyway, so it asks for no password.
 *
 *   POST /<operation>   body: JSON arguments   answer: 200 {"result": …} or 4xx/500 {"error": {code, message, retry}}
 *   GET /metrics        see metrics.ts
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { chmod, rm } from "node:fs/promises";
import { Failure, type Logger, failureCode, messageOf } from "@parley/base";
import type { Parley } from "../parley.js";
import { fieldsOf } from "./fields.js";
import { answerMetrics } from "./metrics.js";
import { HANDLERS, parseOperationName } from "./operations.js";

export const CONTROL_BODY_BYTES_MAX = 16 * 1024 * 1024;
/** The kernel keeps so few bytes for a socket's path (108 on Linux, 104 on macOS, with the end mark). */
const SOCKET_PATH_BYTES_MAX = 103;
const REQUEST_MS_MAX = 60_000;

/**
 * Listens. A path that is too long for a socket is logged and the server runs without; returns what closes it, which
 * waits for the calls under way.
 */
export async function listenForControl(parley: Parley, logger: Logger): Promise<() => Promise<void>> {
  const { socketPath } = parley;
  if (Buffer.byteLength(socketPath) > SOCKET_PATH_BYTES_MAX) {
    logger.warn("no-control-socket", { reason: "the path is too long for a socket", socketPath });
    return () => Promise.resolve();
  }
  // Left behind by a process that was killed: the lock says that nobody listens on it.
  await rm(socketPath, { force: true });
  const server = createServer((request, response) => {
    void answer(parley, request, response, logger);
  });
  server.requestTimeout = REQUEST_MS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  await chmod(socketPath, 0o600);
  return () => close(server);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

async function answer(
  parley: Parley,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): Promise<void> {
  try {
    if (answerMetrics(parley, request, response)) return;
    const name = parseOperationName((request.url ?? "").slice(1));
    const result = await HANDLERS[name](parley, fieldsOf(await readJson(request)));
    respond(response, 200, { result });
  } catch (error) {
    const code = failureCode(error);
    if (code === undefined)
      logger.error("control-call-failed", { url: request.url ?? "", error: messageOf(error) });
    const { message, retry } =
      code === undefined
        ? { message: "The server failed; its log says why.", retry: "never" }
        : (error as Failure);
    respond(response, code === undefined ? 500 : 400, {
      error: { code: code ?? "internal", message, retry },
    });
  }
}

function respond(response: ServerResponse, status: number, value: unknown): void {
  // A body that was too large is not read to its end.
  if (status !== 200) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > CONTROL_BODY_BYTES_MAX) {
      throw new Failure("bad-request", `A call has at most ${CONTROL_BODY_BYTES_MAX} bytes.`);
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new Failure("bad-request", "The body is not JSON.", { cause });
  }
}
