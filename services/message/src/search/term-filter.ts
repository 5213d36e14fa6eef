/**
 * A Bloom filter of the terms of a chunk: it says that a term is not there, or that it may be. Messages that only some see are
 * left out of it, or what a search costs would tell others what they say: whoever searches looks at them in any case.
 *
 *   format: 1 byte   probes: 1 byte   count of messages left out: 2 bytes   the place of each in the chunk: 1 byte   bits
 */
import type { TermHash } from "./text-terms.js";

/** Raise it when the rules of kinds, plain words, folded texts or terms change: filters of another format count as missing. */
const FORMAT = 2;
/** 10 bits a term and 7 probes: 0.8 % false positives. */
const BITS_PER_TERM = 10;
const PROBES = 7;
const HEAD_BYTES = 4;

/** Shape: 4 bytes, one for each place left out, and 10 bits a term; at least 8 bytes of bits. Places are below 256. */
export function encodeFilter(terms: ReadonlySet<TermHash>, leftOut: readonly number[] = []): Uint8Array {
  const start = HEAD_BYTES + leftOut.length;
  const bytes = new Uint8Array(start + Math.max(8, Math.ceil((terms.size * BITS_PER_TERM) / 8)));
  bytes.set([FORMAT, PROBES, leftOut.length >>> 8, leftOut.length & 255, ...leftOut]);
  const bitCount = (bytes.length - start) * 8;
  for (const term of terms) {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = bitOf(term, probe, bitCount);
      bytes[start + (bit >>> 3)]! |= 1 << (bit & 7);
    }
  }
  return bytes;
}

/** Whether the filter can be asked: another version of this program may have written it. */
export function isFilter(bytes: Uint8Array): boolean {
  return bytes[0] === FORMAT && bytes[1] === PROBES && bytes.length > bitsStart(bytes);
}

/** The places in the chunk of the messages that it knows nothing of, ascending. */
export function placesLeftOut(filter: Uint8Array): readonly number[] {
  return [...filter.subarray(HEAD_BYTES, bitsStart(filter))];
}

/** False: every message of the chunk lacks one of these terms, but for those that are left out. */
export function mayHoldAll(filter: Uint8Array, terms: ReadonlySet<TermHash>): boolean {
  const start = bitsStart(filter);
  const bitCount = (filter.length - start) * 8;
  for (const term of terms) {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = bitOf(term, probe, bitCount);
      if ((filter[start + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false;
    }
  }
  return true;
}

function bitsStart(filter: Uint8Array): number {
  return HEAD_BYTES + filter[2]! * 256 + filter[3]!;
}

/** Double hashing: the low 20 bits of the hash are the step, the high 32 where it begins. */
function bitOf(term: TermHash, probe: number, bitCount: number): number {
  const start = Math.floor(term / 2 ** 20);
  const stride = (term % 2 ** 20) * 2 + 1;
  return (start + probe * stride) % bitCount;
}
