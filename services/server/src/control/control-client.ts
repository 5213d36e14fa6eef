/** The operations of a running server, over its control socket. */
import { type IncomingMessage, request } from "node:http";
import { Failure, type Retry } from "@parley/base";
import { type Operations, operationsOver } from "./operations.js";

const CALL_MS_MAX = 60_000;

/**
 * Errors of every call: what the operation fails with, and "unavailable" when the server does not answer within a minute
 * or goes away; whether the operation was done is then not known.
 */
export function remoteOperations(socketPath: string): Operations {
  return operationsOver((name, argument) => call(socketPath, `/${name}`, argument));
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly retry: Retry };
}

async function call(socketPath: string, path: string, argument: unknown): Promise<unknown> {
  const body = JSON.stringify(argument);
  const answer = JSON.parse(await post(socketPath, path, body)) as Answer;
  if (answer.error !== undefined) {
    throw new Failure(answer.error.code, answer.error.message, { retry: answer.error.retry });
  }
  return answer.result;
}

function post(socketPath: string, path: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      const message = `The server behind ${socketPath} does not answer: see its log.`;
      reject(new Failure("unavailable", message, { retry: "same", cause }));
    };
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const outgoing = request(
      { socketPath, path, method: "POST", headers, timeout: CALL_MS_MAX },
      (incoming) => {
        readAll(incoming).then(resolve, fail);
      },
    );
    outgoing.once("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.once("error", fail);
    outgoing.end(body);
  });
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
