/** What comes in is not always HTTP. It goes over a real socket, because only there is a parser that refuses it. */
import assert from "node:assert/strict";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { RecordingLogger } from "@parley/base/testing";
import { createApi } from "./create-api.js";
import { AccountBench, TENANT } from "./testing/account-bench.js";

const CASES: readonly (readonly [string, string, number])[] = [
  ["a TLS handshake", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00FC", 400],
  ["an unknown method", "FETCH / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a control character in the path", "GET /\u0000 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  [
    "two lengths",
    "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
    400,
  ],
  ["headers that are too long", `GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(20_000)}\r\n\r\n`, 431],
];

for (const [what, text, status] of CASES) {
  test(`${what} is answered with a problem and ${status}`, async () => {
    const { accounts } = new AccountBench();
    const logger = new RecordingLogger();
    const api = await createApi({ accounts, tenantDefault: TENANT, logger });
    try {
      await api.listen({ host: "127.0.0.1", port: 0 });
      const answer = await say((api.server.address() as AddressInfo).port, text);
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      const { detail, ...problem } = JSON.parse(body) as Record<string, unknown>;
      assert.deepEqual(
        {
          status: head.split(" ")[1],
          type: /content-type: ([^;\r]+)/i.exec(head)?.[1],
          length: /content-length: (\d+)/i.exec(head)?.[1],
          problem,
          hasDetail: typeof detail === "string" && detail !== "",
          errors: logger.errors,
        },
        {
          status: String(status),
          type: "application/problem+json",
          length: String(body.length),
          problem: {
            type: "urn:parley:error:bad-request",
            title: "bad-request",
            status,
            code: "bad-request",
            requestId: "",
          },
          hasDetail: true,
          errors: [],
        },
      );
    } finally {
      await api.close();
    }
  });
}

/** Everything that the server says before it closes the connection. */
function say(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      answer += chunk;
    });
    // "close" follows; what was said before counts.
    socket.once("error", () => undefined).once("close", () => resolve(answer));
    socket.write(Buffer.from(text, "latin1"));
  });
}
