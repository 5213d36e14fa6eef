/**
 * Goal: whatever comes in over HTTP or as an upgrade is answered in words that clients know, or the connection is closed;
 * the server logs no error and goes on.
 *
 * Method: requests that are put together from odd parts, some of them broken anywhere, each over a connection of its own;
 * and the requests of `corpus/http`, which were interesting once. A server process takes them all.
 */
import { deepEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { seedOfRun } from "./seed.js";
import { startWorld, type World } from "./world.js";

const CORPUS = fileURLToPath(new URL("../corpus/http", import.meta.url));
const RUNS = 400;
const AT_A_TIME = 8;
/** A request without an end is not answered until it ends; the connection then ends first. */
const SILENCE_MS_MAX = 250;

test("odd requests are answered with a problem or not at all, and the server goes on", async (t) => {
  const world = await startWorld(t);
  const kept = readdirSync(CORPUS).map((name) =>
    Buffer.from(readFileSync(join(CORPUS, name), "utf8").replaceAll(/\s/g, ""), "hex"),
  );
  const made = fc.sample(REQUEST, { numRuns: RUNS, seed: seedOfRun() });
  const requests = [...kept, ...made];
  const wrong: string[] = [];
  const rest = requests.values();
  const work = async (): Promise<void> => {
    for (const request of rest) {
      const answer = await say(world, request);
      if (!isKnown(answer)) wrong.push(`${request.toString("hex")} got ${answer.slice(0, 500)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  const health = await fetch(`${world.server.url}/healthz`);
  const { code, stderr } = await world.server.stop();
  const errors = stderr.split("\n").filter((line) => line.includes('"level":"error"'));
  deepEqual([wrong, health.status, code, errors], [[], 200, 0, []]);
});

const TOKEN = fc.constantFrom(
  "Bearer x",
  "Bearer",
  "bearer  x y",
  "Basic eDp5",
  "Bearer \u00FF",
  `Bearer ${"a".repeat(9_000)}`,
  "",
);
const PATH_PART = fc.oneof(
  fc.constantFrom(
    "v1",
    "login",
    "logout",
    "sessions",
    "ws",
    "stream",
    "0123456789abcdef0123456789abcdef?number=1",
    "demo",
    "healthz",
    "assets",
    "index.html",
    "",
    ".",
    "..",
  ),
  fc.constantFrom(
    "%2e%2e",
    "%00",
    "%ff",
    "%zz",
    "%",
    "%c0%af",
    "%F0%9F%92%A9",
    "..\\",
    "a;b",
    "__proto__",
    "constructor",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constant("a".repeat(300)),
);
const TARGET = fc
  .tuple(fc.array(PATH_PART, { maxLength: 5 }), fc.constantFrom("", "?", "?a=%zz", "#x", "?__proto__[a]=1"))
  .map(([parts, query]) => `/${parts.join("/")}${query}`);
const HEADER = fc.oneof(
  TOKEN.map((token) => `Authorization: ${token}`),
  fc.constantFrom(
    "Content-Type: application/json",
    "Content-Type: text/plain",
    "Content-Type: ;;;",
    "Content-Type: \u00FF",
  ),
  fc.constantFrom(
    "Content-Length: 2",
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Content-Length: 0",
  ),
  fc.constantFrom(
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Expect: 100-continue",
    "Expect: x",
  ),
  fc.constantFrom(
    "Accept: text/html",
    "Accept: \u00E4",
    "Range: bytes=5-1",
    "If-None-Match: \u00FF",
    "Connection: close",
  ),
  fc.constantFrom("Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c", "Sec-WebSocket-Version: 13"),
  fc.constantFrom(
    "Sec-WebSocket-Version: 99",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Key: x",
  ),
  fc.constantFrom("Sec-WebSocket-Protocol: a,,b", "Sec-WebSocket-Extensions: permessage-deflate; x=\u00FF"),
  fc.constantFrom(
    "Origin: http://[",
    "Origin: null",
    "Origin: http://x",
    "Origin: http://evil",
    "Origin: javascript:1",
  ),
  fc
    .tuple(fc.string({ maxLength: 10 }), fc.string({ unit: "binary", maxLength: 20 }))
    .map((pair) => pair.join(": ")),
  fc.constant(`X: ${"y".repeat(20_000)}`),
);
const BODY = fc.oneof(
  fc.constantFrom(
    "",
    "{}",
    "[]",
    "null",
    "{",
    '{"user":"anna"}',
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "ffffffffffffffff\r\n",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
);
const WHOLE = fc
  .record({
    method: fc.constantFrom(
      "GET",
      "POST",
      "PUT",
      "DELETE",
      "HEAD",
      "OPTIONS",
      "CONNECT",
      "TRACE",
      "PRI",
      "get",
    ),
    target: fc.oneof(
      TARGET,
      fc.constantFrom("*", "http://x/healthz", "/v1/ws", "/v1/ws", "/v1/login", "/v1/stream", "//x/y", "x"),
    ),
    version: fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9"),
    headers: fc.array(HEADER, { maxLength: 6 }),
    body: BODY,
  })
  .map(({ method, target, version, headers, body }) =>
    Buffer.from([`${method} ${target} ${version}`, "Host: x", ...headers, "", body].join("\r\n"), "latin1"),
  );
const REQUEST = fc.oneof(
  { arbitrary: WHOLE, weight: 8 },
  // Broken somewhere: a part is left out, or one byte is another.
  {
    arbitrary: fc.tuple(WHOLE, fc.nat(), fc.nat(), fc.nat(255)).map(([bytes, from, to, value]) => {
      const [one, other] = [from % (bytes.length + 1), to % (bytes.length + 1)].toSorted((a, b) => a - b);
      if (one === undefined || other === undefined || one === other) return bytes;
      return value % 2 === 0
        ? Buffer.concat([bytes.subarray(0, one), bytes.subarray(other)])
        : Buffer.concat([bytes.subarray(0, one), Buffer.of(value), bytes.subarray(one + 1)]);
    }),
    weight: 3,
  },
  { arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
);

/** Everything that the server says until it closes the connection or is silent. */
function say({ server }: World, request: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(server.port, "127.0.0.1");
    const timer = setTimeout(() => socket.destroy(), SILENCE_MS_MAX);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      answer += chunk;
      timer.refresh();
    });
    // "close" follows; what was said before counts.
    socket.once("error", () => undefined);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(request);
  });
}

/** Nothing, or a first answer that is a success, a problem, or a refusal by Node or by the WebSocket library. */
function isKnown(answer: string): boolean {
  if (answer === "") return true;
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  if (!(status >= 100 && status < 500)) return false;
  const type = /content-type: ([^;\r]+)/i.exec(head)?.[1];
  // Refused expectations, hosts and upgrades have no words, or those of the library.
  if (status < 400 || type === undefined || type === "text/html") return true;
  // The next request of the connection may have its answer behind this one.
  const hasWords = body === "" || body.startsWith("HTTP/1.1 ") || /"code":"[a-z-]+"/.test(body);
  return type === "application/problem+json" && hasWords;
}
