import { deepEqual, rejects } from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { type TestContext, test } from "node:test";
import { resolveOverNetwork } from "./resolve-over-network.js";

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NAME_ERROR = 3;

test("a name has all the addresses that name servers give it, of both kinds", async (t) => {
  const server = await openNameServer(t, {
    "both.test": { [TYPE_A]: [93, 184, 216, 34], [TYPE_AAAA]: [...Array<number>(15).fill(0), 1] },
    "old.test": { [TYPE_A]: [10, 0, 0, 1] },
  });
  const resolve = resolveOverNetwork([server]);

  deepEqual(await Promise.all(["both.test", "old.test"].map(resolve)), [
    [
      { address: "93.184.216.34", family: 4 },
      { address: "::1", family: 6 },
    ],
    [{ address: "10.0.0.1", family: 4 }],
  ]);
  await rejects(resolve("none.test"), /no address/);
});

/** Says of each name and type what it was given, and of all else that it does not exist. Source: RFC 1035, 4.1. */
async function openNameServer(
  t: TestContext,
  names: Readonly<Record<string, Readonly<Record<number, readonly number[]>>>>,
): Promise<string> {
  const server: Socket = createSocket("udp4");
  server.on("message", (query, { port, address }) => {
    let end = 12;
    const labels: string[] = [];
    while (query[end] !== 0) {
      labels.push(query.toString("latin1", end + 1, end + 1 + query[end]!));
      end += query[end]! + 1;
    }
    const question = query.subarray(12, end + 5);
    const data = names[labels.join(".").toLowerCase()]?.[query.readUInt16BE(end + 1)];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (data === undefined ? NAME_ERROR : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data === undefined ? 0 : 1, 6);
    const answer = Buffer.alloc(data === undefined ? 0 : 12);
    if (data !== undefined) {
      answer.writeUInt16BE(0xc00c, 0);
      question.copy(answer, 2, question.length - 4);
      answer.writeUInt16BE(data.length, 10);
    }
    server.send(Buffer.concat([header, question, answer, Buffer.from(data ?? [])]), port, address);
  });
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `127.0.0.1:${server.address().port}`;
}
