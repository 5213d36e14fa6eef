/** The primary as a standby reaches it, over HTTP or HTTPS. */
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import type { Primary, TailChunk } from "@parley/backup";
import { Failure, type Retry, failureCode } from "@parley/base";
import { readFrames } from "./standby-frames.js";
import { STANDBY_PATH } from "./standby-server.js";

/** Without a byte. */
const IDLE_MS_MAX = 30_000;
const JSON_BYTES_MAX = 64 * 1024 * 1024;

export interface PrimaryConnection extends Primary {
  /** Breaks off what is under way. */
  close(): void;
}

/** Errors: "usage" when the address is none. */
export function connectPrimary(address: string, token: string): PrimaryConnection {
  const url = parseAddress(address);
  const isTls = url.protocol === "https:";
  const agent = isTls ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  const open = new Set<{ destroy(error: Error): void }>();
  const call = (path: string, body: unknown): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const send = isTls ? httpsRequest : httpRequest;
      const text = JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      };
      const target = new URL(`${url.pathname.replace(/\/$/, "")}${STANDBY_PATH}${path}`, url);
      const outgoing = send(target, { method: "POST", headers, agent, timeout: IDLE_MS_MAX }, resolve);
      open.add(outgoing);
      outgoing.once("timeout", () => outgoing.destroy(new Error("no answer in time")));
      outgoing.once("error", (cause) => reject(unavailable(address, cause)));
      outgoing.once("close", () => open.delete(outgoing));
      outgoing.end(text);
    });
  /** The answer, or the failure that it tells. */
  const ask = async <T>(
    path: string,
    body: unknown,
    read: (answer: IncomingMessage) => Promise<T>,
  ): Promise<T> => {
    const answer = await call(path, body);
    try {
      if (answer.statusCode !== 200) throw refusal(await readAll(answer, JSON_BYTES_MAX));
      return await read(answer);
    } catch (error) {
      if (failureCode(error) !== undefined) throw error;
      throw unavailable(address, error);
    } finally {
      // What was not read to its end is of no use any more.
      if (!answer.complete) answer.destroy();
    }
  };
  return {
    base: (standby, sink) => {
      const path = `/base?standby=${encodeURIComponent(standby)}`;
      return ask(path, {}, (answer) => readFrames(answer as AsyncIterable<Buffer>, sink));
    },
    tail: (request) =>
      ask("/tail", request, async (answer) => {
        const about = JSON.parse(String(answer.headers["x-parley-tail"])) as Omit<TailChunk, "bytes">;
        return { ...about, bytes: await readAll(answer, request.bytesMax) };
      }),
    keys: () =>
      ask("/keys", {}, async (answer) => {
        const found = JSON.parse((await readAll(answer, JSON_BYTES_MAX)).toString("utf8")) as readonly {
          readonly name: string;
          readonly content: string;
        }[];
        for (const { name } of found) requireKeyName(name);
        return found.map(({ name, content }) => ({ name, content: Buffer.from(content, "base64") }));
      }),
    close() {
      for (const each of open) each.destroy(new Error("the standby stops"));
      agent.destroy();
    },
  };
}

function parseAddress(address: string): URL {
  try {
    const url = new URL(address);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  } catch {
    // Said below.
  }
  throw new Failure("usage", `${address} is no address: name the primary as http://host:port.`);
}

/** A name is a path on this machine. */
function requireKeyName(name: string): void {
  if (!/^keys(\/[\w-][\w.-]*){1,7}$/.test(name)) {
    throw new Failure("standby-refused", "The primary names a key that is none.");
  }
}

function refusal(body: Buffer): Failure {
  const { error } = JSON.parse(body.toString("utf8")) as {
    readonly error: { readonly code: string; readonly message: string; readonly retry: Retry };
  };
  return new Failure(error.code, error.message, { retry: error.retry });
}

async function readAll(answer: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error("the answer is larger than was asked for");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unavailable(address: string, cause: unknown): Failure {
  return new Failure("unavailable", `The primary at ${address} does not answer.`, { retry: "same", cause });
}
