import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";

import { inAllPieces } from "../testing/pieces.js";
import { type NatsMessage, readNats } from "./codec.js";

const STREAM = [
  'INFO {"version":"2.9.10"}\r\n',
  "MSG d.1 2 $JS.ACK.D.u1.1.5.5 5\r\nab\r\nc\r\n",
  "PING\r\n",
  "MSG _A.3.17 12 0\r\n\r\n",
  "+OK\r\n",
  "HMSG _D.1 2 12 12\r\nNATS/1.0 100\r\n",
  "PONG\r\n",
  "-ERR 'Slow Consumer'\r\n",
].join("");

function part({ bytes }: NatsMessage, start: number, end: number): string {
  return bytes.toString("latin1", start, end);
}

function reading() {
  const told: string[] = [];
  const taker = {
    onMessage: (message: NatsMessage) => {
      const subject = part(message, message.subjectStart, message.subjectEnd);
      const reply = part(message, message.replyStart, message.replyEnd);
      const payload = part(message, message.payloadStart, message.payloadEnd);
      told.push(`${subject} ${message.sid} ${reply} ${payload}`);
    },
    onPing: () => void told.push("ping"),
    onPong: () => void told.push("pong"),
    onError: (text: string) => void told.push(text),
  };
  return { told, read: (bytes: Buffer) => readNats(bytes, taker) };
}

test("messages, pings and errors are the same however the bytes come", () => {
  const wanted = ["d.1 2 $JS.ACK.D.u1.1.5.5 ab\r\nc", "ping", "_A.3.17 12  ", "pong", "-ERR 'Slow Consumer'"];
  for (const told of inAllPieces(Buffer.from(STREAM), reading)) deepEqual(told, wanted);
});

test("a line that NATS does not have ends the reading", () => {
  throws(() => reading().read(Buffer.from("HELLO\r\nWORLD\r\n".replace("H", "X"))), /said: XELLO/);
});
