/** What the SDK may weigh: bytes of minified ESM, compressed with gzip. */
import { fileURLToPath } from "node:url";

/** `createBrowserClient` and `login`: all that every page loads. The aim of the product is 40 KB, which tabs, the local search and notifications passed. */
export const CORE_GZIP_BYTES_MAX = 46 * 1024;
/** What a page pays for reading and writing Markdown, on top of the core. */
export const MARKDOWN_GZIP_BYTES_MAX = 3 * 1024;

const BROWSER = fileURLToPath(import.meta.resolve("@parley/client/browser"));
const COMMON = fileURLToPath(import.meta.resolve("@parley/client"));

export const CORE = `
  import { createBrowserClient, login } from ${JSON.stringify(BROWSER)};
  globalThis.parley = { createBrowserClient, login };
`;

export const WITH_MARKDOWN = `${CORE}
  import { markdownBody, markdownSource } from ${JSON.stringify(COMMON)};
  globalThis.markdown = { markdownBody, markdownSource };
`;
