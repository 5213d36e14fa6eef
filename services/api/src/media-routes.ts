/**
 * Files over HTTP: uploads that go on where they ended, and downloads that ask at every request who may read.
 * Source: docs/protocol/http.md.
 */
import { Readable } from "node:stream";
import type { AccountCalls, MediaCalls, MediaContent, UploadStatus } from "@parley/contracts";
import { Failure, type Logger, failureCode, messageOf } from "@parley/base";
import { MEDIA_KINDS, type MediaKind, parseConversationId, parseMediaId } from "@parley/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { answers, AS_USER, COUNT, fileOf, json, nothing, object, TEXT } from "./api-schemas.js";
import { authenticate } from "./authenticate.js";
import { parseRange } from "./byte-range.js";
import { DATA_POLICY } from "./security-headers.js";

/** Of a part of a path: the longest conversation id, all of it encoded. */
export const PARAM_LENGTH_MAX = 400;
/** Downloads at a time: each holds a few blocks in memory. */
export const DOWNLOADS_MAX = 256;
/** A download of which nothing is taken for so long has ended. */
const IDLE_MS = 60_000;
const OFFSET = "upload-offset";
const LENGTH = "upload-length";
/** A file is nobody's page: nothing in it runs, wherever it is opened. */
const FILE_HEADERS = {
  "content-security-policy": DATA_POLICY,
  // Whoever has it asks whether it may still be shown.
  "cache-control": "private, no-cache",
  "accept-ranges": "bytes",
  vary: "authorization",
} as const;

export interface MediaRoutesOptions {
  readonly accounts: AccountCalls;
  readonly media: MediaCalls;
  readonly logger: Logger;
}

interface CreateBody {
  readonly size: number;
  readonly name: string;
  readonly type?: string;
  readonly kind?: MediaKind;
}

const CREATE_SCHEMA = {
  summary: "Begin an upload",
  security: AS_USER,
  response: answers({
    201: json("It goes on from the offset.", object({ mediaId: TEXT, chunkBytes: COUNT, offset: COUNT })),
  }),
  body: {
    type: "object",
    required: ["size", "name"],
    properties: {
      size: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      name: { type: "string", maxLength: 4_096 },
      type: { type: "string", maxLength: 255 },
      kind: { type: "string", enum: MEDIA_KINDS },
    },
  },
} as const;

const OF_UPLOAD = { security: AS_USER, params: object({ id: TEXT }) };
const THUMBNAIL = {
  querystring: object({ thumbnail: { ...TEXT, description: "1: the small picture of it" } }, ["thumbnail"]),
};
const STATUS_SCHEMA = {
  ...OF_UPLOAD,
  summary: "How far an upload is",
  response: answers({ 204: nothing("As the headers Upload-Offset and Upload-Length say.") }),
};
const APPEND_SCHEMA = {
  ...OF_UPLOAD,
  summary: "Go on with an upload",
  description:
    "The body is bytes, application/octet-stream; the header Upload-Offset says where they belong.",
  consumes: ["application/octet-stream"],
  response: answers({ 204: nothing("They are stored; Upload-Offset says how far it is.") }),
};
const COMPLETE_SCHEMA = {
  ...OF_UPLOAD,
  summary: "Complete an upload",
  response: answers({
    200: json("What was found in it: the MediaBody of a message.", {
      type: "object",
      additionalProperties: true,
    }),
  }),
};
const CANCEL_SCHEMA = {
  ...OF_UPLOAD,
  summary: "Give an upload up",
  response: answers({ 204: nothing("It is gone, or was not there.") }),
};
const OF_FILE = { 200: fileOf("The file."), 206: fileOf("A part of it."), 304: nothing("It is as it was.") };
const READ_SCHEMA = {
  ...OF_UPLOAD,
  ...THUMBNAIL,
  summary: "Read a file of one's own",
  response: answers(OF_FILE),
};
const READ_OF_MESSAGE_SCHEMA = {
  ...THUMBNAIL,
  summary: "Read a file of a message",
  security: AS_USER,
  params: object({ conversationId: TEXT, sequence: TEXT, mediaId: TEXT }),
  response: answers(OF_FILE),
};

interface OfUpload {
  readonly Params: { readonly id: string };
  readonly Querystring: { readonly thumbnail?: string };
}

interface OfMessage {
  readonly Params: { readonly conversationId: string; readonly sequence: string; readonly mediaId: string };
  readonly Querystring: { readonly thumbnail?: string };
}

export async function addMediaRoutes(api: FastifyInstance, options: MediaRoutesOptions): Promise<void> {
  await api.register(async (scope) => {
    // Only here, and never gathered in memory.
    scope.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
    addUploadRoutes(scope, options);
    addDownloadRoutes(scope, options);
  });
}

function addUploadRoutes(api: FastifyInstance, { accounts, media }: MediaRoutesOptions): void {
  api.post<{ Body: CreateBody }>("/v1/media", { schema: CREATE_SCHEMA }, async (request, reply) => {
    const session = await authenticate(accounts, request);
    const { size, name, type = "", kind } = request.body;
    const what = { bytes: size, name, type, ...(kind === undefined ? {} : { kind }) };
    const { mediaId, chunkBytes, offset } = await media.createUpload(session, what);
    return reply.code(201).send({ mediaId, chunkBytes, offset });
  });
  api.head<OfUpload>(
    "/v1/media/:id",
    { schema: STATUS_SCHEMA, config: { swagger: { exposeHeadRoute: true } } },
    async (request, reply) => {
      const session = await authenticate(accounts, request);
      const status = await media.uploadStatus(session, parseMediaId(request.params.id));
      return withOffset(reply, status).code(204).send();
    },
  );
  api.patch<OfUpload>("/v1/media/:id", { schema: APPEND_SCHEMA }, async (request, reply) => {
    const session = await authenticate(accounts, request);
    const mediaId = parseMediaId(request.params.id);
    const body = request.body as Readable | undefined;
    if (!(body instanceof Readable)) {
      throw new Failure("bad-request", "Send bytes, with content-type: application/octet-stream.", {
        retry: "after-change",
      });
    }
    const part = { offset: offsetOf(request), source: bytesOf(body), stop: () => void body.destroy() };
    const offset = await offsetTold(reply, () => media.appendUpload(session, mediaId, part));
    return reply.header(OFFSET, offset).code(204).send();
  });
  api.post<OfUpload>("/v1/media/:id/complete", { schema: COMPLETE_SCHEMA }, async (request, reply) => {
    const session = await authenticate(accounts, request);
    const mediaId = parseMediaId(request.params.id);
    return offsetTold(reply, () => media.completeUpload(session, mediaId));
  });
  api.delete<OfUpload>("/v1/media/:id", { schema: CANCEL_SCHEMA }, async (request, reply) => {
    const session = await authenticate(accounts, request);
    await media.cancelUpload(session, parseMediaId(request.params.id));
    return reply.code(204).send();
  });
}

function addDownloadRoutes(api: FastifyInstance, { accounts, media, logger }: MediaRoutesOptions): void {
  const downloads = new Downloads(logger);
  const route = { exposeHeadRoute: false };
  api.get<OfUpload>("/v1/media/:id", { ...route, schema: READ_SCHEMA }, async (request, reply) => {
    const session = await authenticate(accounts, request);
    const what = { isThumbnail: isThumbnail(request.query) };
    return downloads.send(
      request,
      reply,
      await media.openUpload(session, parseMediaId(request.params.id), what),
    );
  });
  const path = "/v1/conversations/:conversationId/messages/:sequence/media/:mediaId";
  api.get<OfMessage>(path, { ...route, schema: READ_OF_MESSAGE_SCHEMA }, async (request, reply) => {
    const session = await authenticate(accounts, request);
    const { conversationId, sequence, mediaId } = request.params;
    const content = await media.openOfMessage(session, {
      conversationId: parseConversationId(conversationId),
      sequence: /^\d{1,16}$/.test(sequence) ? Number(sequence) : 0,
      mediaId: parseMediaId(mediaId),
      isThumbnail: isThumbnail(request.query),
    });
    return downloads.send(request, reply, content);
  });
}

class Downloads {
  readonly #logger: Logger;
  #running = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  async send(request: FastifyRequest, reply: FastifyReply, content: MediaContent): Promise<FastifyReply> {
    const { mediaId, bytes, type, name, isInline } = content;
    const etag = `"${mediaId}-${bytes}"`;
    reply.headers({ ...FILE_HEADERS, etag });
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    const range = parseRange(rangeHeader(request, etag), bytes);
    if (range === "unsatisfiable") {
      reply.header("content-range", `bytes */${bytes}`);
      throw Object.assign(new Error(`The file has ${bytes} bytes.`), { statusCode: 416 });
    }
    const { start, end } = range ?? { start: 0, end: bytes };
    const stream = await this.#open(reply, content, { start, end });
    if (range !== undefined) reply.code(206).header("content-range", `bytes ${start}-${end - 1}/${bytes}`);
    return reply
      .type(type)
      .header("content-length", end - start)
      .header("content-disposition", disposition(isInline, name))
      .send(stream);
  }

  async #open(
    reply: FastifyReply,
    content: MediaContent,
    { start, end }: { readonly start: number; readonly end: number },
  ): Promise<Readable> {
    if (this.#running >= DOWNLOADS_MAX) {
      throw new Failure("too-many-requests", "Too many downloads at a time: wait.", {
        retry: "same",
        retryAfterMs: 1_000,
      });
    }
    this.#running += 1;
    let isOver = false;
    const over = (): void => {
      if (!isOver) this.#running -= 1;
      isOver = true;
    };
    try {
      const pieces = content.read(start, end)[Symbol.asyncIterator]();
      // Before anything is answered: what cannot be read at all is told as such.
      const first = await pieces.next();
      const stream = Readable.from(allOf(first, pieces), { objectMode: false });
      stream.once("close", over);
      stream.once("error", (error) => {
        this.#logger.error("media-download-failed", { mediaId: content.mediaId, error: messageOf(error) });
      });
      reply.raw.setTimeout(IDLE_MS, () => void reply.raw.destroy());
      return stream;
    } catch (error) {
      over();
      throw error;
    }
  }
}

async function* allOf(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** The bytes of a request. When it breaks off the connection stays, so that the answer can be given. */
async function* bytesOf(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of body.iterator({ destroyOnReturn: false })) yield bytes as Uint8Array;
  } catch (cause) {
    const message = "The upload ended early: ask how far it has come, and go on from there.";
    throw new Failure("bad-request", message, { retry: "after-change", cause });
  }
}

/** What `task` gives; with the right offset in the answer when it was a wrong one. */
async function offsetTold<T>(reply: FastifyReply, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (failureCode(error) === OFFSET) reply.header(OFFSET, (error as Failure).details["offset"]);
    throw error;
  }
}

function withOffset(reply: FastifyReply, { offset, bytes }: UploadStatus): FastifyReply {
  return reply.header(OFFSET, offset).header(LENGTH, bytes).header("cache-control", "no-store");
}

/** Errors: "bad-request". */
function offsetOf(request: FastifyRequest): number {
  const header = request.headers[OFFSET];
  const offset = typeof header === "string" && /^\d{1,16}$/.test(header) ? Number(header) : Number.NaN;
  if (Number.isSafeInteger(offset)) return offset;
  throw new Failure("bad-request", "Say where the bytes belong, as: Upload-Offset: 0.", {
    retry: "after-change",
  });
}

function isThumbnail({ thumbnail }: { readonly thumbnail?: string }): boolean {
  return thumbnail === "1";
}

/** A range is of the file that the client has a part of, or it is not meant. */
function rangeHeader(request: FastifyRequest, etag: string): string | undefined {
  const ifRange = request.headers["if-range"];
  return ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
}

/** The name in both forms of RFC 6266: signs that a header may not have only in the encoded one. */
function disposition(isInline: boolean, name: string): string {
  const plain = name.replace(/[^\u0020-\u007e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${isInline ? "inline" : "attachment"}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
