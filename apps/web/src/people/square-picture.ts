/** Makes the picture of a person of a file: its middle, as a square, small enough to be sent. */
import { Failure } from "@parley/base";
import { PICTURE_BYTES_MAX } from "@parley/protocol";

/** Pixels of a side. */
export const SIDE_PX = 256;
/** Tried one after another until it is small enough. */
const QUALITIES = [0.88, 0.7, 0.5, 0.3];

/** The square in the middle of a picture. Pure. */
export function middleSquare(
  width: number,
  height: number,
): { readonly x: number; readonly y: number; readonly side: number } {
  const side = Math.min(width, height);
  return { x: Math.floor((width - side) / 2), y: Math.floor((height - side) / 2), side };
}

/** Errors: "media-refused" when the browser cannot read the file as a picture. */
export async function squarePicture(file: Blob): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(file).catch(refused);
  try {
    const canvas = document.createElement("canvas");
    canvas.width = SIDE_PX;
    canvas.height = SIDE_PX;
    const context = canvas.getContext("2d");
    if (context === null || bitmap.width === 0) return refused();
    const { x, y, side } = middleSquare(bitmap.width, bitmap.height);
    // A JPEG knows no transparency.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE_PX, SIDE_PX);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, x, y, side, side, 0, 0, SIDE_PX, SIDE_PX);
    return await smallest(canvas);
  } finally {
    bitmap.close();
  }
}

async function smallest(canvas: HTMLCanvasElement): Promise<Uint8Array> {
  for (const quality of QUALITIES) {
    const blob = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", quality);
    });
    if (blob !== null && blob.size <= PICTURE_BYTES_MAX) return new Uint8Array(await blob.arrayBuffer());
  }
  return refused();
}

function refused(cause?: unknown): never {
  throw new Failure("media-refused", "The browser cannot read this as a picture.", {
    retry: "after-change",
    cause,
  });
}
