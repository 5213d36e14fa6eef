/** A server of files in memory, behind the port for HTTP, that does what a test says with each request. */
import { Failure } from "@parley/base";
import type { Http, HttpAnswer, HttpRequest } from "../common/http.js";

/**
 * "answer"; "lost": it never arrives; "unanswered": it is done, and the answer is lost; "cut": of what it brings only a part
 * arrives; "busy": it is refused for now.
 */
export type MediaFault = "answer" | "lost" | "unanswered" | "cut" | "busy";

interface StoredUpload {
  readonly size: number;
  readonly name: string;
  readonly type: string;
  stored: Uint8Array;
  isComplete: boolean;
}

/** What the server stores at a time. */
const SCRIPTED_PART_BYTES = 10;
const CHUNK_BYTES = 40;

export class ScriptedMedia {
  readonly uploads = new Map<string, StoredUpload>();
  /** "METHOD path" of everything that arrived, with the offset. */
  readonly arrived: string[] = [];
  readonly tokens = new Set<string | undefined>();
  /** What becomes of the next requests; of those behind them, "answer". */
  faults: MediaFault[] = [];
  /** Refuses every request so. */
  refusal: { readonly status: number; readonly code: string } | undefined;
  /** Requests of which the answer never comes. */
  isSilent = false;
  /** The file of any message. */
  file = new Uint8Array(0);
  /** It answers with the whole always. */
  isWithoutRanges = false;
  #nextId = 1;

  readonly http: Http = (request) => {
    let cancel: () => void = () => undefined;
    const cancelled = new Promise<never>((_resolve, reject) => {
      cancel = () => reject(new Error("The request was cancelled."));
    });
    cancelled.catch(() => undefined);
    const answer = this.isSilent ? cancelled : Promise.race([this.#handle(request), cancelled]);
    return { answer, cancel };
  };

  async #handle(request: HttpRequest): Promise<HttpAnswer> {
    await Promise.resolve();
    const fault = this.faults.shift() ?? "answer";
    if (fault === "lost") throw new Error("The connection is lost.");
    this.tokens.add(request.headers["authorization"]);
    if (this.refusal !== undefined) return refused(this.refusal.status, this.refusal.code);
    if (fault === "busy") return refused(503, "unavailable");
    const path = new URL(request.url).pathname.replace("/v1/media", "");
    const offset = request.headers["upload-offset"];
    this.arrived.push([request.method, path, ...(offset === undefined ? [] : [offset])].join(" "));
    const answer = this.#answer(request, path, fault === "cut");
    if (fault === "unanswered" || fault === "cut") throw new Error("The connection is lost.");
    return answer;
  }

  #answer({ method, headers, body }: HttpRequest, path: string, isCut: boolean): HttpAnswer {
    if (path.startsWith("/v1/conversations/")) return this.#read(headers["range"]);
    if (method === "POST" && path === "") return this.#create(JSON.parse(body as string) as StoredUpload);
    const [, id = "", action] = path.split("/");
    const upload = this.uploads.get(id);
    if (upload === undefined) return refused(404, "media-unknown");
    if (method === "DELETE") {
      this.uploads.delete(id);
      return answered(204, "");
    }
    if (method === "HEAD") return answered(204, "", { "upload-offset": String(upload.stored.length) });
    if (action === "complete") return this.#complete(id, upload);
    if (Number(headers["upload-offset"]) !== upload.stored.length) {
      return refused(409, "upload-offset", { "upload-offset": String(upload.stored.length) });
    }
    const bytes = body as Uint8Array;
    const came = isCut ? bytes.subarray(0, bytes.length / 2) : bytes;
    const end = upload.stored.length + came.length;
    const kept = end === upload.size ? came.length : came.length - (end % SCRIPTED_PART_BYTES);
    upload.stored = Uint8Array.from([...upload.stored, ...came.subarray(0, Math.max(0, kept))]);
    return answered(204, "", { "upload-offset": String(upload.stored.length) });
  }

  #read(range = ""): HttpAnswer {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/u.exec(range) ?? [];
    const type = { "content-type": "image/png" };
    if (first === undefined || this.isWithoutRanges) return answered(200, this.file, type);
    const bytes = this.file.subarray(Number(first), Number(last) + 1);
    const end = Number(first) + bytes.length - 1;
    return answered(206, bytes, { ...type, "content-range": `bytes ${first}-${end}/${this.file.length}` });
  }

  #create({ size, name, type }: Pick<StoredUpload, "size" | "name" | "type">): HttpAnswer {
    const mediaId = (this.#nextId++).toString(16).padStart(32, "0");
    this.uploads.set(mediaId, { size, name, type, stored: new Uint8Array(0), isComplete: false });
    return answered(201, JSON.stringify({ mediaId, offset: 0, chunkBytes: CHUNK_BYTES }));
  }

  #complete(mediaId: string, upload: StoredUpload): HttpAnswer {
    const { stored, size, name } = upload;
    if (stored.length < size)
      return refused(409, "upload-offset", { "upload-offset": String(stored.length) });
    upload.isComplete = true;
    const found = { kind: "image", type: "image/png", width: 3, height: 2, hasThumbnail: true };
    return answered(200, JSON.stringify({ mediaId, name, bytes: size, ...found }));
  }
}

function answered(
  status: number,
  content: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status,
    header: (name) => headers[name] ?? null,
    bytes: async () => (typeof content === "string" ? new TextEncoder().encode(content) : content),
    text: async () => (typeof content === "string" ? content : new TextDecoder().decode(content)),
  };
}

function refused(status: number, code: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const { message } = new Failure(code, `Refused: ${code}.`);
  return answered(status, JSON.stringify({ code, detail: message }), headers);
}
