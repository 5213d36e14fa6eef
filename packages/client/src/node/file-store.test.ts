import { deepEqual, rejects } from "node:assert/strict";
import type { ClientMessageId, ConversationId, Message, MessageId, UserId } from "@parley/protocol";
import { textBody, AS_SENT } from "@parley/protocol";
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
import type { Change, OutboxItem } from "../common/index.js";
import { testClientStore } from "../testing/store-conformance.js";
import { FILE_FORMAT_1, OLD_CONVERSATION, OLD_TEXTS, OLD_UNSENT } from "../testing/old-stores.js";
import { crc32 } from "./crc32.js";
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
    body: textBody("x".repeat(sequence)),
    isCountable: true,
    ...AS_SENT,
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
    body: textBody(text),
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

/** What a test may say of a store in few words. */
async function contentOf(path: string): Promise<unknown> {
  const store = createFileStore({ path });
  const { position, outbox, spans } = await store.load();
  const messages = await store.readMessages(OLD_CONVERSATION, { first: 1, last: 9 });
  await store.close();
  const texts = messages.map(({ body }) => body?.text?.text);
  return [position, outbox.map(({ body, number }) => [body.text?.text, number]), [...spans], texts];
}

const OLD_CONTENT = [
  { epoch: 3, pts: 14 },
  [[OLD_UNSENT, 1]],
  [[OLD_CONVERSATION, [{ first: 1, last: 2 }]]],
  [...OLD_TEXTS],
];

test("a file of format 1 is written anew with all that is in it, and opens again", async () => {
  const path = join(folder, "format-1");
  writeFileSync(path, FILE_FORMAT_1);
  const first = await contentOf(path);
  const isNew = readFileSync(path).includes('{"format":2}');
  deepEqual([first, isNew, await contentOf(path)], [OLD_CONTENT, true, OLD_CONTENT]);
});

test("a migration that was interrupted, or cannot be done now, leaves the old file, which is used as it is", async () => {
  const path = join(folder, "format-1-interrupted");
  writeFileSync(path, FILE_FORMAT_1);
  writeFileSync(`${path}.new`, FILE_FORMAT_1.subarray(0, 20));
  const afterInterruption = await contentOf(path);
  const blocked = join(folder, "format-1-blocked");
  writeFileSync(blocked, FILE_FORMAT_1);
  // The new file cannot be made.
  mkdirSync(`${blocked}.new`);
  const withoutMigration = await contentOf(blocked);
  deepEqual(
    [afterInterruption, withoutMigration, readFileSync(blocked).equals(FILE_FORMAT_1)],
    [OLD_CONTENT, OLD_CONTENT, true],
  );
});

test("a file of a newer format is refused and stays as it is", async () => {
  const path = join(folder, "format-99");
  const payload = Buffer.from('{"format":99}');
  const header = Buffer.alloc(8);
  header.writeUInt32LE(payload.length, 0);
  header.writeUInt32LE(crc32(payload), 4);
  const content = Buffer.concat([header, payload, Buffer.from("whatever comes then")]);
  writeFileSync(path, content);
  await rejects(createFileStore({ path }).load(), { code: "unavailable", details: { found: 99, known: 2 } });
  deepEqual(readFileSync(path).equals(content), true);
});

/** An outbox item as a text, with its fate. */
function fateOf({ clientMessageId, number, failureCode }: OutboxItem): string {
  return `${clientMessageId} ${failureCode === "" ? number : failureCode}`;
}

test("damage in the middle costs no message that was not sent; one that may have been placed meanwhile waits for its writer", async () => {
  const path = join(folder, "middle");
  const store = createFileStore({ path });
  await store.load();
  const ends: number[] = [];
  const commit = async (...changes: readonly Change[]): Promise<void> => {
    await store.commit(changes);
    ends.push(statSync(path).size);
  };
  await commit({ kind: "position", position: { epoch: 1, pts: 1 } });
  await commit(
    { kind: "put-outbox", item: unsent("before", 1) },
    { kind: "put-outbox", item: unsent("placed", 2) },
  );
  // This one will be damaged.
  await commit({ kind: "position", position: { epoch: 1, pts: 2 } });
  await commit({
    kind: "delete-outbox",
    conversationId: GROUP,
    clientMessageId: "placed" as ClientMessageId,
  });
  await commit(
    { kind: "put-outbox", item: unsent("behind", 3) },
    { kind: "next-number", conversationId: GROUP, number: 4 },
  );
  await commit(
    { kind: "put-messages", messages: [messageOf(1)] },
    { kind: "position", position: { epoch: 1, pts: 3 } },
  );
  await store.close();
  const content = readFileSync(path);
  content[ends[1]! + 12]! ^= 0x40;
  writeFileSync(path, content);
  const opened: unknown[] = [];
  for (let times = 0; times < 2; times++) {
    const again = createFileStore({ path });
    const { position, outbox, nextNumbers } = await again.load();
    const messages = await again.readMessages(GROUP, { first: 1, last: 9 });
    await again.close();
    opened.push([position.pts, outbox.map(fateOf).toSorted(), nextNumbers.get(GROUP), messages.length]);
  }
  const expected = [1, ["before outcome-unknown", "behind 3"], 4, 0];
  deepEqual(opened, [expected, expected]);
});

test("a rescued outbox that cannot be written is not lost: the file stays as it is and is not opened", async () => {
  const path = join(folder, "middle-blocked");
  const store = createFileStore({ path });
  await store.load();
  await store.commit([{ kind: "position", position: { epoch: 1, pts: 1 } }]);
  const end = statSync(path).size;
  await store.commit([{ kind: "position", position: { epoch: 1, pts: 2 } }]);
  await store.commit([{ kind: "put-outbox", item: unsent("behind", 1) }]);
  await store.close();
  const content = readFileSync(path);
  content[end + 12]! ^= 0x40;
  writeFileSync(path, content);
  mkdirSync(`${path}.new`);
  const again = createFileStore({ path });
  await rejects(again.load(), { code: "unavailable" });
  const isUntouched = readFileSync(path).equals(content);
  rmdirSync(`${path}.new`);
  const { outbox } = await again.load();
  await again.close();
  deepEqual([isUntouched, outbox.map(fateOf)], [true, ["behind 1"]]);
});

function unsent(id: string, number: number): OutboxItem {
  return {
    conversationId: GROUP,
    clientMessageId: id as ClientMessageId,
    body: textBody(id),
    createdMs: number,
    order: number,
    number,
    failureCode: "",
  };
}
