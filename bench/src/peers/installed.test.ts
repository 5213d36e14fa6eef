/** The systems that are installed here do the work of the load without a fault; one that is not says so and is passed over. */
import { deepEqual, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { findInstalled } from "./installed.js";
import type { Peer, PeerServer } from "./peer.js";
import { runDirect } from "./run/direct.js";
import { runGroup } from "./run/group.js";
import { runReconnect } from "./run/reconnect.js";
import { SYSTEMS } from "./systems.js";

const PLAN = { window: 4, seconds: 0.2, warmUpSeconds: 0, rate: undefined } as const;

async function withServer<T>(peer: Peer, work: (server: PeerServer) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "parley-peer-"));
  const server = await peer.start({ directory, users: 7, core: undefined });
  try {
    return await work(server);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

test("a system that is not here is named with what would install it", () => {
  const command = ["parley-bench-no-such-program"] as const;
  const found = findInstalled({ command, version: /(.+)/, packageName: "some-server" });
  deepEqual(found, { whySkipped: "some-server is not here: apt-get install some-server" });
});

for (const peer of SYSTEMS.filter(({ kind }) => kind === "chat" || kind === "broker")) {
  const found = peer.find();
  const skip = "whySkipped" in found ? found.whySkipped : false;
  test(`${peer.name} delivers, has a group, and keeps what was missed`, { skip }, async () => {
    const all = await withServer(peer, async (server) => {
      const group = await runGroup({ ...PLAN, members: 4, writers: 2 }, { peer, server });
      const direct = await runDirect({ ...PLAN, pairs: 2 }, { peer, server });
      const reconnect = await runReconnect({ clients: 5, settleMs: 200 }, { peer, server });
      return [group, direct, reconnect];
    });
    const faults = all.map(({ figures, faults: others }) => {
      const { lost, duplicated, misordered, unanswered = 0 } = figures;
      return [lost, duplicated, misordered, unanswered, others];
    });
    deepEqual(
      faults,
      Array.from({ length: 3 }, () => [0, 0, 0, 0, []]),
    );
    for (const { figures } of all.slice(0, 2)) ok(figures["messages_checked"]! > 0);
  });
}
