import { deepEqual } from "node:assert/strict";
import type { ClientMessageId, ConversationId, Message, MessageId, UserId } from "@parley/protocol";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { testClientStore } from "../testing/store-conformance.js";
import { createFileStore } from "./file-store.js";

const GROUP = "g:one" as ConversationId;
const folder = mkdtempSync(join(tmpdir(), "parley-client-"));
after(() => rmSync(folder, { recursive: true }));

testClientStore("file store", { create: (name) => createFileStore({ path: join(folder, name) }) });
testClientStore("file store that always compacts", {
  create: (name) => createFileStore({ path: join(folder, name), compactionBytesMin: 1 }),
});

test("a file cut off anywhere opens with the commits that are whole", async () => {
  const path = join(folder, "torn");
  const store = createFileStore({ path });
  await store.load();
  const ends: number[] = [0];
  for (const pts of [1, 2, 3]) {
    await store.commit([{ kind: "position", position: { epoch: 1, pts } }]);
    ends.push(statSync(path).size);
  }
  await store.close();
  const whole = readFileSync(path);
  const found: number[] = [];
  const expected: number[] = [];
  for (let bytes = 0; bytes <= whole.length; bytes++) {
    writeFileSync(path, whole.subarray(0, bytes));
    const cut = createFileStore({ path });
    found.push((await cut.load()).position.pts);
    await cut.close();
    expected.push(ends.findLastIndex((end) => end <= bytes));
  }
  deepEqual(found, expected);
});

test("a flipped byte ends the file before its commit, and what is written then is kept", async () => {
  const path = join(folder, "flipped");
  const store = createFileStore({ path });
  await store.load();
  await store.commit([{ kind: "position", position: { epoch: 1, pts: 1 } }]);
  const end = statSync(path).size;
  await store.commit([{ kind: "position", position: { epoch: 1, pts: 2 } }]);
  await store.close();
  const bytes = readFileSync(path);
  bytes[end + 20]! ^= 1;
  writeFileSync(path, bytes);
  const damaged = createFileStore({ path });
  const before = (await damaged.load()).position.pts;
  await damaged.commit([{ kind: "position", position: { epoch: 1, pts: 9 } }]);
  await damaged.close();
  const again = createFileStore({ path });
  deepEqual([before, (await again.load()).position.pts], [1, 9]);
  await again.close();
});

test("a file that ends with zeros, as after a power cut, opens with the commits before them", async () => {
  const path = join(folder, "zeros");
  const store = createFileStore({ path });
  await store.load();
  await store.commit([{ kind: "position", position: { epoch: 1, pts: 1 } }]);
  await store.close();
  appendFileSync(path, new Uint8Array(512));
  const again = createFileStore({ path });
  deepEqual((await again.load()).position.pts, 1);
  await again.close();
});

const MESSAGES = 12;

test("a file damaged in any way opens with the first commits, or none, and shows no other message", async () => {
  const path = join(folder, "damaged");
  const store = createFileStore({ path });
  await store.load();
  for (let sequence = 1; sequence <= MESSAGES; sequence++) {
    await store.commit([
      { kind: "put-messages", messages: [messageOf(sequence)] },
      { kind: "position", position: { epoch: 1, pts: sequence } },
    ]);
  }
  await store.close();
  const whole = readFileSync(path);
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
      writeFileSync(
        path,
        damages.reduce<Uint8Array>((bytes, apply) => apply(bytes), whole),
      );
      const damaged = createFileStore({ path });
      const { position } = await damaged.load();
      const messages = await damaged.readMessages(GROUP, { first: 0, last: MESSAGES * 2 });
      await damaged.close();
      deepEqual(
        messages,
        Array.from({ length: position.pts }, (_, index) => messageOf(index + 1)),
      );
    }),
    { numRuns: 400 },
  );
});

/** What a disk does to bytes: some become others, some become zeros, and the end is lost or is of something else. */
const damage: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => (bytes: Uint8Array) => {
    const flipped = Uint8Array.from(bytes);
    if (flipped.length > 0) flipped[at % flipped.length]! ^= bits;
    return flipped;
  }),
  fc.tuple(fc.nat(), fc.nat(512)).map(([at, count]) => (bytes: Uint8Array) => {
    const start = at % (bytes.length + 1);
    return Uint8Array.from(bytes).fill(0, start, start + count);
  }),
  fc.nat().map((at) => (bytes: Uint8Array) => bytes.slice(0, at % (bytes.length + 1))),
  fc
    .oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.nat(64).map((count) => new Uint8Array(count)),
    )
    .map((tail) => (bytes: Uint8Array) => Buffer.concat([bytes, tail])),
);

function messageOf(sequence: number): Message {
  return {
    conversationId: GROUP,
    sequence,
    messageId: `m${sequence}` as MessageId,
    senderId: "ann" as UserId,
    clientMessageId: `c${sequence}` as ClientMessageId,
    timeMs: sequence,
    body: { text: { text: "x".repeat(sequence) }, notice: undefined },
    isCountable: true,
    revision: 0,
    editedMs: 0,
    recall: undefined,
  };
}

test("a file does not grow without end", async () => {
  const path = join(folder, "compact");
  const store = createFileStore({ path, compactionBytesMin: 1000 });
  await store.load();
  for (let pts = 1; pts <= 1000; pts++)
    await store.commit([{ kind: "position", position: { epoch: 1, pts } }]);
  await store.close();
  deepEqual(statSync(path).size < 5000, true);
});

test("a commit is kept when the file cannot be written anew, which is tried again later", async () => {
  const path = join(folder, "not-anew");
  // The new file cannot be made where a folder has its name.
  mkdirSync(`${path}.new`);
  const store = createFileStore({ path, compactionBytesMin: 100 });
  await store.load();
  const commit = async (pts: number): Promise<void> =>
    store.commit([{ kind: "position", position: { epoch: 1, pts } }]);
  for (let pts = 1; pts <= 100; pts++) await commit(pts);
  const grown = statSync(path).size;
  rmdirSync(`${path}.new`);
  for (let pts = 101; pts <= 1_000; pts++) await commit(pts);
  await store.close();
  const again = createFileStore({ path });
  const { position } = await again.load();
  await again.close();
  deepEqual([position.pts, grown > 5_000, statSync(path).size < grown * 4], [1_000, true, true]);
});

test("deleted messages leave the file when it is closed, and when it is opened after a crash", async () => {
  const path = join(folder, "deleted");
  const crashed = join(folder, "deleted-crashed");
  const saying = (sequence: number, text: string): Message => ({
    ...messageOf(sequence),
    body: { text: { text }, notice: undefined },
  });
  const store = createFileStore({ path });
  await store.load();
  await store.commit([{ kind: "put-messages", messages: [saying(1, "that goes"), saying(2, "this stays")] }]);
  await store.commit([{ kind: "delete-messages", conversationId: GROUP, first: 1, last: 1 }]);
  writeFileSync(crashed, readFileSync(path));
  await store.close();
  const again = createFileStore({ path: crashed });
  await again.load();
  const left = [path, crashed].map((each) => {
    const text = readFileSync(each, "utf8");
    return [text.includes("that goes"), text.includes("this stays")];
  });
  await again.close();
  deepEqual(left, [
    [false, true],
    [false, true],
  ]);
});

test("a file whose messages were only replaced is not written anew when it is closed", async () => {
  const path = join(folder, "replaced");
  const message = { conversationId: GROUP, sequence: 1 } as Message;
  const store = createFileStore({ path });
  await store.load();
  await store.commit([{ kind: "put-messages", messages: [message] }]);
  await store.commit([
    { kind: "delete-messages", conversationId: GROUP, first: 1, last: 9 },
    { kind: "put-messages", messages: [message] },
  ]);
  const { size } = statSync(path);
  await store.close();
  deepEqual(statSync(path).size, size);
});
