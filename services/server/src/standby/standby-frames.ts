/**
 * A base on its way: frames on one answer, in the order in which it is made.
 *
 *   frame := type u8 · length of the payload u32, little-endian · payload
 *
 *   1 begin   the name of a piece
 *   2 bytes   of the piece
 *   3 end     the piece as the manifest names it, JSON
 *   4 finish  the manifest, JSON; without it the base is none
 */
import type { BackupSink, Manifest } from "@parley/backup";
import { Failure } from "@parley/base";

const BEGIN = 1;
const BYTES = 2;
const END = 3;
const FINISH = 4;
const PREFIX_BYTES = 5;
/** A manifest names every block of every piece: enough for tens of terabytes. */
const PAYLOAD_BYTES_MAX = 256 * 1024 * 1024;

type Piece = Manifest["pieces"][number];

/** A sink that gives frames to `send`, which resolves when it has room for the next. */
export function frameSink(send: (frame: Buffer) => Promise<void>): BackupSink {
  const frame = (type: number, payload: Uint8Array): Promise<void> => {
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix[0] = type;
    prefix.writeUInt32LE(payload.length, 1);
    return send(Buffer.concat([prefix, payload]));
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), "utf8");
  return {
    begin: (name) => frame(BEGIN, Buffer.from(name, "utf8")),
    write: (bytes) => frame(BYTES, bytes),
    end: (piece) => frame(END, json(piece)),
    finish: (manifest) => frame(FINISH, json(manifest)),
  };
}

/** Gives frames to a sink as their bytes come. Errors: "unavailable" when they end before their end; those of the sink. */
export async function readFrames(chunks: AsyncIterable<Buffer>, sink: BackupSink): Promise<Manifest> {
  let waiting: Buffer = Buffer.alloc(0);
  let manifest: Manifest | undefined;
  for await (const chunk of chunks) {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    while (waiting.length >= PREFIX_BYTES) {
      const length = waiting.readUInt32LE(1);
      if (length > PAYLOAD_BYTES_MAX) throw broken();
      if (waiting.length < PREFIX_BYTES + length) break;
      const payload = waiting.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
      if (waiting[0] === BEGIN) await sink.begin(pieceName(payload.toString("utf8")));
      else if (waiting[0] === BYTES) await sink.write(payload);
      else if (waiting[0] === END) await sink.end(JSON.parse(payload.toString("utf8")) as Piece);
      else if (waiting[0] === FINISH) manifest = JSON.parse(payload.toString("utf8")) as Manifest;
      else throw broken();
      waiting = waiting.subarray(PREFIX_BYTES + length);
    }
  }
  if (manifest === undefined || waiting.length > 0) throw broken();
  await sink.finish(manifest);
  return manifest;
}

/** A name is a path on this machine: it may not lead out of the directory. */
function pieceName(name: string): string {
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*){0,7}$/.test(name)) throw broken();
  return name;
}

function broken(): Failure {
  return new Failure("unavailable", "The primary broke off while it gave a base: tried again.", {
    retry: "same",
  });
}
