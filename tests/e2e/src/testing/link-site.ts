/** A page on this machine that links lead to, and which writes down who asked for it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pngFile } from "./files.js";

/** The server's options with which it reads pages of this machine. */
export const LINKS_ALLOWED = ["--link-preview-allow", "127.0.0.1"];

const PICTURE = pngFile("lamp.png", { width: 600, height: 400 }, [11, 110, 117]).buffer;
const PAGE = `<!doctype html><html><head><title>Plain title</title>
  <meta property="og:title" content="The state of the lighthouse &lt;b&gt;2026&lt;/b&gt;">
  <meta property="og:description" content="All that is known about its lamp, its keeper, and the storm that both of them came through.">
  <meta property="og:site_name" content="Coast News"><meta property="og:image" content="/lamp.png">
  </head><body><script>document.title = "never"</script></body></html>`;

export interface Site {
  readonly url: string;
  /** Path and user agent of each request. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

export async function openSite(): Promise<Site> {
  const asked: string[] = [];
  const server = createServer(({ url, headers }, response) => {
    asked.push(`${url} ${headers["user-agent"]}`);
    if (url === "/lamp.png") response.writeHead(200, { "content-type": "image/png" }).end(PICTURE);
    else response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    close: async () => void server.close(),
  };
}
