/** The room that a picture takes in the list, known before it is there, so that nothing moves when it comes. */
import type { MediaBody } from "@parley/protocol";

const WIDTH_PX_MAX = 340;
const HEIGHT_PX_MAX = 300;
/** Narrower or lower than this nothing can be hit with a finger; such pictures are cut at their sides. */
const SIDE_PX_MIN = 96;
/** Of what has no size, such as a film that was not played yet. */
const UNKNOWN: MediaBox = { widthPx: 320, heightPx: 180 };

export interface MediaBox {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** The box of a picture: as it is where that fits, else smaller in the same shape, and never smaller than a finger. */
export function mediaBox({ width, height }: Pick<MediaBody, "width" | "height">): MediaBox {
  if (!(width > 0 && height > 0)) return UNKNOWN;
  const scale = Math.min(1, WIDTH_PX_MAX / width, HEIGHT_PX_MAX / height);
  return { widthPx: side(width * scale), heightPx: side(height * scale) };
}

function side(px: number): number {
  return Math.max(SIDE_PX_MIN, Math.round(px));
}
