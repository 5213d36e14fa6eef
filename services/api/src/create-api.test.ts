/** The HTTP surface, without a port: every refusal is a typed problem that says what to do, and gives nothing away. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { Failure } from "@parley/base";
import { RecordingLogger } from "@parley/base/testing";
import type { AccountCalls } from "@parley/contracts";
import type { FastifyInstance } from "fastify";
import { type ApiOptions, createApi } from "./create-api.js";
import { AccountBench, PASSWORD, TENANT } from "./testing/account-bench.js";

interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly payload?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Setting {
  readonly api: FastifyInstance;
  readonly bench: AccountBench;
  readonly logger: RecordingLogger;
  /** A token of Ann's. */
  readonly token: string;
}

async function withApi(
  run: (setting: Setting) => Promise<void>,
  options: Partial<ApiOptions> = {},
): Promise<void> {
  const bench = new AccountBench();
  await bench.addUser("ann");
  const { token } = await bench.issue("ann");
  const logger = new RecordingLogger();
  const api = await createApi({ accounts: bench.accounts, tenantDefault: TENANT, logger, ...options });
  try {
    await run({ api, bench, logger, token });
  } finally {
    await api.close();
  }
}

function login(change: object): Request {
  const body = { user: "ann", password: PASSWORD, device: "test", ...change };
  return { method: "POST", url: "/v1/login", payload: body };
}

function sent(payload: string, type = "application/json"): Request {
  return { method: "POST", url: "/v1/login", payload, headers: { "content-type": type } };
}

const PROBLEMS: readonly (readonly [string, Request, number, string, RegExp])[] = [
  ["no body", { method: "POST", url: "/v1/login" }, 400, "bad-request", /body/],
  ["an empty body", sent(""), 400, "bad-request", /Body/],
  ["a body that is not JSON", sent("{"), 400, "bad-request", /JSON/],
  ["a list for a body", sent("[]"), 400, "bad-request", /object/],
  ["null for a body", sent("null"), 400, "bad-request", /object/],
  ["text for a body", sent("hi", "text/plain"), 415, "bad-request", /application\/json/],
  [
    "a form for a body",
    sent("user=ann", "application/x-www-form-urlencoded"),
    415,
    "bad-request",
    /application\/json/,
  ],
  ["a body that is too large", login({ device: "a".repeat(17_000) }), 413, "bad-request", /16384 bytes/],
  ["no user", login({ user: undefined }), 400, "bad-request", /'user'/],
  ["a number for a user", login({ user: 7 }), 400, "bad-request", /user must be string/],
  ["null for a user", login({ user: null }), 400, "bad-request", /user must be string/],
  ["a list for a password", login({ password: [PASSWORD] }), 400, "bad-request", /password must be string/],
  ["an object for a device", login({ device: {} }), 400, "bad-request", /device must be string/],
  ["a user that breaks the rules", login({ user: "a/b" }), 400, "bad-request", /user id must be/],
  ["a tenant that breaks the rules", login({ tenant: "A B" }), 400, "bad-request", /tenant id must be/],
  ["a device id that breaks the rules", login({ deviceId: "a/b" }), 400, "bad-request", /device id must be/],
  [
    "a key that is also a property of objects",
    sent('{"__proto__":{"user":"ann"}}'),
    400,
    "bad-request",
    /JSON/,
  ],
  ["a password that is too long", login({ password: "a".repeat(257) }), 400, "bad-request", /256/],
  ["an unknown user", login({ user: "nobody" }), 401, "invalid-credentials", /password is wrong/],
  ["an unknown route", { method: "GET", url: "/v1/nothing" }, 404, "not-found", /nothing here/],
  [
    "a method that a route does not have",
    { method: "PUT", url: "/v1/login" },
    404,
    "not-found",
    /nothing here/,
  ],
  ["a path that cannot be decoded", { method: "GET", url: "/v1/%zz" }, 400, "bad-request", /%zz/],
  ["no token", { method: "GET", url: "/v1/sessions" }, 401, "session-invalid", /Authorization: Bearer/],
  [
    "a token of another scheme",
    { method: "GET", url: "/v1/sessions", headers: { authorization: "Basic abc" } },
    401,
    "session-invalid",
    /Authorization: Bearer/,
  ],
  [
    "a forged token",
    { method: "DELETE", url: "/v1/sessions/s-1", headers: { authorization: "Bearer parley_x" } },
    401,
    "session-invalid",
    /sign in again/,
  ],
  [
    "the demo page of an installation that is none",
    { method: "GET", url: "/v1/demo" },
    404,
    "not-found",
    /demo/,
  ],
];

for (const [what, request, status, code, detail] of PROBLEMS) {
  test(`${what}: ${status} ${code}, and what to do`, async () => {
    await withApi(async ({ api, logger }) => {
      const response = await api.inject(request);
      const problem = response.json<Record<string, unknown>>();
      assert.deepEqual(
        {
          status: response.statusCode,
          type: String(response.headers["content-type"]).split(";", 1)[0],
          problem: { ...problem, detail: undefined, requestId: undefined },
          sniffing: response.headers["x-content-type-options"],
          errors: logger.errors,
        },
        {
          status,
          type: "application/problem+json",
          problem: {
            type: `urn:parley:error:${code}`,
            title: code,
            status,
            code,
            detail: undefined,
            requestId: undefined,
          },
          sniffing: "nosniff",
          errors: [],
        },
      );
      assert.match(String(problem["detail"]), detail);
      assert.doesNotMatch(response.body, /node_modules|\.js:|at .*\(/);
    });
  });
}

test("signing in, listing sessions, ending one and signing out", async () => {
  await withApi(async ({ api, bench }) => {
    await bench.addUser("bob", PASSWORD);
    const signIn = async (
      device: string,
    ): Promise<{ readonly token: string; readonly sessionId: string }> => {
      const response = await api.inject(login({ user: "bob", device }));
      return response.json();
    };
    const [phone, laptop] = [await signIn("phone"), await signIn("laptop")];
    const ask = async (method: "GET" | "POST" | "DELETE", url: string, token: string): Promise<number> =>
      (await api.inject({ method, url, headers: { authorization: `bearer ${token}` } })).statusCode;
    const listed = await api.inject({
      method: "GET",
      url: "/v1/sessions",
      headers: { authorization: `Bearer ${phone.token}` },
    });
    const { sessions } = listed.json<{
      readonly sessions: readonly { readonly deviceName: string; readonly isCurrent: boolean }[];
    }>();
    const statuses = [
      await ask("DELETE", `/v1/sessions/${laptop.sessionId}`, phone.token),
      await ask("GET", "/v1/sessions", laptop.token),
      await ask("DELETE", "/v1/sessions/s-unknown", phone.token),
      await ask("POST", "/v1/logout", phone.token),
      await ask("POST", "/v1/logout", phone.token),
    ];
    assert.deepEqual(
      {
        sessions: sessions.map(({ deviceName, isCurrent }) => `${deviceName} ${isCurrent}`).toSorted(),
        statuses,
        ended: bench.ended,
        keys: Object.keys(sessions[0]!).toSorted(),
      },
      {
        sessions: ["laptop false", "phone true"],
        statuses: [204, 401, 204, 204, 401],
        ended: [laptop.sessionId, phone.sessionId],
        keys: ["createdMs", "deviceId", "deviceName", "expiresAtMs", "isCurrent", "sessionId"],
      },
    );
  });
});

test("nobody ends the session of another, also when its id is known", async () => {
  await withApi(async ({ api, bench, token }) => {
    await bench.addUser("bob");
    const other = await bench.issue("bob");
    const url = `/v1/sessions/${other.session.sessionId}`;
    const { statusCode } = await api.inject({
      method: "DELETE",
      url,
      headers: { authorization: `Bearer ${token}` },
    });
    assert.deepEqual([statusCode, bench.ended], [204, []]);
  });
});

test("a wait is told in the header too, and a failure of ours says nothing but its number", async () => {
  const answers: readonly Error[] = [
    new Failure("too-many-requests", "Wait.", { retry: "same", retryAfterMs: 1_500 }),
    new Failure("account-disabled", "This account may not sign in."),
    new Failure("tables-failed", "secret path /var/lib"),
    new TypeError("secret: cannot read properties of undefined"),
  ];
  let next = 0;
  const accounts = {
    login: () => Promise.reject(answers[next++]!),
  } as Partial<AccountCalls> as AccountCalls;
  await withApi(
    async ({ api, logger }) => {
      const seen = [];
      for (const _ of answers) {
        const response = await api.inject(login({}));
        const { code } = response.json<{ readonly code: string }>();
        seen.push([
          response.statusCode,
          code,
          response.headers["retry-after"],
          response.body.includes("secret"),
        ]);
      }
      assert.deepEqual(seen, [
        [429, "too-many-requests", "2", false],
        [403, "account-disabled", undefined, false],
        [500, "internal", "1", false],
        [500, "internal", "1", false],
      ]);
      assert.deepEqual(logger.errors, ["http-request-failed", "http-request-failed"]);
    },
    { accounts },
  );
});

test("the web app is served with its page for every address of it, and nothing beside it", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parley-web-"));
  const webRoot = join(directory, "web");
  await mkdir(join(webRoot, "assets"), { recursive: true });
  await writeFile(join(webRoot, "index.html"), "<p>page</p>");
  await writeFile(join(webRoot, "assets", "app-1a2b.js"), "app");
  await writeFile(join(directory, "secret.txt"), "secret");
  const page = { accept: "text/html" };
  try {
    await withApi(
      async ({ api }) => {
        const seen = [];
        for (const [url, headers] of [
          ["/", page],
          ["/c/g:team", page],
          ["/assets/app-1a2b.js", {}],
          ["/assets/none.js", {}],
          ["/v1/none", page],
          ["/..%2fsecret.txt", {}],
          ["/%2e%2e/secret.txt", {}],
          ["/assets/..%2f..%2fsecret.txt", {}],
        ] as const) {
          const response = await api.inject({ method: "GET", url, headers });
          seen.push([response.statusCode, response.body] as const);
        }
        assert.deepEqual(seen.slice(0, 3), [
          [200, "<p>page</p>"],
          [200, "<p>page</p>"],
          [200, "app"],
        ]);
        assert.deepEqual(
          seen.slice(3).map(([status]) => status),
          [404, 404, 404, 404, 404],
        );
      },
      { webRoot },
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a built file is sent as the browser takes it, with what it is and for how long", async () => {
  const webRoot = await mkdtemp(join(tmpdir(), "parley-web-"));
  await mkdir(join(webRoot, "assets"));
  const script = "app();".repeat(100);
  for (const [name, content] of [
    ["index.html", "<p>page</p>"],
    ["assets/app-1a2b.js", script],
    ["assets/app-1a2b.js.br", brotliCompressSync(script)],
    ["assets/app-1a2b.js.gz", gzipSync(script)],
  ] as const)
    await writeFile(join(webRoot, name), content);
  try {
    await withApi(
      async ({ api }) => {
        const seen = [];
        for (const accepted of ["gzip, deflate, br", "gzip", "identity"]) {
          const { headers, rawPayload } = await api.inject({
            method: "GET",
            url: "/assets/app-1a2b.js",
            headers: { "accept-encoding": accepted },
          });
          const encoding = headers["content-encoding"];
          const plain =
            encoding === "br"
              ? brotliDecompressSync(rawPayload)
              : encoding === "gzip"
                ? gunzipSync(rawPayload)
                : rawPayload;
          seen.push([encoding, plain.toString() === script, headers["content-type"], headers.vary]);
          assert.match(String(headers["cache-control"]), /immutable/u);
        }
        const type = "application/javascript; charset=utf-8";
        assert.deepEqual(seen, [
          ["br", true, type, "accept-encoding"],
          ["gzip", true, type, "accept-encoding"],
          [undefined, true, type, "accept-encoding"],
        ]);
      },
      { webRoot },
    );
  } finally {
    await rm(webRoot, { recursive: true });
  }
});

test("without the web app the page says how to build it, and health is told", async () => {
  await withApi(async ({ api }) => {
    const bodies = [];
    for (const url of ["/", "/healthz", "/readyz"])
      bodies.push((await api.inject({ method: "GET", url })).body);
    assert.deepEqual(bodies, [
      "The web app is not built: run npm run build.\n",
      '{"status":"ok"}',
      '{"status":"ok"}',
    ]);
  });
});
