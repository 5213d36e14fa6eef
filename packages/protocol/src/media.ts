/** Media: what a message says of a file that is stored beside it. */
import { type Infer, bool, schema, string, uint } from "./codec/schema.js";
import type { MediaId } from "./ids.js";

/** How a client shows it: the type that was found in the bytes belongs to the kind, and anything may be a "file". */
export const MEDIA_KINDS = ["image", "file", "audio", "video"] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

/** A file of a message. The server puts its own values over what a client says, but for name, duration and caption. */
export const MediaBody = schema("MediaBody", {
  mediaId: string<MediaId>(1),
  /** One of MEDIA_KINDS; one that is not known counts as "file". */
  kind: string(2),
  name: string(3),
  /** A media type such as "image/png", as found in the bytes. */
  type: string(4),
  bytes: uint(5),
  /** In pixels, as it is to be shown; 0 when it is not known. */
  width: uint(6),
  height: uint(7),
  /** As the sender said; 0 when it is not known. */
  durationMs: uint(8),
  hasThumbnail: bool(9),
  caption: string(10),
});
export type MediaBody = Infer<typeof MediaBody>;

/** The kind by its name. */
export function findMediaKind(text: string): MediaKind | undefined {
  return MEDIA_KINDS.find((kind) => kind === text);
}
