/** Reads an answer that may be longer than it says, slower, or far larger once it is decompressed. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { constants, createBrotliDecompress, createGunzip } from "node:zlib";
import { FETCH_BYTES_MAX } from "./fetcher.js";

/** Both what comes and what it is decompressed to are bounded. What was cut off is decompressed as far as it goes. */
const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
  "x-gzip": () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
};

/** At most FETCH_BYTES_MAX of it. Errors: for an encoding that was not asked for, and whatever reading throws. */
export async function readBody(
  response: IncomingMessage,
  encoding: string = "identity",
): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean }> {
  if (encoding === "identity" || encoding === "") return collect(response);
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding]!() : undefined;
  if (decoder === undefined) {
    response.destroy();
    throw new Error("an encoding that was not asked for");
  }
  const raw = Readable.from(firstOf(response));
  // A pipe does not pass errors on.
  raw.once("error", (error) => (decoder as Readable & NodeJS.WritableStream).destroy(error));
  raw.pipe(decoder);
  try {
    return await collect(decoder as unknown as AsyncIterable<Buffer>);
  } finally {
    raw.destroy();
    response.destroy();
  }
}

async function collect(
  source: AsyncIterable<Buffer>,
): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean }> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of source) {
    parts.push(part.subarray(0, FETCH_BYTES_MAX - length));
    length += part.length;
    // Leaving the loop ends the source.
    if (length > FETCH_BYTES_MAX) return { bytes: Buffer.concat(parts), isCut: true };
  }
  return { bytes: Buffer.concat(parts), isCut: false };
}

async function* firstOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const part of source) {
    yield part.subarray(0, FETCH_BYTES_MAX - length);
    length += part.length;
    if (length >= FETCH_BYTES_MAX) return;
  }
}
