import type { Inflate } from "../common/unpacking-transport.js";

const FORMAT = "deflate-raw";

/** The browser's own; undefined where it has none (before Chrome 103, Firefox 113 and Safari 16.4). */
export function browserInflate(): Inflate | undefined {
  try {
    return new DecompressionStream(FORMAT).readable === undefined ? undefined : inflate;
  } catch {
    // A browser without the class, or with one that does not know the format.
    return undefined;
  }
}

async function inflate(data: Uint8Array, size: number): Promise<Uint8Array> {
  const packed = new Blob([data as Uint8Array<ArrayBuffer>]).stream();
  const packet = new Uint8Array(size);
  let length = 0;
  for (const reader = packed.pipeThrough(new DecompressionStream(FORMAT)).getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return packet.subarray(0, length);
    // What is longer than it said is not read to its end; `set` refuses it.
    packet.set(value, length);
    length += value.length;
  }
}
