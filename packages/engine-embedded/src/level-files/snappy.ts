import { ByteReader } from "./varint.js";

/** Far beyond any block of a table. */
const BYTES_MAX = 64 * 1024 * 1024;

/**
 * What a Snappy block holds, or undefined when it is none.
 * Source: format_description.txt of google/snappy.
 */
export function unsnappy(packed: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(packed);
  const length = reader.varint();
  if (length === undefined || length > BYTES_MAX) return undefined;
  const out = new Uint8Array(length);
  let end = 0;
  while (!reader.isAtEnd) {
    const [tag] = reader.take(1)!;
    if ((tag! & 3) === 0) {
      const literal = takeLiteral(reader, tag! >>> 2);
      if (literal === undefined || end + literal.length > length) return undefined;
      out.set(literal, end);
      end += literal.length;
      continue;
    }
    const copy = takeCopy(reader, tag!);
    if (copy === undefined || copy.back === 0 || copy.back > end || end + copy.length > length)
      return undefined;
    // One by one: a copy may repeat what it has just written.
    for (let left = copy.length; left > 0; left--, end++) out[end] = out[end - copy.back]!;
  }
  return end === length ? out : undefined;
}

/** `size` up to 59 is the length less one; beyond, it tells how many bytes hold that. */
function takeLiteral(reader: ByteReader, size: number): Uint8Array | undefined {
  if (size < 60) return reader.take(size + 1);
  const length = littleEndian(reader.take(size - 59));
  return length === undefined ? undefined : reader.take(length + 1);
}

function takeCopy(reader: ByteReader, tag: number): { length: number; back: number } | undefined {
  const kind = tag & 3;
  const low = littleEndian(reader.take(kind === 3 ? 4 : kind));
  if (low === undefined) return undefined;
  if (kind === 1) return { length: ((tag >>> 2) & 7) + 4, back: (tag >>> 5) * 256 + low };
  return { length: (tag >>> 2) + 1, back: low };
}

function littleEndian(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.reduceRight((value, byte) => value * 256 + byte, 0);
}
