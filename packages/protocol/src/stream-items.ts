/**
 * How packets travel over HTTP where WebSockets are blocked: as items, one after the other.
 *
 *   item     length (4 bytes, big-endian, of what follows) | kind (1 byte) | content
 *
 * Source: docs/protocol/streams.md.
 */
import { Failure } from "@parley/base";
import { readUtf8, writeUtf8 } from "./codec/utf8.js";
import { PACKET_BYTES_MAX } from "./limits.js";

/** Where a stream is opened; its uploads go to `STREAM_PATH/ID?number=N`. */
export const STREAM_PATH = "/v1/stream";
/** Content of an upload: all items that a client sends with one request. */
export const STREAM_UPLOAD_BYTES_MAX = 1024 * 1024;
/** Characters of the id of a stream: 128 bits in hexadecimal. */
export const STREAM_ID_LENGTH = 32;

/** Kinds of items. A reader skips those that it does not know. */
export const STREAM_ITEM = {
  /** To the client, the first one: the id of the stream, in ASCII. */
  id: 1,
  /** In both directions: a packet. */
  packet: 2,
  /** To the client, the last one: a close code (2 bytes, big-endian) and its reason in UTF-8. */
  close: 3,
} as const;

const LENGTH_BYTES = 4;
const HEAD_BYTES = LENGTH_BYTES + 1;
/** A packet that is too large is still read as far as this, so that it is answered with the code that tells it. */
const ITEM_BYTES_MAX = PACKET_BYTES_MAX * 2;

/** One item. */
export interface StreamItem {
  readonly kind: number;
  /** Shares no memory with what was read. */
  readonly content: Uint8Array;
}

/** The bytes of an item. */
export function streamItem(kind: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + content.length);
  new DataView(bytes.buffer).setUint32(0, content.length + 1);
  bytes[LENGTH_BYTES] = kind;
  bytes.set(content, HEAD_BYTES);
  return bytes;
}

/** The item that ends a stream. */
export function streamClose(code: number, reason: string): Uint8Array {
  const content = new Uint8Array(2 + reason.length * 3);
  new DataView(content.buffer).setUint16(0, code);
  const bytes = writeUtf8(reason, content, 2);
  return streamItem(STREAM_ITEM.close, content.subarray(0, 2 + bytes));
}

/** What the last item says. Errors: "malformed". */
export function readStreamClose(content: Uint8Array): { readonly code: number; readonly reason: string } {
  if (content.length < 2) throw malformed("The last item has no close code.");
  const code = new DataView(content.buffer, content.byteOffset).getUint16(0);
  try {
    return { code, reason: readUtf8(content, 2, content.length) };
  } catch (cause) {
    throw new Failure("malformed", "The reason of the last item is not UTF-8.", { cause });
  }
}

/** Makes items of bytes that come in pieces of any size. Cost: holds one item, of 512 KiB at most. */
export class StreamItemReader {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** Whether what was read ends with an item. */
  get isAtEnd(): boolean {
    return this.#length === 0;
  }

  /** The items that `piece` completes. Errors: "malformed" for a length that no item has. */
  read(piece: Uint8Array): StreamItem[] {
    const items: StreamItem[] = [];
    let at = 0;
    while (at < piece.length) {
      const wanted = this.#wanted();
      const taken = piece.subarray(at, at + wanted - this.#length);
      this.#append(taken, wanted);
      at += taken.length;
      if (this.#length < HEAD_BYTES || this.#length < this.#wanted()) continue;
      items.push({ kind: this.#bytes[LENGTH_BYTES]!, content: this.#bytes.slice(HEAD_BYTES, this.#length) });
      this.#length = 0;
    }
    return items;
  }

  /** Bytes of the item under way: first of its length alone. */
  #wanted(): number {
    if (this.#length < LENGTH_BYTES) return LENGTH_BYTES;
    const length = new DataView(this.#bytes.buffer).getUint32(0);
    if (length === 0 || length > ITEM_BYTES_MAX) throw malformed(`An item has ${length} bytes.`);
    return LENGTH_BYTES + length;
  }

  /** Room grows with what came, not with what a length says will come. */
  #append(taken: Uint8Array, wanted: number): void {
    const length = this.#length + taken.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(wanted, Math.max(length, this.#bytes.length * 2)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(taken, this.#length);
    this.#length = length;
  }
}

function malformed(message: string): Failure {
  return new Failure("malformed", message);
}
