import { deepEqual, throws } from "node:assert/strict";
import { test } from "node:test";

import { inAllPieces } from "../testing/pieces.js";
import { RespReader, commandOf } from "./codec.js";

const STREAM = [
  "+PONG\r\n",
  "*1\r\n*2\r\n$3\r\nu:1\r\n*2\r\n",
  "*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nt\r\n$5\r\na\r\nbc\r\n",
  "*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nt\r\n$0\r\n\r\n",
  "*-1\r\n",
  "$-1\r\n",
  ":12\r\n",
  "-ERR no\r\n",
  "$3\r\n3-0\r\n",
].join("");

function reading() {
  const told: string[] = [];
  const reader = new RespReader({
    onString: (bytes, [start, end], depth, left) =>
      told.push(`${depth}.${left} ${bytes.toString("latin1", start, end)}`),
    onError: (text) => told.push(text),
    onReply: () => told.push("over"),
  });
  return { told, read: (bytes: Buffer) => reader.read(bytes) };
}

test("strings are told with their places however the bytes come", () => {
  const entries = ["2.2 u:1", "4.2 1-0", "5.2 t", "5.1 a\r\nbc", "4.2 2-0", "5.2 t", "5.1 ", "over"];
  const rest = ["over", "over", "over", "ERR no", "over", "0.0 3-0", "over"];
  for (const told of inAllPieces(Buffer.from(STREAM), reading))
    deepEqual(told, ["over", ...entries, ...rest]);
});

test("a command is an array of its words", () => {
  deepEqual(commandOf("XREAD", "0"), "*2\r\n$5\r\nXREAD\r\n$1\r\n0\r\n");
});

test("a byte that begins no reply ends the reading", () => {
  throws(() => reading().read(Buffer.from("?\r\n")), /byte 63/);
});
