/** Packets that travel compressed. */
import { Failure } from "@parley/base";
import { Reader } from "./codec/reader.js";
import { bytes, type Infer, schema, string, uint } from "./codec/schema.js";
import { PACKET_BYTES_MAX } from "./limits.js";

/** Ways in which a packet may be compressed: DEFLATE as in RFC 1951, without a header. */
export const PACKINGS = ["deflate"] as const;
export type Packing = (typeof PACKINGS)[number];

export const PACKED_KIND = 96;
/** Itself, and its bytes. */
const MESSAGES_MAX = 2;

/** A packet that is compressed. The frame stands alone in its own packet, and what it holds is not packed again. */
export const Packed = schema("Packed", {
  /** One of PACKINGS. */
  packing: string(1),
  /** Bytes of the packet that it holds. */
  size: uint(2),
  data: bytes(3),
});
export type Packed = Infer<typeof Packed>;

/** What stands packed in a packet; undefined when nothing does. Errors: "malformed". */
export function packedIn(packet: Uint8Array): Packed | undefined {
  if (packet[0] !== PACKED_KIND) return undefined;
  const reader = new Reader(packet, 1, packet.length, MESSAGES_MAX);
  const packed = reader.delimited<Packed>(Packed);
  const isKnown = (PACKINGS as readonly string[]).includes(packed.packing);
  if (isKnown && reader.isAtEnd && packed.size > 0 && packed.size <= PACKET_BYTES_MAX) return packed;
  throw new Failure(
    "malformed",
    "A packed packet stands alone, in a known packing, within the bounds of one.",
  );
}
