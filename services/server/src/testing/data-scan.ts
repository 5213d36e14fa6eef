/** Looks for texts in everything that a data directory holds, whatever they are packed in. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { brotliDecompressSync, inflateRawSync, inflateSync } from "node:zlib";
import { readDirectory } from "@parley/tables";
import { ClassicLevel } from "classic-level";

/** A packed value begins within the first bytes of a row: behind checksum, expiry and a head. */
const PACKED_START_MAX = 32;
/** Below it, bytes rarely unpack to anything. */
const PACKED_BYTES_MIN = 24;
const UNPACKERS = [brotliDecompressSync, inflateRawSync, inflateSync];

/**
 * Where each text is found: in a file as it is, or in a row of the tables (LevelDB unpacks its own Snappy then), as it is or
 * packed with Brotli or deflate; blocks of the cold tier are unpacked too. Give it a copy of a directory: it opens the tables.
 */
export async function findTexts(
  directory: string,
  texts: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>(texts.map((text) => [text, []]));
  const look = (content: Buffer, place: string): void => {
    for (const text of texts) if (content.includes(text)) found.get(text)!.push(place);
  };
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const place = path.slice(directory.length + 1).split("/")[0]!;
    const content = await readFile(path);
    look(content, place);
    if (place === "cold")
      for (const block of await coldBlocks(content)) for (const each of unpacked(block)) look(each, place);
  }
  const database = new ClassicLevel<Buffer, Buffer>(join(directory, "tables"), {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
  });
  for await (const [key, value] of database.iterator()) {
    const table = key.toString("latin1", 0, key.indexOf(0));
    look(value, table);
    for (const content of unpacked(value)) look(content, table);
  }
  await database.close();
  return found;
}

/** The blocks of an object of the cold tier, as they lie in it. */
async function coldBlocks(object: Buffer): Promise<readonly Buffer[]> {
  const read = (offset: number, length: number): Promise<Buffer> =>
    Promise.resolve(object.subarray(offset, offset + length));
  const extents = await readDirectory("object", object.length, read);
  return extents.map(({ offset, length }) => object.subarray(offset, offset + length));
}

function unpacked(value: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start < PACKED_START_MAX && value.length - start >= PACKED_BYTES_MIN; start++) {
    for (const unpack of UNPACKERS) {
      try {
        found.push(unpack(value.subarray(start), { maxOutputLength: 1 << 20 }));
      } catch {
        // Not packed, or not from here on.
      }
    }
  }
  return found;
}
