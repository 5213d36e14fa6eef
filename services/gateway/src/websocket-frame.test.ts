import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { framed } from "./websocket-frame.js";

/** What another implementation makes of packets that are written beside it. */
async function received(packets: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, stream, head) => {
    sockets.handleUpgrade(request, stream, head, (webSocket) => {
      for (const packet of packets) stream.write(framed(packet));
      webSocket.close(1000);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const messages: Uint8Array[] = [];
  client.on("message", (data, isBinary) => {
    assert.equal(isBinary, true);
    messages.push(new Uint8Array(data as Buffer));
  });
  const code = await new Promise((resolve, reject) => {
    client.once("close", resolve);
    client.once("error", reject);
  });
  server.close();
  assert.equal(code, 1000);
  return messages;
}

test("another implementation reads frames of every length of the head", async () => {
  const packets = [0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000].map((length) =>
    Uint8Array.from({ length }, (_, index) => index % 251),
  );
  assert.deepEqual(await received(packets), packets);
});

test("one packet for many is framed once, another one anew", () => {
  const [packet, other] = [Uint8Array.of(1, 2), Uint8Array.of(1, 2)];
  const frame = framed(packet);
  assert.equal(framed(packet), frame);
  assert.notEqual(framed(other), frame);
  assert.deepEqual(framed(other), frame);
});
