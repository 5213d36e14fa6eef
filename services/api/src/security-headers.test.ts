/** Goal: every answer over HTTP carries the headers that docs/operations/security.md promises, whatever was asked and whatever came of it. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { RecordingLogger } from "@parley/base/testing";
import type { MediaCalls, MediaContent } from "@parley/contracts";
import type { MediaId } from "@parley/protocol";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { createApi } from "./create-api.js";
import type { ModuleApi } from "./module-routes.js";
import { DATA_POLICY, PAGE_POLICY, SECURITY_HEADERS } from "./security-headers.js";
import { AccountBench, TENANT } from "./testing/account-bench.js";

const MEDIA = "0".repeat(32) as MediaId;
const FILE = "/v1/conversations/g%3Ateam/messages/1/media/";
const PAGE = { accept: "text/html" };
/** Whatever is asked: of these no answer may have another. */
const ALWAYS = [
  "x-content-type-options",
  "referrer-policy",
  "cross-origin-opener-policy",
  "cross-origin-resource-policy",
  "origin-agent-cluster",
  "permissions-policy",
  "x-dns-prefetch-control",
] as const;

interface Case extends InjectOptions {
  readonly what: string;
  readonly status: number;
  readonly policy: string;
  readonly cache: string;
  /** Beginning of the content disposition. */
  readonly disposition?: string;
}

const NO_STORE = { policy: DATA_POLICY, cache: "no-store" };
const OF_FILE = { policy: DATA_POLICY, cache: "private, no-cache" };
const OF_PAGE = { policy: PAGE_POLICY, cache: "no-cache" };
const OF_ASSET = { policy: PAGE_POLICY, cache: "public, max-age=31536000, immutable" };

describe("headers of answers", () => {
  let directory = "";
  let api: FastifyInstance;
  let token = "";

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "parley-headers-"));
    await mkdir(join(directory, "assets"));
    for (const name of ["index.html", "service-worker.js", "manifest.webmanifest", "assets/app-1a2b.js"])
      await writeFile(join(directory, name), "x");
    const bench = new AccountBench();
    await bench.addUser("ann");
    ({ token } = await bench.issue("ann"));
    api = await createApi({
      accounts: bench.accounts,
      tenantDefault: TENANT,
      logger: new RecordingLogger(),
      media: { openOfMessage: async (_session, { mediaId }) => contentOf(mediaId) } as MediaCalls,
      modules: {} as ModuleApi,
      pushPublicKey: "key",
      webRoot: directory,
    });
  });
  after(async () => {
    await api.close();
    await rm(directory, { recursive: true });
  });

  const ask = ({ headers, ...request }: InjectOptions): Promise<LightMyRequestResponse> =>
    api.inject({ ...request, headers: { authorization: `Bearer ${token}`, ...headers } });

  const cases: readonly Case[] = [
    { what: "the page", url: "/", headers: PAGE, status: 200, ...OF_PAGE },
    { what: "the page at another address", url: "/c/team", headers: PAGE, status: 200, ...OF_PAGE },
    { what: "a part of the page", url: "/?range", headers: { range: "bytes=0-0" }, status: 206, ...OF_PAGE },
    { what: "the head of the page", method: "HEAD", url: "/", status: 200, ...OF_PAGE },
    { what: "the worker", url: "/service-worker.js", status: 200, ...OF_PAGE },
    { what: "the manifest", url: "/manifest.webmanifest", status: 200, ...OF_PAGE },
    { what: "a script", url: "/assets/app-1a2b.js", status: 200, ...OF_ASSET },
    { what: "a script that is not there", url: "/assets/none.js", status: 404, ...NO_STORE },
    { what: "health", url: "/healthz", status: 200, ...NO_STORE },
    { what: "the document of the API", url: "/v1/openapi.json", status: 200, ...NO_STORE },
    { what: "an answer", url: "/v1/sessions", status: 200, ...NO_STORE },
    {
      what: "no session",
      url: "/v1/sessions",
      headers: { authorization: "Bearer x" },
      status: 401,
      ...NO_STORE,
    },
    { what: "no route", url: "/v1/none", headers: PAGE, status: 404, ...NO_STORE },
    { what: "no method", method: "PUT", url: "/v1/sessions", status: 404, ...NO_STORE },
    { what: "no path", url: "/v1/%zz", status: 400, ...NO_STORE },
    { what: "no JSON", method: "POST", url: "/v1/login", payload: "{", status: 415, ...NO_STORE },
    {
      what: "a picture",
      url: `${FILE}${MEDIA}`,
      status: 200,
      ...OF_FILE,
      disposition: "inline",
    },
    {
      what: "a part of it",
      url: `${FILE}${MEDIA}`,
      headers: { range: "bytes=0-1" },
      status: 206,
      ...OF_FILE,
      disposition: "inline",
    },
    {
      what: "what is known of it",
      url: `${FILE}${MEDIA}`,
      headers: { "if-none-match": `"${MEDIA}-4"` },
      status: 304,
      ...OF_FILE,
    },
    {
      what: "a file that is no picture",
      url: `${FILE}${MEDIA.replace("0", "1")}`,
      status: 200,
      ...OF_FILE,
      disposition: "attachment",
    },
  ];

  for (const { what, status, policy, cache, disposition, ...request } of cases) {
    test(what, async () => {
      const { statusCode, headers } = await ask(request);
      assert.deepEqual(
        {
          status: statusCode,
          policy: headers["content-security-policy"],
          cache: headers["cache-control"],
          disposition: headers["content-disposition"]?.toString().split(";")[0],
          ...shown(headers),
        },
        { status, policy, cache, disposition, ...shown(SECURITY_HEADERS) },
      );
    });
  }

  test("a page that has not changed keeps its policy", async () => {
    const { etag } = (await ask({ url: "/", headers: PAGE })).headers;
    const { statusCode, headers } = await ask({ url: "/", headers: { ...PAGE, "if-none-match": etag } });
    assert.deepEqual(
      [statusCode, headers["content-security-policy"], shown(headers)],
      [304, PAGE_POLICY, shown(SECURITY_HEADERS)],
    );
  });

  test("all routes of the document, asked by nobody", async () => {
    const { paths } = (await ask({ url: "/v1/openapi.json" })).json<{
      readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
    }>();
    const asked: string[] = [];
    const wrong: string[] = [];
    for (const [path, methods] of Object.entries(paths))
      for (const method of Object.keys(methods)) {
        const url = path.replaceAll(/\{\w+\}/g, "x");
        const request = { method: method.toUpperCase(), url } as InjectOptions;
        const { headers } = await api.inject(request);
        asked.push(`${method} ${path}`);
        const isRight =
          headers["content-security-policy"] === DATA_POLICY &&
          JSON.stringify(shown(headers)) === JSON.stringify(shown(SECURITY_HEADERS));
        if (!isRight) wrong.push(`${method} ${path}`);
      }
    assert.deepEqual([wrong, asked.length > 10], [[], true]);
  });
});

test("the page's policy lets nothing in from elsewhere, and nothing out", () => {
  assert.doesNotMatch(PAGE_POLICY, /unsafe|\*|https?:|wss?:/);
  for (const policy of [PAGE_POLICY, DATA_POLICY])
    for (const directive of ["default-src", "frame-ancestors", "base-uri", "form-action"])
      assert.ok(policy.includes(`${directive} 'none'`), directive);
});

function shown(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(ALWAYS.map((name) => [name, headers[name]]));
}

function contentOf(mediaId: MediaId): MediaContent {
  const isInline = mediaId === MEDIA;
  return {
    mediaId,
    type: isInline ? "image/png" : "application/octet-stream",
    name: "a.html",
    bytes: 4,
    isInline,
    read: async function* (start, end) {
      yield Buffer.from("file").subarray(start, end);
    },
  };
}
