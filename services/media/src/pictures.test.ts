/** Pictures of every type that is shown, and what strangers may send in the place of one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { RecordingLogger } from "@parley/base/testing";
import sharp from "sharp";
import { sharpPictures } from "./pictures.js";

const pictures = sharpPictures(new RecordingLogger());
const SOURCE = { width: 1000, height: 600, channels: 3 as const, background: { r: 200, g: 30, b: 60 } };

function chunk(type: string, content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length);
  head.write(type, 4, "latin1");
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), content])));
  return Buffer.concat([head, content, sum]);
}

/** A PNG that says that it is so large, of which there is little. */
function bomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\u0089PNG\r\n\u001a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(100_000))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

test("pictures of every type get a thumbnail of at most 480 pixels, and their size is told", async () => {
  const results = [];
  for (const format of ["png", "jpeg", "webp", "gif", "avif"] as const) {
    const picture = await pictures.look(await sharp({ create: SOURCE }).toFormat(format).toBuffer());
    const { format: made, width, height } = await sharp(picture!.thumbnail).metadata();
    results.push([format, picture!.width, picture!.height, made, width, height]);
  }
  assert.deepEqual(
    results,
    ["png", "jpeg", "webp", "gif", "avif"].map((format) => [format, 1000, 600, "webp", 480, 288]),
  );
});

test("a picture is turned as its metadata says, and the thumbnail has none", async () => {
  const turned = await sharp({ create: SOURCE })
    .jpeg()
    .withExif({ IFD0: { Copyright: "somebody at home" } })
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const picture = (await pictures.look(turned))!;
  const { exif, orientation, width, height } = await sharp(picture.thumbnail).metadata();
  assert.deepEqual(
    [picture.width, picture.height, width, height, exif, orientation],
    [600, 1000, 288, 480, undefined, undefined],
  );
});

test("a small picture stays as large as it is", async () => {
  const small = await sharp({ create: { ...SOURCE, width: 20, height: 10 } })
    .png()
    .toBuffer();
  const { width, height, thumbnail } = (await pictures.look(small))!;
  const made = await sharp(thumbnail).metadata();
  assert.deepEqual([width, height, made.width, made.height], [20, 10, 20, 10]);
});

test("what is no picture, cut off, or a bomb has none", async () => {
  const sound = await sharp({ create: SOURCE }).png().toBuffer();
  const looked = [
    await pictures.look(new Uint8Array(0)),
    await pictures.look(sound.subarray(0, 20)),
    await pictures.look(sound.subarray(0, sound.length / 2)),
    await pictures.look(bomb(30_000, 30_000)),
    await pictures.look(bomb(2 ** 31 - 1, 2 ** 31 - 1)),
    await pictures.look(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")),
    await pictures.look(Buffer.from("%PDF-1.7\n1 0 obj\n<<>>\nendobj\n")),
  ];
  assert.deepEqual(
    looked.map((picture) => picture?.width),
    looked.map(() => undefined),
  );
});
