/** Pictures over HTTP, without a port. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "@parley/base/testing";
import { PICTURE_BYTES_MAX } from "@parley/protocol";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { createApi } from "./create-api.js";
import { AccountBench, OTHER, TENANT } from "./testing/account-bench.js";

const PNG = Buffer.from("89504e470d0a1a0a00", "hex");

interface Setting {
  readonly api: FastifyInstance;
  /** Tokens of Ann and Bob, and of somebody of another organisation. */
  readonly ann: string;
  readonly bob: string;
  readonly eve: string;
}

async function withApi(run: (setting: Setting) => Promise<void>): Promise<void> {
  const bench = new AccountBench();
  for (const name of ["ann", "bob"]) await bench.addUser(name);
  await bench.addUser("eve", undefined, OTHER);
  const tokens = [
    await bench.issue("ann"),
    await bench.issue("bob"),
    await bench.issue("eve", 3_600_000, OTHER),
  ];
  const [ann = "", bob = "", eve = ""] = tokens.map(({ token }) => token);
  // A server knows more types; here a picture begins as one.
  const pictureType = (bytes: Uint8Array): string => (bytes[0] === 0x89 ? "image/png" : "text/html");
  const logger = new RecordingLogger();
  const api = await createApi({ accounts: bench.accounts, tenantDefault: TENANT, logger, pictureType });
  try {
    await run({ api, ann, bob, eve });
  } finally {
    await api.close();
  }
}

function put(api: FastifyInstance, token: string, payload: Buffer): Promise<LightMyRequestResponse> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" };
  return api.inject({ method: "PUT", url: "/v1/me/picture", headers, payload });
}

function get(api: FastifyInstance, token: string, headers: object = {}): Promise<LightMyRequestResponse> {
  const all = { authorization: `Bearer ${token}`, ...headers };
  return api.inject({ method: "GET", url: "/v1/users/ann/picture", headers: all });
}

test("a picture is seen by all of the organisation, as it is, and nothing in it runs", async () => {
  await withApi(async ({ api, ann, bob, eve }) => {
    const set = await put(api, ann, PNG);
    const seen = await get(api, bob);
    const headers = [
      "content-type",
      "etag",
      "cache-control",
      "x-content-type-options",
      "content-security-policy",
    ];
    assert.deepEqual(
      [set.json(), seen.rawPayload, headers.map((name) => seen.headers[name])],
      [{ pictureVersion: 1 }, PNG, ["image/png", '"1"', "private, no-cache", "nosniff", "sandbox"]],
    );
    const others = [await get(api, bob, { "if-none-match": '"1"' }), await get(api, eve), await get(api, "")];
    assert.deepEqual(
      others.map(({ statusCode }) => statusCode),
      [304, 404, 401],
    );
  });
});

test("what was taken away is gone, and taking it away again does nothing", async () => {
  await withApi(async ({ api, ann }) => {
    await put(api, ann, PNG);
    const headers = { authorization: `Bearer ${ann}` };
    const remove = (): Promise<LightMyRequestResponse> =>
      api.inject({ method: "DELETE", url: "/v1/me/picture", headers });
    const codes = [await remove(), await remove(), await get(api, ann), await put(api, ann, PNG)];
    assert.deepEqual(
      [codes.map(({ statusCode }) => statusCode), codes.at(-1)?.json()],
      [[204, 204, 404, 200], { pictureVersion: 2 }],
    );
  });
});

test("what is no picture, too large, empty, or JSON is refused with what to do", async () => {
  await withApi(async ({ api, ann }) => {
    const large = Buffer.concat([PNG, Buffer.alloc(PICTURE_BYTES_MAX)]);
    const headers = { authorization: `Bearer ${ann}` };
    const answers = [
      await put(api, ann, Buffer.from("<html>")),
      await put(api, ann, large),
      await put(api, ann, Buffer.alloc(0)),
      await api.inject({ method: "PUT", url: "/v1/me/picture", headers, payload: { a: 1 } }),
      await put(api, "", PNG),
    ];
    assert.deepEqual(
      answers.map((answer) => [answer.statusCode, answer.json<{ code: string }>().code]),
      [
        [415, "media-refused"],
        [413, "bad-request"],
        [400, "bad-request"],
        [400, "bad-request"],
        [401, "session-invalid"],
      ],
    );
  });
});
