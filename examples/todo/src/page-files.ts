/** The page and the modules that it is made of. Nothing is bundled: the SDK is modules, and browsers load them. */
import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { extname, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** What a browser may have, by the beginning of the address. */
const FOLDERS: readonly (readonly [string, URL])[] = [
  ["/sdk/base/", new URL(".", import.meta.resolve("@parley/base"))],
  ["/sdk/protocol/", new URL(".", import.meta.resolve("@parley/protocol"))],
  ["/sdk/client/", new URL("..", import.meta.resolve("@parley/client/browser"))],
  ["/sdk/idb/", new URL(".", import.meta.resolve("idb"))],
  ["/list/", new URL(".", import.meta.url)],
  ["/", new URL("../page/", import.meta.url)],
];
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

export async function answerPage(url: string, response: ServerResponse): Promise<void> {
  const path = normalize(url.split("?")[0] === "/" ? "/index.html" : url.split("?")[0]!);
  const type = TYPES[extname(path)];
  const [prefix, folder] = FOLDERS.find(([beginning]) => path.startsWith(beginning))!;
  const file = type && (await read(new URL(`.${path.slice(prefix.length - 1)}`, folder)));
  if (file === undefined) response.writeHead(404).end();
  else response.writeHead(200, { "content-type": type, "cache-control": "no-cache" }).end(file);
}

async function read(file: URL): Promise<Buffer | undefined> {
  try {
    return await readFile(fileURLToPath(file));
  } catch {
    // Whatever the reason: there is nothing to give.
    return undefined;
  }
}
