/**
 * Goal: whatever is said to the routes of streams, the server answers with the promised status, holds bounded memory, and goes on
 * for everybody else.
 *
 * Method: a server process; raw sockets and requests that are wrong by number, id, size, pace or kind.
 */
import { RawClient, type ServerProcess } from "@parley/bench";
import {
  DISCONNECT,
  encodeFrame,
  PROTOCOL_VERSION,
  STREAM_ITEM,
  STREAM_PATH,
  STREAM_UPLOAD_BYTES_MAX,
  streamItem,
} from "@parley/protocol";
import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { seedOfRun } from "./seed.js";
import { ANNA, BERT, CARL, createDirect, outcome, send, startWorld, TOGETHER, type World } from "./world.js";

const MEGABYTE = 1024 * 1024;
const RUNS = 150;
const OPENS = 3_000;
const OPENS_AT_A_TIME = 200;
/** Of the server's memory, what a test may add: garbage that is not collected yet counts, too. */
const GROWTH_BYTES_MAX = 300 * MEGABYTE;

/** The length and the kind of the first item, and what every short packet begins with. */
const FIRST_ITEM = "\0\0\0!\u0001";
const PACKET_ITEM = "\r\n\0\0\0";

test("random uploads get a known status, and others go on", async (t) => {
  const world = await startWorld(t);
  const anna = await world.connect(ANNA);
  await createDirect(anna);
  const bodies = fc.sample(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 60 }).map((content) => streamItem(STREAM_ITEM.packet, content)),
      fc
        .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 60 }))
        .map(([kind, content]) => streamItem(kind, content)),
    ),
    { numRuns: RUNS, seed: seedOfRun() },
  );
  const statuses = new Set<number>();
  for (const body of bodies) {
    const stream = await openStream(world);
    statuses.add(await upload(world, `${stream.id}?number=1`, body));
    stream.socket.destroy();
  }
  deepEqual(
    [...statuses].filter((status) => status !== 204 && status !== 400),
    [],
  );
  equal(outcome(await send(anna, 1, "still here")), "sent");
  await anna.close();
  equal(await noErrors(world), 0);
});

test("wrong numbers, foreign ids and wrong methods are refused, and nobody speaks for another", async (t) => {
  const world = await startWorld(t);
  const [one, other] = [await openStream(world), await openStream(world)];
  const hello = streamItem(
    STREAM_ITEM.packet,
    encodeFrame("hello", { protocolVersion: PROTOCOL_VERSION, token: "nonsense" }),
  );
  const odd = ["0", "2", "-1", "1.5", "1e0", "01", "9".repeat(400), "NaN", "%31", ""];
  const statuses = [
    ...(await Promise.all(odd.map(async (number) => upload(world, `${one.id}?number=${number}`, hello)))),
    await upload(world, `${"f".repeat(32)}?number=1`, hello),
    await upload(world, `${one.id}x?number=1`, hello),
    await upload(world, `${one.id.toUpperCase()}0?number=1`, hello),
    await upload(world, `${one.id}?number=1`, hello),
  ];
  deepEqual(statuses, [400, 409, 400, 400, 400, 400, 400, 400, 400, 400, 404, 404, 404, 204]);
  equal(await one.code, DISCONNECT.sessionInvalid.code);
  equal(other.socket.destroyed, false);
  other.socket.destroy();
  equal(await noErrors(world), 0);
});

test("contents without end cost bounded memory and end their streams", async (t) => {
  const world = await startWorld(t);
  const before = (await world.server.stats()).rss;
  const streams = await Promise.all(Array.from({ length: 100 }, async () => openStream(world)));
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536), Buffer.from("\r\n")]);
  const outcomes = await Promise.all(
    streams.map(async ({ id }) => {
      const socket = await dial(world.server);
      socket.write(
        `POST ${STREAM_PATH}/${id}?number=1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      let written = 0;
      // Far beyond what an upload may have; the server ends it before.
      while (!socket.destroyed && socket.writable && written < STREAM_UPLOAD_BYTES_MAX * 20) {
        written += 65_536;
        if (!socket.write(chunk)) await drained(socket);
      }
      socket.destroy();
      return written < STREAM_UPLOAD_BYTES_MAX * 20;
    }),
  );
  deepEqual(new Set(outcomes), new Set([true]));
  const grown = (await world.server.stats()).rss - before;
  ok(grown < GROWTH_BYTES_MAX, `The server grew by ${grown} bytes.`);
  for (const { socket } of streams) socket.destroy();
  const client = await world.connect(BERT);
  await client.close();
  equal(await noErrors(world), 0);
});

test("uploads that stop in the middle hold nobody up, and end with their stream", async (t) => {
  const world = await startWorld(t);
  const anna = await RawClient.connect({
    url: world.server.webSocketUrl,
    token: world.token(ANNA),
    transport: "stream",
  });
  const stream = await openStream(world);
  const stuck = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = await dial(world.server);
      socket.write(
        `POST ${STREAM_PATH}/${stream.id}?number=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nxx`,
      );
      return socket;
    }),
  );
  await createDirect(anna);
  equal(outcome(await send(anna, 1, "meanwhile")), "sent");
  const closed = stuck.map(async (socket) => once(socket.resume(), "close"));
  // No Hello comes over it.
  equal(await stream.code, DISCONNECT.helloMissed.code);
  await Promise.all(closed);
  await anna.close();
  equal(await noErrors(world), 0);
});

test("devices that take nothing are closed, and cost bounded memory", async (t) => {
  const world = await startWorld(t);
  const anna = await world.connect(ANNA);
  await createDirect(anna);
  for (let number = 1; number <= 40; number++) await send(anna, number, "x".repeat(16_000));
  const before = (await world.server.stats()).rss;
  const ask = streamItem(
    STREAM_ITEM.packet,
    encodeFrame("getHistory", { requestId: 1, conversationId: TOGETHER, limit: 40 }),
  );
  const readers = await Promise.all(
    [0, 1].map(async (device) => {
      const stream = await openStream(world);
      const token = world.token(BERT, device);
      const hello = encodeFrame("hello", { protocolVersion: PROTOCOL_VERSION, token });
      await upload(world, `${stream.id}?number=1`, streamItem(STREAM_ITEM.packet, hello));
      await stream.welcomed;
      stream.socket.pause();
      // About 25 MB of answers to each, three times what a connection may hold.
      for (let number = 2; number < 12; number++)
        await upload(
          world,
          `${stream.id}?number=${number}`,
          Buffer.concat(Array.from({ length: 20 }, () => ask)),
        );
      return stream;
    }),
  );
  for (let turn = 0; turn < 500 && (await world.server.stats()).connectionCount > 1; turn++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  equal((await world.server.stats()).connectionCount, 1);
  const grown = (await world.server.stats()).rss - before;
  ok(grown < GROWTH_BYTES_MAX, `The server grew by ${grown} bytes.`);
  equal(outcome(await send(anna, 41, "still here")), "sent");
  for (const { socket } of readers) socket.destroy();
  await anna.close();
  equal(await noErrors(world), 0);
});

test("thousands of openings without a Hello leave nothing behind", async (t) => {
  const world = await startWorld(t);
  const carl = await world.connect(CARL);
  for (let opened = 0; opened < OPENS; opened += OPENS_AT_A_TIME) {
    const some = await Promise.all(Array.from({ length: OPENS_AT_A_TIME }, async () => openStream(world)));
    for (const { socket } of some) socket.destroy();
  }
  for (let turn = 0; turn < 500 && (await world.server.stats()).connectionCount > 1; turn++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  equal((await world.server.stats()).connectionCount, 1);
  equal((await carl.request("listConversations", { limit: 10 })).name, "conversationList");
  await carl.close();
  equal(await noErrors(world), 0);
});

interface OpenStream {
  readonly id: string;
  readonly socket: Socket;
  /** Resolves with the first packet. */
  readonly welcomed: Promise<void>;
  /** The close code, when it has come. */
  readonly code: Promise<number>;
}

/** Resolves when the socket takes more, or nothing any more. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("drain", resolve);
    socket.once("close", () => resolve());
  });
}

async function dial(server: ServerProcess): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  // What the server cuts is what the tests are about.
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** A stream on a bare socket: its id, and the code in the last item. */
async function openStream(world: World): Promise<OpenStream> {
  const socket = await dial(world.server);
  socket.write(`POST ${STREAM_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  let heard = Buffer.alloc(0);
  let onPacket: () => void = () => undefined;
  const welcomed = new Promise<void>((resolve) => {
    onPacket = resolve;
  });
  const id = new Promise<string>((resolve) => {
    socket.on("data", (piece: Buffer) => {
      heard = Buffer.concat([heard, piece]);
      const said = heard.toString("latin1");
      const at = said.indexOf(FIRST_ITEM) + FIRST_ITEM.length;
      if (at > FIRST_ITEM.length && said.length >= at + 32) resolve(said.slice(at, at + 32));
      if (at > FIRST_ITEM.length && said.includes(PACKET_ITEM, at)) onPacket();
    });
  });
  const code = once(socket, "close").then(() => {
    const said = heard.toString("latin1");
    const at = said.lastIndexOf("\u0003");
    return (said.charCodeAt(at + 1) << 8) | said.charCodeAt(at + 2);
  });
  const found = await Promise.race([id, code.then(() => "")]);
  ok(found !== "", "the stream did not open");
  // The connection of an ended response stays open for the next request.
  socket.on("data", () => {
    if (heard.toString("latin1").endsWith("0\r\n\r\n")) socket.destroy();
  });
  return { id: found, socket, welcomed, code };
}

async function upload(world: World, rest: string, body: Uint8Array): Promise<number> {
  const response = await fetch(`${world.server.url}${STREAM_PATH}/${rest}`, {
    method: "POST",
    body: Buffer.from(body),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Stops the server; its exit code, when it logged no error. */
async function noErrors(world: World): Promise<number | null> {
  const { code, stderr } = await world.server.stop();
  deepEqual(
    stderr.split("\n").filter((line) => line.includes('"level":"error"')),
    [],
  );
  return code;
}
