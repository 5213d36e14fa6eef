import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import { parseConfig } from "../config.js";
import { startServer } from "../serve.js";
import { remoteOperations } from "./control-client.js";
import { CONTROL_BODY_BYTES_MAX } from "./control-server.js";

describe("the control socket", () => {
  test("is for the owner only", async () => {
    await withSocket(async (socketPath) => {
      assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
    });
  });

  test("answers calls that it cannot take with a code, and takes the next one", async () => {
    await withSocket(async (socketPath) => {
      const user = { tenant: "main", userId: "ann", name: "Ann" };
      const bad: readonly (readonly [string, string])[] = [
        ["/dance", "{}"],
        ["/__proto__", "{}"],
        ["/addUser", "not JSON"],
        ["/addUser", "null"],
        ["/addUser", JSON.stringify({ ...user, userId: 7 })],
        ["/addUser", JSON.stringify({ ...user, userId: "a/b" })],
        ["/addUser", JSON.stringify({ ...user, tenant: "NOT A TENANT" })],
        ["/addUsers", JSON.stringify({ tenant: "main", users: [null] })],
        ["/importHistory", JSON.stringify({ tenant: "main", conversationId: "g:x", index: -1 })],
      ];
      const codes: string[] = [];
      for (const [path, body] of bad) codes.push(await codeOf(socketPath, path, body));
      await remoteOperations(socketPath).addUser(user);
      assert.deepEqual(
        codes,
        bad.map(() => "bad-request"),
      );
    });
  });

  test("refuses a call that is too large", async () => {
    await withSocket(async (socketPath) => {
      const name = "x".repeat(CONTROL_BODY_BYTES_MAX);
      const operations = remoteOperations(socketPath);
      const refused = await operations.addUser({ tenant: "main", userId: "ann", name }).catch(failureCode);
      // The server may cut a body off that it does not want before the client has read why.
      assert.ok(refused === "bad-request" || refused === "unavailable");
      assert.equal(await operations.addUsers({ tenant: "main", users: [] }), 0);
    });
  });

  test("a server that has gone is unavailable", async () => {
    let path = "";
    await withSocket((socketPath) => {
      path = socketPath;
      return Promise.resolve();
    });
    assert.equal(await remoteOperations(path).status({ tenant: "main" }).catch(failureCode), "unavailable");
  });
});

async function withSocket(work: (socketPath: string) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), "parley-control-"));
  const config = parseConfig(["--data", data, "--port", "0", "--demo", "off"], {});
  const server = await startServer(config, systemAmbient(), (error) => {
    throw error;
  });
  try {
    await work(server.parley.socketPath);
  } finally {
    await server.close();
    await rm(data, { recursive: true });
  }
}

function codeOf(socketPath: string, path: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method: "POST" }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString()) as { error?: { code?: string } };
        resolve(answer.error?.code ?? "");
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
