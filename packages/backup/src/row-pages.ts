/**
 * Rows in a file of a backup. All integers are little-endian; docs/operations/backup.md has a worked example.
 *
 *   rows := "PARLEYR1" page*
 *   page := length of the body u32 · crc32 of the body u32 · body
 *   body := (length of the key u32 · length of the value u32 · key · value)*
 *
 * Key and value are the stored bytes: the value begins with the checksum that the tables keep of both.
 */
import type { StoredRow } from "@parley/engine-embedded";
import { crc32 } from "node:zlib";

export const ROWS_MAGIC = Buffer.from("PARLEYR1", "ascii");
const PAGE_PREFIX_BYTES = 8;
const ROW_PREFIX_BYTES = 8;
/** Pages are made of about 256 KiB; one with a very large row is larger. What claims to be above this is damaged. */
const PAGE_BYTES_MAX = 64 * 1024 * 1024;

export function encodePage(rows: readonly StoredRow[]): Buffer {
  let bytes = PAGE_PREFIX_BYTES;
  for (const [key, stored] of rows) bytes += ROW_PREFIX_BYTES + key.length + stored.length;
  const page = Buffer.allocUnsafe(bytes);
  let at = PAGE_PREFIX_BYTES;
  for (const [key, stored] of rows) {
    page.writeUInt32LE(key.length, at);
    page.writeUInt32LE(stored.length, at + 4);
    page.set(key, at + ROW_PREFIX_BYTES);
    page.set(stored, at + ROW_PREFIX_BYTES + key.length);
    at += ROW_PREFIX_BYTES + key.length + stored.length;
  }
  page.writeUInt32LE(bytes - PAGE_PREFIX_BYTES, 0);
  page.writeUInt32LE(crc32(page.subarray(PAGE_PREFIX_BYTES)), 4);
  return page;
}

/** Takes a file of rows apart as its bytes come. */
export class PageReader {
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Where the next page begins in the file. */
  #position = 0;
  #hasBegun = false;

  /** Where the bytes begin that are not part of a whole page yet. */
  get position(): number {
    return this.#position;
  }

  /** Whether every byte so far was part of a whole page. */
  get isWhole(): boolean {
    return this.#hasBegun && this.#waitingBytes === 0;
  }

  /** The whole pages that the bytes complete. Undefined when what is at `position` is damaged. */
  add(bytes: Buffer): readonly (readonly StoredRow[])[] | undefined {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    const pages: (readonly StoredRow[])[] = [];
    if (!this.#hasBegun) {
      if (this.#waitingBytes < ROWS_MAGIC.length) return pages;
      if (!this.#peek(ROWS_MAGIC.length).subarray(0, ROWS_MAGIC.length).equals(ROWS_MAGIC)) return undefined;
      this.#take(ROWS_MAGIC.length);
      this.#hasBegun = true;
    }
    for (;;) {
      if (this.#waitingBytes < PAGE_PREFIX_BYTES) return pages;
      const length = this.#peek(PAGE_PREFIX_BYTES).readUInt32LE(0);
      if (length > PAGE_BYTES_MAX) return undefined;
      if (this.#waitingBytes < PAGE_PREFIX_BYTES + length) return pages;
      const page = this.#peek(PAGE_PREFIX_BYTES + length);
      const rows = decodePage(page.subarray(0, PAGE_PREFIX_BYTES + length));
      if (rows === undefined) return undefined;
      this.#take(PAGE_PREFIX_BYTES + length);
      pages.push(rows);
    }
  }

  /** At least so many bytes in one piece. */
  #peek(bytes: number): Buffer {
    if (this.#waiting[0]!.length < bytes) this.#waiting = [Buffer.concat(this.#waiting)];
    return this.#waiting[0]!;
  }

  #take(bytes: number): Buffer {
    const first = this.#peek(bytes);
    if (first.length === bytes) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(bytes);
    this.#waitingBytes -= bytes;
    this.#position += bytes;
    return first.subarray(0, bytes);
  }
}

function decodePage(page: Buffer): readonly StoredRow[] | undefined {
  if (crc32(page.subarray(PAGE_PREFIX_BYTES)) !== page.readUInt32LE(4)) return undefined;
  const rows: StoredRow[] = [];
  for (let at = PAGE_PREFIX_BYTES; at < page.length;) {
    if (at + ROW_PREFIX_BYTES > page.length) return undefined;
    const keyEnd = at + ROW_PREFIX_BYTES + page.readUInt32LE(at);
    const end = keyEnd + page.readUInt32LE(at + 4);
    if (end > page.length) return undefined;
    rows.push([page.subarray(at + ROW_PREFIX_BYTES, keyEnd), page.subarray(keyEnd, end)]);
    at = end;
  }
  return rows;
}
