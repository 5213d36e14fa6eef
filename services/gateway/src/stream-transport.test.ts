/** The binding to HTTP, over the loopback. The numbers are those of the listener's invariants. */
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  Agent,
  createServer,
  request,
} from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";
import { test } from "node:test";
import { manualAmbient, readDoc, rowsOf, sectionOf } from "@parley/base/testing";
import {
  DISCONNECT,
  encodeFrame,
  PACKET_BYTES_MAX,
  PROTOCOL_VERSION,
  readPacket,
  readStreamClose,
  STREAM_ITEM,
  STREAM_PATH,
  STREAM_UPLOAD_BYTES_MAX,
  streamItem,
  StreamItemReader,
} from "@parley/protocol";
import { createStreamListener, STREAM_PROBLEMS, type StreamListener } from "./stream-transport.js";
import { GatewayBench } from "./testing/gateway-bench.js";

/** Turns of the event loop that the loopback has to carry something. */
const TURNS_MAX = 100_000;
const ORIGIN = "https://chat.example";
const HELLO = encodeFrame("hello", { protocolVersion: PROTOCOL_VERSION, token: "a" });

interface Listening {
  readonly bench: GatewayBench;
  readonly listener: StreamListener;
  readonly host: string;
  readonly port: number;
  /** Lets everything run until `isTrue`. */
  readonly until: (isTrue: () => boolean) => Promise<void>;
  readonly open: (headers?: OutgoingHttpHeaders) => Promise<Opened>;
  /** The status that answers. */
  readonly call: (
    method: string,
    path: string,
    body?: Uint8Array,
    headers?: OutgoingHttpHeaders,
  ) => Promise<number>;
}

/** A device's side of a stream. */
class Opened {
  id = "";
  readonly packets: Uint8Array[] = [];
  code = 0;
  isEnded = false;
  readonly response: IncomingMessage;

  constructor(response: IncomingMessage) {
    this.response = response;
    const reader = new StreamItemReader();
    response.on("error", () => undefined);
    response.on("close", () => {
      this.isEnded = true;
    });
    response.on("data", (piece: Buffer) => {
      for (const { kind, content } of reader.read(piece)) {
        if (kind === STREAM_ITEM.id) this.id = Buffer.from(content).toString("latin1");
        else if (kind === STREAM_ITEM.packet) this.packets.push(content);
        else if (kind === STREAM_ITEM.close) this.code = readStreamClose(content).code;
      }
    });
  }

  get frames(): readonly string[] {
    const names: string[] = [];
    for (const packet of this.packets) readPacket(packet, ({ name }) => names.push(name));
    return names;
  }

  path(number: number | string): string {
    return `${STREAM_PATH}/${this.id}?number=${number}`;
  }
}

async function listening(
  run: (on: Listening) => Promise<void>,
  options: { readonly readingBytesMax?: number } = {},
): Promise<void> {
  const bench = new GatewayBench();
  const ambient = manualAmbient(bench.time, bench.logger);
  const listener = createStreamListener({ gateway: bench.gateway, ambient, origins: [ORIGIN], ...options });
  const server = createServer((incoming, response) => listener.handle(incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  const start = (method: string, path: string, headers: OutgoingHttpHeaders): ClientRequest =>
    request({ port, host: "127.0.0.1", method, path, headers, agent });
  const until = async (isTrue: () => boolean): Promise<void> => {
    for (let turn = 0; turn < TURNS_MAX && !isTrue(); turn++) await bench.time.settle();
    assert.equal(isTrue(), true, `never: ${isTrue.toString()}`);
  };
  const open = async (headers: OutgoingHttpHeaders = {}): Promise<Opened> => {
    const [response] = (await once(start("POST", STREAM_PATH, headers).end(), "response")) as [
      IncomingMessage,
    ];
    const opened = new Opened(response);
    await until(() => opened.id !== "");
    return opened;
  };
  const call: Listening["call"] = async (method, path, body = new Uint8Array(), headers = {}) => {
    const [response] = (await once(start(method, path, headers).end(body), "response")) as [IncomingMessage];
    response.resume();
    return response.statusCode ?? 0;
  };
  try {
    await run({ bench, listener, host: `127.0.0.1:${port}`, port, until, open, call });
  } finally {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  }
}

function upload(...packets: readonly Uint8Array[]): Buffer {
  return Buffer.concat(packets.map((packet) => streamItem(STREAM_ITEM.packet, packet)));
}

/** A request whose content ends in the middle. */
async function cutRequest(on: Listening, path: string): Promise<Socket> {
  const socket = connect(on.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n`);
  socket.write(upload(HELLO).subarray(0, 10));
  return socket;
}

test("frames go both ways, and a close code is the last item", async () => {
  await listening(async ({ bench, listener, open, call, until }) => {
    bench.issue("a");
    const device = await open();
    const { headers } = device.response;
    const status = await call("POST", device.path(1), upload(HELLO));
    await until(() => device.packets.length > 0);
    bench.revoke("a");
    await until(() => device.isEnded);
    assert.deepEqual(
      [device.id.length, status, device.frames, device.code, listener.count, bench.gateway.connectionCount],
      [32, 204, ["welcome"], DISCONNECT.sessionInvalid.code, 0, 0],
    );
    assert.deepEqual(
      [
        headers["content-type"],
        headers["cache-control"],
        headers["x-accel-buffering"],
        headers["transfer-encoding"],
      ],
      ["application/octet-stream", "no-store, no-transform", "no", "chunked"],
    );
  });
});

test("S1: a number is applied once, and none is stepped over", async () => {
  await listening(async ({ bench, open, call, until }) => {
    bench.issue("a");
    const device = await open();
    const ping = upload(encodeFrame("ping", {}));
    const statuses = [
      await call("POST", device.path(2), ping),
      await call("POST", device.path(1), upload(HELLO)),
      await call("POST", device.path(1), upload(HELLO)),
    ];
    await until(() => device.frames.includes("welcome"));
    statuses.push(await call("POST", device.path(2), Buffer.concat([ping, ping])));
    statuses.push(await call("POST", device.path(2), ping));
    await until(() => device.frames.filter((name) => name === "pong").length >= 2);
    statuses.push(await call("POST", device.path(3), ping));
    await until(() => device.frames.filter((name) => name === "pong").length >= 3);
    assert.deepEqual(
      [statuses, device.frames],
      [
        [409, 204, 204, 204, 204, 204],
        ["welcome", "pong", "pong", "pong"],
      ],
    );
  });
});

test("S1: a request that was cut counts as not made, and its number comes again", async () => {
  await listening(async (on) => {
    on.bench.issue("a");
    const device = await on.open();
    const cut = await cutRequest(on, device.path(1));
    cut.destroy();
    const status = await on.call("POST", device.path(1), upload(HELLO));
    await on.until(() => device.packets.length > 0);
    assert.deepEqual([status, device.frames], [204, ["welcome"]]);
  });
});

test("S2: uploads of a stream beyond the bound are refused", async () => {
  await listening(async (on) => {
    const device = await on.open();
    const cuts = [];
    for (let index = 0; index < 4; index++) cuts.push(await cutRequest(on, device.path(1)));
    let status = 0;
    for (let turn = 0; turn < TURNS_MAX && status !== 429; turn++)
      status = await on.call("POST", device.path(1), upload());
    assert.equal(status, 429);
    for (const cut of cuts) cut.destroy();
  });
});

test("S2: all uploads share a bound, and what ends makes room", async () => {
  await listening(
    async (on) => {
      on.bench.issue("a");
      const [one, other] = [await on.open(), await on.open()];
      const cut = await cutRequest(on, one.path(1));
      const send = (): Promise<number> => on.call("POST", other.path(1), upload(HELLO));
      await on.until(() => on.listener.readingBytes > 0);
      const full = await send();
      cut.destroy();
      await on.until(() => on.listener.readingBytes === 0);
      const free = await on.call("POST", other.path(1), upload(HELLO));
      assert.deepEqual([full, free, on.listener.readingBytes], [503, 204, 0]);
    },
    { readingBytesMax: upload(HELLO).length },
  );
});

test("S2: an upload and a packet that are too large close with a code, said or chunked", async () => {
  await listening(async ({ open, call, until }) => {
    const devices = [await open(), await open(), await open()];
    const tooLong = new Uint8Array(STREAM_UPLOAD_BYTES_MAX + 1);
    const statuses = [
      await call("POST", devices[0]!.path(1), tooLong, { "content-length": tooLong.length }).catch(() => 413),
      await call("POST", devices[1]!.path(1), tooLong, { "transfer-encoding": "chunked" }).catch(() => 413),
      await call("POST", devices[2]!.path(1), upload(new Uint8Array(PACKET_BYTES_MAX + 1))),
    ];
    await until(() => devices.every(({ isEnded }) => isEnded));
    assert.deepEqual(
      [statuses, devices.map(({ code }) => code)],
      [[413, 413, 204], Array.from({ length: 3 }, () => DISCONNECT.tooLarge.code)],
    );
  });
});

test("S3: an upload under way and a device that takes nothing end with their stream", async () => {
  await listening(async (on) => {
    const device = await on.open();
    device.response.pause();
    const cut = await cutRequest(on, device.path(1));
    const closed = once(cut, "close");
    // No Hello came.
    await on.bench.time.advance(11_000);
    await on.bench.time.advance(6_000);
    cut.resume();
    await closed;
    await on.until(() => on.listener.count === 0);
    assert.equal(on.bench.gateway.connectionCount, 0);
  });
});

test("bytes that are no items close as malformed", async () => {
  await listening(async ({ open, call, until }) => {
    const devices = [await open(), await open(), await open()];
    const statuses = [
      await call("POST", devices[0]!.path(1), Uint8Array.of(0, 0, 0, 0, 9, 9)),
      await call("POST", devices[1]!.path(1), upload(HELLO).subarray(0, 9)),
      await call("POST", devices[2]!.path(1), upload(Uint8Array.of(3, 255, 255))),
    ];
    await until(() => devices.every(({ isEnded }) => isEnded));
    assert.deepEqual(
      [statuses, devices.map(({ code }) => code)],
      [[400, 400, 204], Array.from({ length: 3 }, () => DISCONNECT.malformed.code)],
    );
  });
});

test("ids and numbers that are none are refused, and an opening has no content", async () => {
  await listening(async ({ listener, open, call }) => {
    const device = await open();
    const statuses = [
      await call("POST", `${STREAM_PATH}/${"0".repeat(32)}?number=1`),
      await call("POST", `${STREAM_PATH}/?number=1`),
      await call("POST", device.path(0)),
      await call("POST", device.path("1e3")),
      await call("POST", `${STREAM_PATH}/${device.id}`),
      await call("GET", STREAM_PATH),
      await call("POST", STREAM_PATH, Uint8Array.of(1)),
      await call("POST", STREAM_PATH, new Uint8Array(), { "transfer-encoding": "chunked" }),
    ];
    assert.deepEqual([statuses, listener.count], [[404, 404, 400, 400, 400, 405, 400, 400], 1]);
  });
});

test("a device that goes is forgotten, said or not", async () => {
  await listening(async ({ bench, listener, open, call, until }) => {
    const [polite, lost] = [await open(), await open()];
    const status = await call("DELETE", `${STREAM_PATH}/${polite.id}`);
    await until(() => polite.isEnded);
    lost.response.destroy();
    await until(() => listener.count === 0);
    assert.deepEqual(
      [status, polite.code, bench.gateway.connectionCount, await call("POST", polite.path(1))],
      [204, 0, 0, 404],
    );
  });
});

test("foreign pages are refused, and pages of the listed origins are told that they may", async () => {
  await listening(async ({ host, open, call }) => {
    const own = await open({ origin: `http://${host}` });
    const listed = await open({ origin: ORIGIN });
    const statuses = [
      await call("POST", STREAM_PATH, undefined, { origin: "https://evil.example" }),
      await call("POST", own.path(1), upload(HELLO), { origin: "https://evil.example" }),
      await call("OPTIONS", STREAM_PATH, undefined, { origin: "https://evil.example" }),
      await call("DELETE", `${STREAM_PATH}/${own.id}`, undefined, { origin: "null" }),
      await call("OPTIONS", STREAM_PATH, undefined, { origin: ORIGIN }),
    ];
    assert.deepEqual(
      [
        statuses,
        own.response.headers["access-control-allow-origin"],
        own.response.headers["cross-origin-resource-policy"],
        listed.response.headers["access-control-allow-origin"],
        listed.response.headers["cross-origin-resource-policy"],
      ],
      [[403, 403, 403, 403, 204], undefined, "same-origin", ORIGIN, undefined],
    );
  });
});

test("a gateway that stops tells streams to come back, and takes no new ones", async () => {
  await listening(async ({ bench, open, until }) => {
    const device = await open();
    const drained = bench.gateway.drain(1_000);
    const late = await open();
    await until(() => device.isEnded && late.isEnded);
    await bench.time.run(drained);
    assert.deepEqual([device.code, late.code], [DISCONNECT.draining.code, DISCONNECT.draining.code]);
  });
});

test("a slow reader is not pushed more than the socket holds, and goes on when it takes", async () => {
  await listening(async ({ bench, open, call, until }) => {
    bench.issue("a");
    const device = await open();
    await call("POST", device.path(1), upload(HELLO));
    await until(() => device.packets.length > 0 && bench.feeds.length > 0);
    const feed = bench.feeds[0]!;
    device.response.pause();
    const event = new Uint8Array(16 * 1024);
    let pushed = 0;
    // Until the buffers of the loopback and of the response are full.
    for (; pushed < 2_000 && feed.sink.hasRoom(); pushed++) {
      feed.sink.push(1, pushed + 1, [event]);
      await bench.time.settle();
    }
    const resumes = feed.resumes;
    assert.deepEqual([pushed < 2_000, feed.sink.hasRoom()], [true, false]);
    device.response.resume();
    await until(
      () => feed.resumes > resumes && device.frames.filter((name) => name === "push").length === pushed,
    );
  });
});

test("streams.md lists every status of an upload", () => {
  const listed = rowsOf(sectionOf(readDoc("protocol/streams.md"), "POST /v1/stream/ID?number=N"));
  const statuses = ["204", ...Object.keys(STREAM_PROBLEMS).filter((status) => status !== "405")];
  assert.deepEqual(
    listed.map(([status]) => status),
    statuses,
  );
});
