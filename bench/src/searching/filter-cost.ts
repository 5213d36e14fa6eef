/** What filters take: processor time to make them, and room, as they are and as sorted hashes. */
import { CHUNK_SEQUENCES, addTerms, encodeFilter, type TermHash } from "@parley/message";
import { foldText } from "@parley/protocol";
import { thousandths } from "../rounding.js";

/** Sorted hashes of 7 bits more than their number takes have as many false positives: 0.8 %. */
const HASH_BITS = 7;
const HASH_RANGE = 2 ** 52;

export function measureFilters(texts: readonly string[]): Readonly<Record<string, number>> {
  const chunks = Array.from({ length: Math.floor(texts.length / CHUNK_SEQUENCES) }, (_, chunk) =>
    texts.slice(chunk * CHUNK_SEQUENCES, (chunk + 1) * CHUNK_SEQUENCES),
  );
  // Once before it is measured, so that the code is compiled.
  for (const chunk of chunks.slice(0, 50)) encodeFilter(termsOf(chunk));
  const before = process.cpuUsage();
  const termSets = chunks.map(termsOf);
  const filters = termSets.map((terms) => encodeFilter(terms));
  const { user, system } = process.cpuUsage(before);
  const messages = chunks.length * CHUNK_SEQUENCES;
  const bytes = filters.reduce((sum, filter) => sum + filter.length, 0);
  const sorted = termSets.reduce((sum, terms) => sum + sortedBytes(terms), 0);
  return {
    filter_cpu_us_per_message: thousandths((user + system) / messages),
    filter_bytes_per_message: thousandths(bytes / messages),
    filter_sorted_hashes_bytes_per_message: thousandths(sorted / messages),
    filter_terms_per_chunk: Math.round(
      termSets.reduce((sum, terms) => sum + terms.size, 0) / Math.max(1, chunks.length),
    ),
  };
}

function termsOf(texts: readonly string[]): Set<TermHash> {
  const terms = new Set<TermHash>();
  for (const text of texts) addTerms(foldText(text).text, terms);
  return terms;
}

/** The differences of the sorted hashes in a Rice code. */
function sortedBytes(terms: ReadonlySet<TermHash>): number {
  const range = terms.size * 2 ** HASH_BITS;
  const hashes = [...terms].map((term) => Math.floor((term / HASH_RANGE) * range)).toSorted((a, b) => a - b);
  const bits = hashes.map((hash, index) => {
    const difference = hash - (hashes[index - 1] ?? 0);
    return HASH_BITS + 1 + Math.floor(difference / 2 ** HASH_BITS);
  });
  return bits.reduce((sum, each) => sum + each, 0) / 8;
}
