/**
 * The browser's transport with the browser's globals lent to it: a WebSocket over a real server, and the window's
 * events as an event target.
 */
import { deepEqual } from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { createBrowserTransport } from "./web-socket-transport.js";

const page = new EventTarget();
Object.assign(globalThis, {
  WebSocket,
  addEventListener: page.addEventListener.bind(page),
  removeEventListener: page.removeEventListener.bind(page),
});

/** What one connection tells, until it ends, to a server that answers each packet with itself and then `onPacket`. */
async function tellOf(onEcho: (close: () => void) => void): Promise<readonly unknown[]> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  let drain = (): void => undefined;
  server.on("connection", (socket) => {
    drain = () => socket.close(4000, "draining");
    socket.on("message", (packet: Buffer) => socket.send(packet));
  });
  const told: unknown[] = [];
  const { port } = server.address() as AddressInfo;
  const connection = createBrowserTransport().connect(`ws://127.0.0.1:${port}/v1/ws`, {
    onOpen: () => connection.send(Uint8Array.of(1, 2, 3)),
    onPacket: (packet) => {
      told.push([...packet]);
      onEcho(drain);
    },
    onClose: (code, reason) => told.push([code, reason]),
  });
  await once(server, "connection");
  const [socket] = server.clients;
  if (socket !== undefined) await once(socket, "close");
  server.close();
  await once(server, "close");
  // The end of the connection may be told to the server first.
  while (told.length < 2) await new Promise(setImmediate);
  return told;
}

test("packets go both ways and the close code arrives", async () => {
  deepEqual(await tellOf((drain) => drain()), [
    [1, 2, 3],
    [4000, "draining"],
  ]);
});

test("a browser without a network ends its connection at once, and once", async () => {
  const told = await tellOf(() => {
    page.dispatchEvent(new Event("offline"));
    page.dispatchEvent(new Event("offline"));
  });
  deepEqual(told, [
    [1, 2, 3],
    [1006, "offline"],
  ]);
});
