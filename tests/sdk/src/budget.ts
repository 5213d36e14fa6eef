/** What the SDK may weigh: bytes of minified ESM, compressed with gzip. */
import { fileURLToPath } from "node:url";

/** `createBrowserClient` and `login`: all that every page loads at its start, with what the bundler adds to load the rest. */
export const CORE_GZIP_BYTES_MAX = 40 * 1024;
/** What is fetched later, by the name of its file: when it is needed first, and all of it when the page has nothing to do. */
export const LATE_GZIP_BYTES_MAX: Readonly<Record<string, number>> = {
  "late-calls": 11_000,
  "late-files": 1800,
  "late-streams": 2200,
};
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
