import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import { parseConfig } from "../config.js";
import { type RunningServer, startServer } from "../serve.js";

let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "parley-metrics-"));
});

afterEach(() => rm(data, { recursive: true, force: true }));

describe("metrics", () => {
  test("are where they were asked for, on this machine only, and nowhere on the public port", async () => {
    await withServer(["--metrics-port", "0"], async ({ url, metricsUrl }) => {
      const page = await fetch(metricsUrl!);
      const text = await page.text();
      const statuses = await Promise.all(
        [
          fetch(metricsUrl!.replace("/metrics", "/")),
          fetch(metricsUrl!, { method: "POST" }),
          fetch(`${url}/metrics`),
        ].map(async (answer) => (await answer).status),
      );
      assert.deepEqual(
        [new URL(metricsUrl!).hostname, page.status, page.headers.get("content-type"), ...statuses],
        ["127.0.0.1", 200, "text/plain; version=0.0.4; charset=utf-8", 404, 404, 404],
      );
      for (const name of [
        "parley_journal_syncs_total",
        "parley_tables_staged_bytes",
        "parley_engine_files",
        "parley_cold_moved_rows_total",
      ])
        assert.match(text, new RegExp(`^${name} \\d+$`, "m"));
      assert.match(text, /^parley_table_rows_written_total\{table="conversation-message"\} [1-9]\d*$/m);
      assert.doesNotMatch(text, /\bg:|\bd:|"main"/);
    });
  });

  test("are always on the control socket", async () => {
    await withServer([], async ({ metricsUrl, parley }) => {
      const text = await readSocket(parley.socketPath, "/metrics");
      assert.equal(metricsUrl, undefined);
      assert.match(text, /^# TYPE parley_table_rows_read_total counter$/m);
    });
  });

  test("on a port that is taken are refused, and the directory is let go of", async () => {
    await withServer(["--metrics-port", "0"], async ({ metricsUrl }) => {
      const { port } = new URL(metricsUrl!);
      const other = `${data}-other`;
      const settings = ["--data", other, "--port", "0", "--demo", "off"];
      try {
        await assert.rejects(start([...settings, "--metrics-port", port]), { code: "port-in-use" });
        const again = await start(settings);
        await again.close();
      } finally {
        await rm(other, { recursive: true, force: true });
      }
    });
  });

  test("have a port or none", () => {
    const portOf = (...args: string[]): number | undefined => parseConfig(args, {}).metricsPort;
    assert.deepEqual([portOf(), portOf("--metrics-port", "9100")], [undefined, 9100]);
    assert.throws(() => portOf("--metrics-port", "on"), { code: "bad-setting" });
  });
});

function start(settings: readonly string[]): Promise<RunningServer> {
  return startServer(parseConfig(settings, {}), systemAmbient(), (error) => {
    throw error;
  });
}

async function withServer(
  settings: readonly string[],
  work: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await start(["--data", data, "--port", "0", "--demo", "on", ...settings]);
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

function readSocket(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method: "GET" }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
