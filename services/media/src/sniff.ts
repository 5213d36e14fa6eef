/** What a file is, by its first bytes: names and claims do not count. */
import type { MediaKind } from "@parley/protocol";

/** So many bytes from the beginning are enough. */
export const SNIFF_BYTES = 4_096;
/** What is nothing else. */
export const UNKNOWN_TYPE = "application/octet-stream";

interface Signature {
  readonly type: string;
  readonly fits: (bytes: Uint8Array) => boolean;
}

const SIGNATURES: readonly Signature[] = [
  { type: "image/png", fits: begins(0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) },
  { type: "image/jpeg", fits: begins(0, [0xff, 0xd8, 0xff]) },
  { type: "image/gif", fits: (bytes) => isText(bytes, 0, "GIF87a") || isText(bytes, 0, "GIF89a") },
  { type: "image/webp", fits: (bytes) => isText(bytes, 0, "RIFF") && isText(bytes, 8, "WEBP") },
  { type: "image/avif", fits: isBrand("avif", "avis") },
  { type: "audio/mp4", fits: isBrand("M4A ", "M4B ") },
  {
    type: "video/mp4",
    fits: isBrand("isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "dash", "M4V ", "MSNV"),
  },
  { type: "video/webm", fits: isWebm },
  { type: "audio/ogg", fits: (bytes) => isText(bytes, 0, "OggS") && !isTheora(bytes) },
  { type: "video/ogg", fits: (bytes) => isText(bytes, 0, "OggS") && isTheora(bytes) },
  { type: "audio/wav", fits: (bytes) => isText(bytes, 0, "RIFF") && isText(bytes, 8, "WAVE") },
  { type: "audio/mpeg", fits: (bytes) => isText(bytes, 0, "ID3") || isMp3Frame(bytes) },
  { type: "application/pdf", fits: (bytes) => isText(bytes, 0, "%PDF-") },
  { type: "application/zip", fits: begins(0, [0x50, 0x4b, 0x03, 0x04]) },
];

/** What may be shown or played as each kind. One container may be heard or seen. */
const TYPES_OF_KIND: Readonly<Record<Exclude<MediaKind, "file">, readonly string[]>> = {
  image: ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"],
  audio: ["audio/mp4", "audio/ogg", "audio/wav", "audio/mpeg", "video/mp4", "video/webm"],
  video: ["video/mp4", "video/webm", "video/ogg"],
};

/** The type of a file that begins with these bytes; UNKNOWN_TYPE for all that browsers may run, such as SVG and HTML. */
export function sniffType(bytes: Uint8Array): string {
  return SIGNATURES.find(({ fits }) => fits(bytes))?.type ?? UNKNOWN_TYPE;
}

/** The type under which a file of this type is a file of this kind; undefined when it is none. */
export function typeAs(kind: MediaKind, type: string): string | undefined {
  if (kind === "file") return type;
  if (!TYPES_OF_KIND[kind].includes(type)) return undefined;
  // The container says nothing about what is in it.
  return kind === "audio" ? type.replace("video/", "audio/") : type;
}

/** Whether a file that begins with these bytes is a picture of a kind that is shown. */
export function isPicture(bytes: Uint8Array): boolean {
  return TYPES_OF_KIND.image.includes(sniffType(bytes));
}

/** The kind that a client's own type stands for: a picture only where it is one that is shown, so never SVG. */
export function kindOfClaim(claim: string): MediaKind {
  const family = claim.slice(0, claim.indexOf("/"));
  if (family === "audio" || family === "video") return family;
  return TYPES_OF_KIND.image.includes(claim) || claim === "image/jpg" ? "image" : "file";
}

function begins(at: number, signature: readonly number[]): (bytes: Uint8Array) => boolean {
  return (bytes) => signature.every((byte, index) => bytes[at + index] === byte);
}

function isText(bytes: Uint8Array, at: number, text: string): boolean {
  return begins(
    at,
    Array.from(text, (sign) => sign.charCodeAt(0)),
  )(bytes);
}

/** An ISO base media file whose major brand is one of these. */
function isBrand(...brands: readonly string[]): (bytes: Uint8Array) => boolean {
  return (bytes) => isText(bytes, 4, "ftyp") && brands.some((brand) => isText(bytes, 8, brand));
}

function isWebm(bytes: Uint8Array): boolean {
  return begins(0, [0x1a, 0x45, 0xdf, 0xa3])(bytes) && includesText(bytes.subarray(0, 64), "webm");
}

function isTheora(bytes: Uint8Array): boolean {
  return includesText(bytes.subarray(0, 64), "theora");
}

function includesText(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(text, 0, "latin1");
}

/** The header of a frame of layer III, with a bit rate and a sampling rate that there are. */
function isMp3Frame(bytes: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = bytes;
  const isLayer3 = first === 0xff && (second & 0xe6) === 0xe2 && (second & 0x18) !== 0x08;
  return isLayer3 && third >> 4 !== 0 && third >> 4 !== 15 && (third & 0x0c) !== 0x0c;
}
