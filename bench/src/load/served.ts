/** An installation in this process, with its WebSockets: to count what an idea saves, over the real wire. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import { Gateway, listenForWebSockets } from "@parley/gateway";
import { type TenantId, parseTenantId, parseUserId } from "@parley/protocol";
import { openParley } from "@parley/server";

type Parley = Awaited<ReturnType<typeof openParley>>;

export interface Served {
  readonly parley: Parley;
  readonly port: number;
  readonly tenantId: TenantId;
  readonly packer: Gateway["packer"];
  /** A token of a new device of this user, who is added when there is none. */
  token(userId: string): Promise<string>;
  close(): Promise<void>;
}

export async function serveHere(options: Partial<Parameters<typeof openParley>[0]> = {}): Promise<Served> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const ambient = systemAmbient();
  const tenantId = parseTenantId("main");
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const parley = await openParley({ dataDirectory, ambient, onFatal, ...options });
  const gateway = new Gateway({
    calls: {
      accounts: parley.accounts,
      message: parley.message,
      sync: parley.sync,
      notify: parley.notify,
    },
    ambient,
    serverName: "parley-bench",
  });
  const server = createServer();
  const stop = listenForWebSockets(server, gateway);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const known = new Set<string>();
  return {
    parley,
    port: (server.address() as AddressInfo).port,
    tenantId,
    packer: gateway.packer,
    async token(name) {
      const userId = parseUserId(name);
      if (!known.has(name)) await parley.accounts.addUser({ tenantId, userId, name });
      known.add(name);
      const { token } = await parley.accounts.issueToken({ tenantId, userId, deviceName: "bench" });
      return token;
    },
    async close() {
      stop();
      await gateway.drain(0);
      await new Promise((resolve) => server.close(resolve));
      await parley.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
