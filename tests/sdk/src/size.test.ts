/** Goal: the SDK stays small. `npm run -s size` shows what weighs. */
import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  CORE,
  CORE_GZIP_BYTES_MAX,
  LATE_GZIP_BYTES_MAX,
  MARKDOWN_GZIP_BYTES_MAX,
  WITH_MARKDOWN,
} from "./budget.js";
import { bundleSize } from "./bundle-size.js";

test("the core is within its budget, and what it does not use is not in it", async () => {
  const core = await bundleSize(CORE);
  const markdown = await bundleSize(WITH_MARKDOWN);
  const parts = (size: typeof core, name: RegExp): number =>
    size.modules.filter(([path]) => name.test(path)).length;
  const extra = markdown.gzipBytes - core.gzipBytes;
  ok(core.gzipBytes <= CORE_GZIP_BYTES_MAX, `The core has ${core.gzipBytes} bytes: see npm run -s size.`);
  ok(extra <= MARKDOWN_GZIP_BYTES_MAX, `Markdown has ${extra} bytes.`);
  deepEqual(
    [
      parts(core, /indexed-db-store/u),
      parts(core, /markdown|packages\/client\/dist\/node|testing/u),
      parts(core, /stream-transport|upload-transfer|local-searching|word-search|error-meanings/u),
      parts(markdown, /markdown/u),
    ],
    [1, 0, 0, 2],
  );
});

test("what is loaded later has its bounds too", async () => {
  const { late } = await bundleSize(CORE);
  const tooLarge = late.filter(([name, bytes]) => bytes > (LATE_GZIP_BYTES_MAX[name] ?? 0));
  deepEqual([late.map(([name]) => name), tooLarge], [Object.keys(LATE_GZIP_BYTES_MAX), []]);
});
