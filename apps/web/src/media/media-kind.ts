/**
 * How a file is shown. Only what is on this list of types is shown in the page, and only as what it is: everything else is saved.
 * SVG and HTML are on it nowhere, for a browser runs them.
 */
import type { MediaBody } from "@parley/protocol";

export type ShownKind = "image" | "video" | "audio" | "file";

export const OPAQUE_TYPE = "application/octet-stream";

const SHOWN_TYPES: Readonly<Record<Exclude<ShownKind, "file">, readonly string[]>> = {
  image: ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"],
  video: ["video/mp4", "video/webm", "video/ogg"],
  audio: ["audio/mp4", "audio/webm", "audio/ogg", "audio/wav", "audio/mpeg"],
};

/** How a file is shown: its kind where its type belongs to it, else as a file. */
export function shownKindOf({ kind, type }: Pick<MediaBody, "kind" | "type">): ShownKind {
  if (kind !== "image" && kind !== "video" && kind !== "audio") return "file";
  return SHOWN_TYPES[kind].includes(type) ? kind : "file";
}

/** The type that bytes are given to the browser as: one of those that are shown, or one that it only saves. */
export function safeTypeOf(contentType: string): string {
  const [type = ""] = contentType.toLowerCase().split(";");
  const isShown = Object.values(SHOWN_TYPES).some((types) => types.includes(type.trim()));
  return isShown ? type.trim() : OPAQUE_TYPE;
}

/** Whether somebody's own file is a picture that may be drawn before it is uploaded. */
export function isDrawable(type: string): boolean {
  return SHOWN_TYPES.image.includes(type);
}

/** A word for the type of a file: the ending of its name, at most so long that it fits on an icon. */
export function endingOf(name: string): string {
  const [, ending = ""] = /\.([\p{L}\p{N}]{1,5})$/u.exec(name) ?? [];
  return ending.toUpperCase();
}
