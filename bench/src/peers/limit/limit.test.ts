/** The limit in its own process under the load: the narrowest run of the whole way, which needs nothing that is not here. */
import { deepEqual, ok } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { PeerServer } from "../peer.js";
import { runDirect } from "../run/direct.js";
import { runGroup } from "../run/group.js";
import { runReconnect } from "../run/reconnect.js";
import type { Measured } from "../run/stage.js";
import { TEXT_BYTES } from "../text.js";
import { SEND_HEADER_BYTES } from "./frames.js";
import { limit } from "./limit.js";

const peer = limit(true);

async function withLimit<T>(work: (server: PeerServer, directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "parley-limit-"));
  const server = await peer.start({ directory, users: 20, core: undefined });
  try {
    return await work(server, directory);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

function faultsOf({ figures, faults }: Measured): unknown[] {
  const { lost, duplicated, misordered, unanswered = 0 } = figures;
  return [lost, duplicated, misordered, unanswered, faults];
}

test("the limit delivers each direct message once and in order, and has each in its file", async () => {
  const { measured, bytes } = await withLimit(async (server, directory) => {
    const plan = { pairs: 3, window: 4, seconds: 0.2, warmUpSeconds: 0, rate: undefined };
    const done = await runDirect(plan, { peer, server });
    return { measured: done, bytes: readFileSync(join(directory, "messages")).length };
  });
  deepEqual(faultsOf(measured), [0, 0, 0, 0, []]);
  ok(measured.figures["messages_checked"]! > 0);
  deepEqual(bytes, measured.figures["messages_checked"]! * (SEND_HEADER_BYTES + TEXT_BYTES));
});

test("everybody in a group of the limit hears everything once and in one order", async () => {
  const measured = await withLimit(async (server) => {
    const plan = { members: 12, writers: 3, window: 2, seconds: 0.2, warmUpSeconds: 0, rate: undefined };
    return runGroup(plan, { peer, server });
  });
  deepEqual(faultsOf(measured), [0, 0, 0, 0, []]);
  ok(measured.figures["messages_checked"]! > 0);
});

test("whoever is cut from the limit comes back, without what was missed", async () => {
  const measured = await withLimit((server) => runReconnect({ clients: 6, settleMs: 100 }, { peer, server }));
  deepEqual(faultsOf(measured), [0, 0, 0, 0, []]);
  ok(measured.figures["all_back_s"]! > 0);
});
