/** Streams over a scripted HTTP, in virtual time. */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { ManualTime } from "@parley/base/testing";
import { STREAM_ITEM, streamClose, streamItem, StreamItemReader } from "@parley/protocol";
import {
  STREAM_CLOSE_MS_MAX,
  STREAM_OPEN_MS_MAX,
  STREAM_UPLOAD_BYTES_TARGET,
  STREAM_UPLOAD_MS_MAX,
  STREAM_UPLOAD_TRIES_MAX,
  STREAM_WAITING_BYTES_MAX,
} from "./limits.js";
import { createStreamTransport, type StreamAnswer, type StreamWorld } from "./stream-transport.js";
import type { Connection } from "./transport.js";

const ID = "0123456789abcdef0123456789abcdef";

interface Sent {
  readonly what: string;
  /** The first byte of each packet. */
  readonly packets: readonly number[];
  readonly answer: (status: number) => void;
  isCancelled: boolean;
}

/** HTTP of which a test plays the other end. */
class ScriptedHttp implements StreamWorld {
  answer: StreamAnswer | undefined;
  isOpen = false;
  readonly sent: Sent[] = [];
  goOffline: () => void = () => undefined;

  open(_url: string, answer: StreamAnswer): { cancel(): void } {
    this.answer = answer;
    this.isOpen = true;
    return { cancel: () => void (this.isOpen = false) };
  }

  send(
    { method, url, body = new Uint8Array() }: { method: string; url: string; body?: Uint8Array },
    onStatus: (status: number) => void,
  ): { cancel(): void } {
    const packets = new StreamItemReader().read(body).map(({ content }) => content[0] ?? -1);
    const what = `${method} ${url.slice(url.lastIndexOf("/") + 1).replace(ID, "ID")}`;
    const sent: Sent = { what, packets, answer: onStatus, isCancelled: false };
    this.sent.push(sent);
    return { cancel: () => void (sent.isCancelled = true) };
  }

  onOffline(task: () => void): () => void {
    this.goOffline = task;
    return () => {
      this.goOffline = () => undefined;
    };
  }

  piece(...bytes: readonly Uint8Array[]): void {
    this.answer?.onPiece(Uint8Array.from(bytes.flatMap((part) => [...part])));
  }

  get said(): readonly (readonly [string, readonly number[]])[] {
    return this.sent.map(({ what, packets }) => [what, packets]);
  }
}

interface Bench {
  readonly time: ManualTime;
  readonly http: ScriptedHttp;
  readonly connection: Connection;
  readonly told: unknown[];
}

const OPENED = streamItem(
  STREAM_ITEM.id,
  Uint8Array.from(ID, (digit) => digit.charCodeAt(0)),
);

function connect(isOpened = true): Bench {
  const time = new ManualTime();
  const http = new ScriptedHttp();
  const told: unknown[] = [];
  const connection = createStreamTransport(http, { scheduler: time }).connect("ws://test/v1/ws", {
    onOpen: () => told.push("open"),
    onPacket: (bytes) => told.push([...bytes]),
    onClose: (code, reason) => told.push([code, reason]),
  });
  if (isOpened) http.piece(OPENED);
  return { time, http, connection, told };
}

function packet(first: number, length = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = first;
  return bytes;
}

test("the id opens, packets come whatever the pieces are, and the last item closes with its code", () => {
  const { http, told } = connect(false);
  const bytes = [
    OPENED,
    streamItem(9, packet(1)),
    streamItem(STREAM_ITEM.packet, packet(7)),
    streamClose(4000, "bye"),
  ];
  for (const byte of bytes.flatMap((part) => [...part])) http.piece(Uint8Array.of(byte));
  deepEqual([told, http.isOpen, http.said], [["open", [7], [4000, "bye"]], false, []]);
});

test("packets go one request at a time, in order, and what gathers meanwhile goes together", () => {
  const { http, connection } = connect();
  for (const first of [1, 2, 3]) connection.send(packet(first));
  equal(connection.bufferedBytes, 3 * 6);
  http.sent[0]!.answer(204);
  connection.send(packet(4));
  http.sent[1]!.answer(204);
  deepEqual(http.said, [
    ["POST ID?number=1", [1]],
    ["POST ID?number=2", [2, 3]],
    ["POST ID?number=3", [4]],
  ]);
});

test("an upload has at least one packet, and no more than fit", () => {
  const { http, connection } = connect();
  const large = STREAM_UPLOAD_BYTES_TARGET - 100;
  for (const first of [1, 2, 3]) connection.send(packet(first, first === 1 ? 1 : large));
  http.sent[0]!.answer(204);
  http.sent[1]!.answer(204);
  deepEqual(
    http.said.map(([, packets]) => packets),
    [[1], [2], [3]],
  );
});

test("an upload without an answer, or with one of a proxy, is sent again under its number", async () => {
  const { time, http, connection, told } = connect();
  connection.send(packet(1));
  http.sent[0]!.answer(0);
  await time.advance(250);
  http.sent[1]!.answer(502);
  await time.advance(500);
  await time.advance(STREAM_UPLOAD_MS_MAX + 1_000);
  http.sent[3]!.answer(204);
  connection.send(packet(2));
  deepEqual(
    [http.said, http.sent[2]!.isCancelled, told],
    [
      [
        ["POST ID?number=1", [1]],
        ["POST ID?number=1", [1]],
        ["POST ID?number=1", [1]],
        ["POST ID?number=1", [1]],
        ["POST ID?number=2", [2]],
      ],
      true,
      ["open"],
    ],
  );
});

test("an upload that fails for good ends the connection, and the server's own word comes first", async () => {
  const [lost, told] = [connect(), connect()];
  lost.connection.send(packet(1));
  for (let tries = 0; tries < STREAM_UPLOAD_TRIES_MAX; tries++) {
    lost.http.sent.at(-1)!.answer(0);
    await lost.time.advance(1_000);
  }
  await lost.time.advance(STREAM_CLOSE_MS_MAX);
  told.connection.send(packet(1));
  told.http.sent[0]!.answer(404);
  told.http.piece(streamClose(4900, "gone"));
  await told.time.advance(STREAM_CLOSE_MS_MAX);
  deepEqual(
    [lost.told, lost.http.said.length, lost.http.said.at(-1)?.[0], told.told, told.http.said.length],
    [["open", [1006, "refused"]], STREAM_UPLOAD_TRIES_MAX + 1, "DELETE ID", ["open", [4900, "gone"]], 1],
  );
});

test("an answer that is held back, refused, cut, or somebody else's is a lost connection", async () => {
  const [held, cut, odd, long] = [connect(false), connect(), connect(false), connect(false)];
  await held.time.advance(STREAM_OPEN_MS_MAX);
  cut.http.answer!.onEnd();
  odd.http.piece(Uint8Array.from("<html>please sign in</html>", (sign) => sign.charCodeAt(0)));
  long.http.piece(streamItem(STREAM_ITEM.id, new Uint8Array(200_000)));
  deepEqual(
    [held, cut, odd, long].map(({ told, http, time }) => [told, http.isOpen, time.waiting]),
    [
      [[[1006, "not opened"]], false, 0],
      [["open", [1006, "lost"]], false, 0],
      [[[1006, "malformed"]], false, 0],
      [[[1006, "malformed"]], false, 0],
    ],
  );
});

test("closing sends what waits, says that it goes, and waits for nobody for long", async () => {
  const [polite, hasty] = [connect(), connect()];
  for (const { connection } of [polite, hasty]) {
    connection.send(packet(1));
    connection.send(packet(2));
    connection.close();
    connection.close();
    connection.send(packet(3));
  }
  polite.http.sent[0]!.answer(204);
  polite.http.sent[1]!.answer(204);
  await hasty.time.advance(STREAM_CLOSE_MS_MAX);
  deepEqual(
    [polite.http.said, polite.told, hasty.http.said.map(([what]) => what), hasty.told],
    [
      [
        ["POST ID?number=1", [1]],
        ["POST ID?number=2", [2]],
        ["DELETE ID", []],
      ],
      ["open", [1000, ""]],
      ["POST ID?number=1", "DELETE ID"],
      ["open", [1000, ""]],
    ],
  );
});

test("what is closed before it opened is only cancelled", async () => {
  const { time, http, connection, told } = connect(false);
  connection.close();
  http.piece(OPENED);
  await time.settle();
  deepEqual([told, http.isOpen, http.said, time.waiting], [[[1000, ""]], false, [], 0]);
});

test("a device without a network ends its connection at once", () => {
  const { http, told } = connect();
  http.goOffline();
  http.goOffline();
  deepEqual(told, ["open", [1006, "offline"]]);
});

test("what waits is bounded", () => {
  const { connection, told } = connect();
  const count = Math.ceil(STREAM_WAITING_BYTES_MAX / 250_000) + 1;
  for (let index = 0; index < count; index++) connection.send(packet(1, 250_000));
  deepEqual(told, ["open", [1006, "too much waits"]]);
});
