/**
 * A client as somebody writes it who has docs/protocol and nothing else: Protocol Buffers' own library reads
 * parley.proto, and the frames, the digest and the rules are written from the documents. Of ours it uses the socket.
 */
import { readDoc } from "@parley/base/testing";
import { createNodeTransport } from "@parley/client/node";
import type { Connection } from "@parley/client";
import protobuf from "protobufjs";

export interface ForeignFrame {
  /** The name of the message, such as "HistoryPage". */
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const { root } = protobuf.parse(readDoc("protocol/parley.proto"));
const KINDS = new Map(
  Object.entries(root.lookupEnum("parley.FrameKind").values).map(([name, kind]) => [messageName(name), kind]),
);
const NAMES = new Map([...KINDS].map(([name, kind]) => [kind, name]));

export class ForeignClient {
  readonly #connection: Connection;
  readonly #frames: ForeignFrame[] = [];
  #waiting: (() => void) | undefined;
  #closeCode: number | undefined;

  /** Connects; the first frame goes out when the socket is open. */
  constructor(url: string, hello: object) {
    this.#connection = createNodeTransport().connect(`${url.replace(/^http/, "ws")}/v1/ws`, {
      onOpen: () => this.send("Hello", hello),
      onPacket: (packet) => this.#take(packet),
      onClose: (code) => {
        this.#closeCode = code;
        this.#waiting?.();
      },
    });
  }

  send(name: string, fields: object): void {
    const type = root.lookupType(`parley.${name}`);
    const payload = type.encode(type.fromObject(fields)).finish();
    // Writing bytes writes their length before them: kind, length, payload.
    this.#connection.send(protobuf.Writer.create().uint32(KINDS.get(name)!).bytes(payload).finish());
  }

  /** The next frame. Rejects when the connection is closed. */
  async next(): Promise<ForeignFrame> {
    while (this.#frames.length === 0) {
      if (this.#closeCode !== undefined)
        throw new Error(`The connection was closed with ${this.#closeCode}.`);
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return this.#frames.shift()!;
  }

  /** Closes and resolves when the server has closed too. */
  async close(): Promise<void> {
    this.#connection.close();
    while (this.#closeCode === undefined) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  #take(packet: Uint8Array): void {
    const reader = protobuf.Reader.create(packet);
    while (reader.pos < reader.len) {
      const name = NAMES.get(reader.uint32())!;
      this.#frames.push({ name, fields: fieldsOf(name, reader.bytes()) });
    }
    this.#waiting?.();
  }
}

/** The fields of a message, defaults filled in. */
export function fieldsOf(name: string, bytes: Uint8Array): ForeignFrame["fields"] {
  const type = root.lookupType(`parley.${name}`);
  return type.toObject(type.decode(bytes), { longs: Number, defaults: true });
}

/** The digest as sync.md defines it, over big integers. */
export function foreignDigest(messages: readonly { sequence: number; messageId: string }[]): number {
  const word = 2n ** 32n;
  let h1 = 0x811c9dc5n;
  let h2 = 0xc2b2ae35n;
  for (const { sequence, messageId } of messages) {
    for (const byte of new TextEncoder().encode(`${sequence}:${messageId};`)) {
      h1 = ((h1 ^ BigInt(byte)) * 0x01000193n) % word;
      h2 = ((h2 ^ BigInt(byte)) * 0x85ebca6bn) % word;
      h2 ^= h2 >> 13n;
    }
  }
  return Number((h1 % 2n ** 21n) * word + h2);
}

/** "FRAME_KIND_HISTORY_PAGE" is the kind of HistoryPage. */
function messageName(kind: string): string {
  const words = kind.replace("FRAME_KIND_", "").toLowerCase().split("_");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
