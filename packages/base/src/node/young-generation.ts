import { getHeapSpaceStatistics } from "node:v8";

/**
 * Bytes of memory that the young generation of this process's heap takes. It is made for what comes and goes, grows to what
 * `--max-semi-space-size` allows (twice that) as soon as much does, and is given back in quiet times: not a cost of what is kept.
 */
export function youngGenerationBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith("new_"));
  return spaces.reduce((sum, { physical_space_size: bytes }) => sum + bytes, 0);
}
