/** Reads what a device sends over HTTP, within bounds. */
import type { IncomingMessage } from "node:http";
import { Failure } from "@parley/base";
import { STREAM_UPLOAD_BYTES_MAX } from "@parley/protocol";

/** Bytes of all uploads under way. */
const READING_BYTES_MAX = 64 * 1024 * 1024;

/** Bytes that all uploads together may hold while they come in. */
export class UploadBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = READING_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** What is taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes room for what has come. Errors: "too-many-requests" when there is none. */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#bytesMax)
      throw new Failure("too-many-requests", "Too much is being sent.", { retry: "same" });
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * The whole content of a request, which stands in `underWay` meanwhile. Errors: "packet-too-large"; "too-many-requests" when
 * others hold the room; another error when the request was cut.
 */
export async function readUpload(
  request: IncomingMessage,
  budget: UploadBudget,
  underWay: Set<IncomingMessage>,
): Promise<Uint8Array> {
  const tooLarge = (): Failure =>
    new Failure("packet-too-large", `An upload has at most ${STREAM_UPLOAD_BYTES_MAX} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > STREAM_UPLOAD_BYTES_MAX) throw tooLarge();
  const pieces: Buffer[] = [];
  let bytes = 0;
  underWay.add(request);
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      request.on("data", (piece: Buffer) => {
        try {
          budget.take(piece.length);
        } catch (error) {
          stop(request, reject, error);
          return;
        }
        bytes += piece.length;
        pieces.push(piece);
        if (bytes > STREAM_UPLOAD_BYTES_MAX) stop(request, reject, tooLarge());
      });
      request.on("end", () => resolve(Buffer.concat(pieces)));
      request.on("close", () => reject(new Error("The request was cut.")));
    });
  } finally {
    underWay.delete(request);
    budget.give(bytes);
  }
}

/** What still comes is not listened to; the answer ends the connection. */
function stop(request: IncomingMessage, reject: (error: unknown) => void, error: unknown): void {
  request.removeAllListeners("data");
  request.pause();
  reject(error);
}
