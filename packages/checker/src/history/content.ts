/** A short stand-in for what a message or an event holds, so that a history can say whether two are the same. */
import type { Content } from "./records.js";

/** FNV-1a over bytes or UTF-16 code units, mixed at the end: two different contents agree once in four thousand million. */
export function contentOf(source: string | Uint8Array): Content {
  let hash = 0x811c9dc5;
  if (typeof source === "string") {
    for (let index = 0; index < source.length; index++)
      hash = Math.imul(hash ^ source.charCodeAt(index), 0x01000193);
  } else {
    for (let index = 0; index < source.length; index++)
      hash = Math.imul(hash ^ (source[index] ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) as Content;
}
