/** The partition, from 0 to `partitionCount - 1`, of a key: FNV-1a over its UTF-16 code units. Stable for ever. */
export function partitionOf(key: string, partitionCount: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  // FNV's low bits alone are weak for short keys that differ at the end.
  hash ^= hash >>> 15;
  return (hash >>> 0) % partitionCount;
}
