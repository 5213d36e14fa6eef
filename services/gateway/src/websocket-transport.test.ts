/** The binding to real WebSockets, over the loopback. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { DISCONNECT, PACKET_BYTES_MAX, PROTOCOL_VERSION, encodeFrame, readPacket } from "@parley/protocol";
import { type ClientOptions, WebSocket } from "ws";
import { GatewayBench } from "./testing/gateway-bench.js";
import { WEBSOCKET_PATH, listenForWebSockets } from "./websocket-transport.js";

/** Turns of the event loop that the loopback has to carry a packet. */
const TURNS_MAX = 100_000;

interface Listening {
  readonly bench: GatewayBench;
  readonly server: Server;
  readonly host: string;
  readonly connect: (path?: string, options?: ClientOptions) => WebSocket;
}

async function listening(run: (on: Listening) => Promise<void>): Promise<void> {
  const bench = new GatewayBench();
  const server = createServer();
  const stop = listenForWebSockets(server, bench.gateway, ["https://chat.example"]);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sockets: WebSocket[] = [];
  const connect = (path = WEBSOCKET_PATH, options: ClientOptions = {}): WebSocket => {
    const socket = new WebSocket(`ws://${host}${path}`, options);
    // A refused upgrade is an error here; the tests look at the answer.
    socket.on("error", () => {});
    sockets.push(socket);
    return socket;
  };
  try {
    await run({ bench, server, host, connect });
  } finally {
    stop();
    for (const socket of sockets) socket.terminate();
    server.closeAllConnections();
    server.close();
  }
}

async function statusOf(socket: WebSocket): Promise<number | undefined> {
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode?: number }];
  return response.statusCode;
}

async function closeCodeOf(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, "close")) as [number];
  return code;
}

test("frames go both ways, and a close code reaches the device", async () => {
  await listening(async ({ bench, connect }) => {
    bench.issue("a");
    const socket = connect();
    await once(socket, "open");
    const packets: Buffer[] = [];
    socket.on("message", (packet: Buffer) => packets.push(packet));
    socket.send(encodeFrame("hello", { protocolVersion: PROTOCOL_VERSION, token: "a" }));
    // What the gateway writes leaves when the manual time is told to go on.
    for (let turn = 0; turn < TURNS_MAX && packets.length === 0; turn++) await bench.time.settle();
    const names: string[] = [];
    for (const packet of packets) readPacket(packet, ({ name }) => names.push(name));
    const closed = closeCodeOf(socket);
    bench.revoke("a");
    assert.deepEqual([names, await closed], [["welcome"], DISCONNECT.sessionInvalid.code]);
  });
});

test("text and packets over the limit close with a code of the protocol", async () => {
  await listening(async ({ connect }) => {
    const [text, large] = [connect(), connect()];
    await Promise.all([once(text, "open"), once(large, "open")]);
    text.send("hello");
    large.send(new Uint8Array(PACKET_BYTES_MAX + 1));
    assert.deepEqual(await Promise.all([closeCodeOf(text), closeCodeOf(large)]), [
      DISCONNECT.malformed.code,
      DISCONNECT.tooLarge.code,
    ]);
  });
});

test("a packet beyond all reason is cut off by the library, and the gateway forgets the connection", async () => {
  await listening(async ({ bench, connect }) => {
    const socket = connect();
    await once(socket, "open");
    socket.send(new Uint8Array(PACKET_BYTES_MAX * 8 + 1));
    const code = await closeCodeOf(socket);
    assert.deepEqual([code, bench.gateway.connectionCount], [1009, 0]);
  });
});

test("upgrades to other paths and from foreign pages are refused", async () => {
  await listening(async ({ connect }) => {
    const statuses = await Promise.all([
      statusOf(connect("/v1/other")),
      statusOf(connect(WEBSOCKET_PATH, { origin: "https://evil.example" })),
      statusOf(connect(WEBSOCKET_PATH, { origin: "null" })),
    ]);
    assert.deepEqual(statuses, [404, 403, 403]);
  });
});

test("pages of this host and of the listed origins may connect", async () => {
  await listening(async ({ host, connect }) => {
    const origins = [`http://${host}`, "https://chat.example"];
    await Promise.all(origins.map((origin) => once(connect(WEBSOCKET_PATH, { origin }), "open")));
  });
});

test("a peer that resets a refused upgrade does not harm the process", async () => {
  await listening(async ({ server }) => {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    server.emit("upgrade", { url: "/v1/other", headers: {} }, stream, Buffer.alloc(0));
    // Without a listener this error would be thrown out of the event loop.
    assert.equal(stream.emit("error", new Error("ECONNRESET")), true);
  });
});
