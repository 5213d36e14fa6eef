/** How a simulated device reaches the files of the server: the media service behind a line that delays, cuts and loses. */
import { failureCode } from "@parley/base";
import type { Http, HttpAnswer, HttpRequest } from "@parley/client";
import type { MediaCalls, Session } from "@parley/contracts";
import { parseConversationId, parseMediaId } from "@parley/protocol";
import type { Services } from "@parley/server";
import type { Kernel, Process } from "./kernel.js";
import type { SeededRandom } from "./seeded-random.js";

/** How often it is asked whether the server is still the same one. */
const LOOK_MS = 50;
const DELAY_MS = 20;
const LOSS_CHANCE = 0.08;

export interface MediaLineOptions {
  readonly kernel: Kernel;
  /** The device's. */
  readonly process: Process;
  readonly random: SeededRandom;
  /** Undefined while the server does not run. */
  readonly services: () => Services | undefined;
  /** Nothing is lost any more. */
  readonly isHealed: () => boolean;
}

/** The port for HTTP of a device. */
export function mediaLine(options: MediaLineOptions): Http {
  return (request) => {
    let cancel: () => void = () => undefined;
    const cancelled = new Promise<never>((_resolve, reject) => {
      cancel = () => reject(new Error("The request was cancelled."));
    });
    cancelled.catch(() => undefined);
    return { answer: Promise.race([carry(request, options), cancelled]), cancel };
  };
}

async function carry(request: HttpRequest, options: MediaLineOptions): Promise<HttpAnswer> {
  const { process, random, services } = options;
  const isLost = (): boolean => !options.isHealed() && random.isTrue(LOSS_CHANCE);
  const pass = (): Promise<void> => process.sleep(random.waitMs(DELAY_MS), `${process.name} file request`);
  await pass();
  const server = services();
  if (server?.media === undefined || isLost()) throw lost();
  const watch = whileSame(server, options);
  try {
    const answer = await Promise.race([answerOf(server, request, isLost()), watch.gone]);
    await pass();
    if (isLost()) throw lost();
    return answer;
  } finally {
    watch.stop();
  }
}

/** `gone` rejects when the server ends: what a dead process says, it never said. */
function whileSame(
  server: Services,
  { kernel, services }: MediaLineOptions,
): { readonly gone: Promise<never>; readonly stop: () => void } {
  let isOver = false;
  const gone = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      if (isOver) return;
      if (services() === server) kernel.after(LOOK_MS, "looks for the server", look);
      else reject(lost());
    };
    look();
  });
  gone.catch(() => undefined);
  return { gone, stop: () => void (isOver = true) };
}

async function answerOf(server: Services, request: HttpRequest, isCut: boolean): Promise<HttpAnswer> {
  const token = (request.headers["authorization"] ?? "").replace("Bearer ", "");
  try {
    const session = await server.accounts.verify(token);
    return await routed(server.media!.service, session, request, isCut);
  } catch (error) {
    const code = failureCode(error);
    if (code === undefined) throw error;
    const offset = (error as { details?: { offset?: number } }).details?.offset;
    const headers = offset === undefined ? {} : { "upload-offset": String(offset) };
    return answered(404, { code, detail: code }, headers);
  }
}

/** As `media-routes.ts` of the API does. */
async function routed(
  media: MediaCalls,
  session: Session,
  { method, url, headers, body }: HttpRequest,
  isCut: boolean,
): Promise<HttpAnswer> {
  const [, , kind, first = "", , second = "", , third = ""] = new URL(url).pathname.split("/");
  if (kind === "conversations") {
    const content = await media.openOfMessage(session, {
      conversationId: parseConversationId(decodeURIComponent(first)),
      sequence: Number(second),
      mediaId: parseMediaId(third),
      isThumbnail: false,
    });
    return answered(200, await bytesOf(content.read(0, content.bytes)));
  }
  if (first === "") {
    const { size, ...what } = JSON.parse(body as string) as { size: number; name: string; type: string };
    return answered(201, await media.createUpload(session, { ...what, bytes: size }));
  }
  const mediaId = parseMediaId(first);
  if (method === "POST") return answered(200, await media.completeUpload(session, mediaId));
  if (method === "DELETE") {
    await media.cancelUpload(session, mediaId);
    return answered(204, {});
  }
  if (method === "HEAD") {
    const { offset } = await media.uploadStatus(session, mediaId);
    return answered(204, {}, { "upload-offset": String(offset) });
  }
  const source = piecesOf(body as Uint8Array, isCut);
  const part = { offset: Number(headers["upload-offset"]), source, stop: () => undefined };
  const offset = await media.appendUpload(session, mediaId, part);
  return answered(204, {}, { "upload-offset": String(offset) });
}

async function* piecesOf(bytes: Uint8Array, isCut: boolean): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, bytes.length / 2);
  if (isCut) throw lost();
  yield bytes.subarray(bytes.length / 2);
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function answered(
  status: number,
  content: object | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
  return {
    status,
    header: (name) => headers[name] ?? null,
    bytes: async () => bytes,
    text: async () => Buffer.from(bytes).toString(),
  };
}

function lost(): Error {
  return new Error("The line is cut.");
}
