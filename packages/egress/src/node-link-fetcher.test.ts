/** Links as strangers may make them: each case is a server, or a resolver, that does its worst. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import { ManualTime } from "@parley/base/testing";
import type { Resolve } from "./address-guard.js";
import { FETCH_BYTES_MAX, FETCH_MS_MAX, FETCH_REDIRECTS_MAX } from "./fetcher.js";
import { testCertificate } from "./testing/certificate.js";
import { NodeLinkFetcher, type NodeLinkFetcherOptions } from "./node-link-fetcher.js";

const HTML = { "content-type": "text/html; charset=UTF-8" };
const TYPES = ["text/html", "image/"];
/** Addresses of names as tests give them; all of them are on this machine. */
const LOOPBACK: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];

test("a page is read with an honest name, and without cookies, credentials or a referrer", async (t) => {
  const asked: IncomingMessage[] = [];
  const site = await openSite(t, (request, response) => {
    asked.push(request);
    response.writeHead(200, HTML).end("<title>你好</title>");
  });
  const answer = await fetcherFor(t).fetch({ url: `${site}/a?b=1`, types: TYPES });

  assert.deepEqual(
    {
      ...answer,
      bytes: Buffer.from(answer.bytes).toString(),
      path: asked[0]!.url,
      headers: Object.keys(asked[0]!.headers).toSorted(),
      agent: asked[0]!.headers["user-agent"],
    },
    {
      url: `${site}/a?b=1`,
      contentType: "text/html; charset=utf-8",
      bytes: "<title>你好</title>",
      isCut: false,
      path: "/a?b=1",
      headers: ["accept", "accept-encoding", "accept-language", "connection", "host", "user-agent"],
      agent: "Parley link preview",
    },
  );
});

test("no spelling of an inner address is asked, and no user, other scheme or other port", async (t) => {
  const fetcher = fetcherFor(t, { allowedAddresses: [] });
  const named = fetcherFor(t, {
    allowedAddresses: [],
    resolve: async (name) => [
      { address: name === "mapped.test" ? "::ffff:127.0.0.1" : "93.184.216.34", family: 4 },
      ...(name === "half.test" ? [{ address: "10.0.0.1", family: 4 }] : []),
    ],
  });
  const refused = [
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0/",
    "https://10.0.0.1:8443/",
    "http://user:secret@1.1.1.1/",
    "ftp://1.1.1.1/",
    "file:///etc/passwd",
    "data:text/html,x",
    "no link",
  ];
  const refusedByName = ["http://mapped.test/", "http://half.test/", "http://public.test:25/"];

  assert.deepEqual(
    [
      await Promise.all(refused.map((url) => codeOf(fetcher.fetch({ url, types: TYPES })))),
      await Promise.all(refusedByName.map((url) => codeOf(named.fetch({ url, types: TYPES })))),
    ],
    [refused.map(() => "address-refused"), refusedByName.map(() => "address-refused")],
  );
});

test("a redirect is checked as the link was, and there are not many of them", async (t) => {
  let asked = 0;
  const targets: Record<string, string> = {
    "/inner": "http://10.0.0.1/",
    "/name": "http://inner.test/",
    "/file": "file:///etc/passwd",
    "/user": "http://user@public.test/",
    "/relative": "page",
    "/loop": "/loop",
  };
  const site = await openSite(t, (request, response) => {
    asked += 1;
    const location = targets[request.url!];
    if (location === undefined) response.writeHead(200, HTML).end("there");
    else response.writeHead(302, { location }).end();
  });
  const fetcher = fetcherFor(t, {
    resolve: async (name) => [{ address: name === "inner.test" ? "192.168.0.1" : "127.0.0.1", family: 4 }],
  });
  const code = (path: string) => codeOf(fetcher.fetch({ url: site + path, types: TYPES }));

  const codes = [await code("/inner"), await code("/name"), await code("/file"), await code("/user")];
  const { url } = await fetcher.fetch({ url: `${site}/relative`, types: TYPES });
  asked = 0;
  const loop = await code("/loop");

  assert.deepEqual(
    { codes, url, loop, asked },
    {
      codes: codes.map(() => "address-refused"),
      url: `${site}/page`,
      loop: "network-failed",
      asked: FETCH_REDIRECTS_MAX + 1,
    },
  );
});

test("the connection goes to the address that was checked, whatever the name says the second time", async (t) => {
  const site = await openSite(t, (_, response) => response.writeHead(200, HTML).end("there"));
  let asked = 0;
  const resolve: Resolve = async () => {
    asked += 1;
    return [{ address: asked === 1 ? "127.0.0.1" : "10.0.0.1", family: 4 }];
  };
  const fetcher = fetcherFor(t, { resolve });
  const url = site.replace("127.0.0.1", "rebound.test");

  const first = await fetcher.fetch({ url, types: TYPES });
  const second = await codeOf(fetcher.fetch({ url, types: TYPES }));

  assert.deepEqual([Buffer.from(first.bytes).toString(), second, asked], ["there", "address-refused", 2]);
});

test("over TLS the server has to be who the link names", async (t) => {
  const certificate = testCertificate();
  const server = createTlsServer(certificate, (_, response) => response.writeHead(200, HTML).end("there"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const trusting = fetcherFor(t, { ca: certificate.cert });
  const read = (fetcher: NodeLinkFetcher, host: string): Promise<string | undefined> =>
    codeOf(fetcher.fetch({ url: `https://${host}:${port}/`, types: TYPES }));

  assert.deepEqual(
    [
      await read(trusting, "localhost"),
      await read(trusting, "127.0.0.1"),
      await read(trusting, "other.test"),
      await read(fetcherFor(t), "localhost"),
    ],
    [undefined, undefined, "network-failed", "network-failed"],
  );
});

test("of a long answer the beginning is read, of a compressed one what it is decompressed to", async (t) => {
  const large = Buffer.alloc(64 * FETCH_BYTES_MAX, "a");
  const small = Buffer.from("<title>small</title>");
  const answers: Record<string, readonly [Buffer, string]> = {
    "/plain": [large.subarray(0, 3 * FETCH_BYTES_MAX), "identity"],
    "/exact": [large.subarray(0, FETCH_BYTES_MAX), "identity"],
    "/gzip-bomb": [gzipSync(large), "gzip"],
    "/br-bomb": [brotliCompressSync(large), "br"],
    "/gzip": [gzipSync(small), "gzip"],
    "/br": [brotliCompressSync(small), "br"],
    "/empty-members": [Buffer.concat(Array(100_000).fill(gzipSync(Buffer.alloc(0)))), "gzip"],
    "/twice": [gzipSync(gzipSync(small)), "gzip, gzip"],
    "/damaged": [Buffer.from("nothing of that kind"), "gzip"],
    "/property": [small, "constructor"],
  };
  const site = await openSite(t, (request, response) => {
    const [body, encoding] = answers[request.url!]!;
    response.writeHead(200, { ...HTML, "content-encoding": encoding });
    response.on("error", () => undefined);
    response.end(body);
  });
  const fetcher = fetcherFor(t);
  const outcome = async (path: string): Promise<unknown> => {
    try {
      const { bytes, isCut } = await fetcher.fetch({ url: site + path, types: TYPES });
      return [bytes.length, isCut];
    } catch (error) {
      return failureCode(error);
    }
  };
  const outcomes = Object.keys(answers).map(async (path) => [path, await outcome(path)] as const);
  const found: Record<string, unknown> = Object.fromEntries(await Promise.all(outcomes));

  assert.deepEqual(found, {
    "/plain": [FETCH_BYTES_MAX, true],
    "/exact": [FETCH_BYTES_MAX, false],
    "/gzip-bomb": [FETCH_BYTES_MAX, true],
    "/br-bomb": [FETCH_BYTES_MAX, true],
    "/gzip": [small.length, false],
    "/br": [small.length, false],
    "/empty-members": [0, false],
    "/twice": "network-failed",
    "/damaged": "network-failed",
    "/property": "network-failed",
  });
});

test("what is no page, no picture, or not there is not read", async (t) => {
  const answers: Record<string, readonly [number, string]> = {
    "/json": [200, "application/json"],
    "/binary": [200, "application/octet-stream"],
    "/missing": [404, "text/html"],
    "/error": [500, "text/html"],
    "/partial": [206, "text/html"],
  };
  const site = await openSite(t, (request, response) => {
    const [status, type] = answers[request.url!] ?? [200, ""];
    response.writeHead(status, { "content-type": type }).end("x");
  });
  const fetcher = fetcherFor(t);
  const paths = [...Object.keys(answers), "/without-type"];
  const codes = paths.map((path) => codeOf(fetcher.fetch({ url: site + path, types: TYPES })));

  assert.deepEqual(
    await Promise.all(codes),
    paths.map(() => "network-failed"),
  );
});

test("a server that drips, one that never answers and a resolver that does not are given up together", async (t) => {
  const time = new ManualTime();
  let onBegun = (): void => undefined;
  const begun = new Promise<void>((resolve) => (onBegun = resolve));
  let arrived = 0;
  const site = await openSite(t, (request, response) => {
    if (request.url === "/drip") response.writeHead(200, HTML).write("<title>");
    if (++arrived === 2) onBegun();
  });
  const never: Resolve = () => new Promise(() => undefined);
  const fetcher = fetcherFor(t, { scheduler: time });
  const unresolved = fetcherFor(t, { scheduler: time, resolve: never });
  const codes = Promise.all([
    codeOf(fetcher.fetch({ url: `${site}/drip`, types: TYPES })),
    codeOf(fetcher.fetch({ url: `${site}/silent`, types: TYPES })),
    codeOf(unresolved.fetch({ url: "http://slow.test/", types: TYPES })),
  ]);
  await begun;
  await time.advance(FETCH_MS_MAX);

  assert.deepEqual([await codes, time.waiting], [["network-failed", "network-failed", "network-failed"], 0]);
});

test("closing ends what is under way, and nothing begins afterwards", async (t) => {
  let onAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => (onAsked = resolve));
  const site = await openSite(t, () => onAsked());
  const fetcher = fetcherFor(t);
  const outcome = codeOf(fetcher.fetch({ url: site, types: TYPES }));
  await asked;
  await fetcher.close();

  assert.deepEqual(
    [await outcome, await codeOf(fetcher.fetch({ url: site, types: TYPES }))],
    ["network-failed", "network-failed"],
  );
});

function fetcherFor(t: TestContext, options: Partial<NodeLinkFetcherOptions> = {}): NodeLinkFetcher {
  const { scheduler } = systemAmbient();
  const fetcher = new NodeLinkFetcher({
    scheduler,
    allowedAddresses: ["127.0.0.1"],
    resolve: LOOPBACK,
    ...options,
  });
  t.after(() => fetcher.close());
  return fetcher;
}

async function openSite(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return failureCode(error);
  }
}
