import { promisify } from "node:util";
import { brotliCompress, brotliCompressSync } from "node:zlib";
import { brotliOptions, type Compress } from "../blocks/block-format.js";

/**
 * Quality 10: 512 rows of 200 bytes take 68 bytes each and 74 µs, where 128 rows at quality 5 take 84 bytes and 4.3 µs; unpacking
 * costs 0.8 µs a row instead of 0.6 (chat logs, November 2026).
 */
const QUALITY = 10;
const WINDOW_BITS = 20;
const compressAsync = promisify(brotliCompress);

/** In a thread: a block takes about 40 milliseconds. */
export const compressHard: Compress = (body) =>
  compressAsync(body, brotliOptions(body, QUALITY, WINDOW_BITS));

/** For where everything has to happen in one order, such as a simulation. */
export const compressAtOnce: Compress = (body) =>
  Promise.resolve(brotliCompressSync(body, brotliOptions(body, 1, WINDOW_BITS)));
