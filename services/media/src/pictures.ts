/** Thumbnails by sharp, which reads what strangers send: everything it may take is limited. */
import { type Logger, messageOf } from "@parley/base";
import type sharpType from "sharp";

/** Pixels at the longer side. */
const THUMBNAIL_SIDE_MAX = 480;
const THUMBNAIL_QUALITY = 75;
/** A photograph of 50 megapixels is still a picture. */
const PIXELS_MAX = 50_000_000;
const SECONDS_MAX = 20;

/** A picture as it is to be shown: turned as its metadata says. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** A WebP without metadata; of files at most 480 pixels at the longer side. */
  readonly thumbnail: Uint8Array;
}

export interface Pictures {
  /** Undefined for what is no picture after all, or too large to be one. */
  look(bytes: Uint8Array): Promise<Picture | undefined>;
}

/** Other bounds than those of thumbnails of files. */
export interface PictureBounds {
  /** Pixels at the longer side of the thumbnail. */
  readonly sidePx: number;
  /** Pixels of the picture; one with more is none. */
  readonly pixelsMax: number;
}

const OF_FILES: PictureBounds = { sidePx: THUMBNAIL_SIDE_MAX, pixelsMax: PIXELS_MAX };

/**
 * Pictures by libvips, one thread each. Loaded with the first picture; where it cannot be loaded, pictures are files. Cost: what
 * the decoded picture takes, at most 200 MB; typically 10 MB.
 */
export function sharpPictures(logger: Logger, bounds: PictureBounds = OF_FILES): Pictures {
  let loading: Promise<Sharp | undefined> | undefined;
  return {
    async look(bytes) {
      loading ??= loadSharp().catch((error: unknown) => {
        logger.error("pictures-unavailable", { error: messageOf(error) });
        return undefined;
      });
      const sharp = await loading;
      return sharp === undefined ? undefined : pictureOf(sharp, bytes, bounds);
    },
  };
}

type Sharp = typeof sharpType;

async function loadSharp(): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  sharp.concurrency(1);
  // Only these are asked for what is in the bytes.
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({
    operation: [
      "VipsForeignLoadJpeg",
      "VipsForeignLoadPng",
      "VipsForeignLoadWebp",
      "VipsForeignLoadNsgif",
      "VipsForeignLoadHeif",
    ],
  });
  return sharp;
}

async function pictureOf(
  sharp: Sharp,
  bytes: Uint8Array,
  { sidePx, pixelsMax }: PictureBounds,
): Promise<Picture | undefined> {
  try {
    const image = sharp(bytes, { limitInputPixels: pixelsMax, failOn: "truncated", sequentialRead: true });
    const { autoOrient } = await image.metadata();
    const thumbnail = await image
      .autoOrient()
      .resize({
        width: sidePx,
        height: sidePx,
        fit: "inside",
        withoutEnlargement: true,
      })
      .webp({ quality: THUMBNAIL_QUALITY })
      .timeout({ seconds: SECONDS_MAX })
      .toBuffer();
    return { width: autoOrient.width, height: autoOrient.height, thumbnail };
  } catch {
    // Whatever libvips says about it: it is kept as a file.
    return undefined;
  }
}
