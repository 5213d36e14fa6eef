import { deepEqual } from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { createNodeTransport } from "./web-socket-transport.js";

test("packets go both ways and the close code arrives", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.on("message", (packet: Buffer) => {
      socket.send(packet);
      socket.close(4000, "draining");
    });
  });
  const { port } = server.address() as AddressInfo;
  const seen: unknown[] = [];
  await new Promise<void>((resolve) => {
    const connection = createNodeTransport().connect(`ws://127.0.0.1:${port}/v1/ws`, {
      onOpen: () => connection.send(Uint8Array.of(1, 2, 3)),
      onPacket: (packet) => seen.push([...packet]),
      onClose: (code, reason) => {
        seen.push([code, reason]);
        resolve();
      },
    });
  });
  server.close();
  await once(server, "close");
  deepEqual(seen, [
    [1, 2, 3],
    [4000, "draining"],
  ]);
});

test("a server that is not there is a lost connection", async () => {
  const code = await new Promise<number>((resolve) => {
    createNodeTransport().connect("ws://127.0.0.1:1/v1/ws", { onOpen() {}, onPacket() {}, onClose: resolve });
  });
  deepEqual(code, 1006);
});
