/** The worked examples of docs/protocol: bytes, list entries, digests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, docNames, readDoc, rowsOf, sectionOf } from "@parley/base/testing";
import { Writer, encode } from "../codec/writer.js";
import { applyEvent, emptyEntry } from "../conversation-entry.js";
import { digestOf } from "../digest.js";
import { type FrameName, type FramePayload, readPacket, writeFrame } from "../frames.js";
import type { ClientMessageId, ConversationId, MessageId, UserId } from "../ids.js";
import { filled } from "../codec/schema.js";
import { type Message, Event, JoinedEvent } from "../model.js";
import { fromHex, toHex } from "./hex.js";

const ANN = "ann" as UserId;
const CONVERSATION = "g:team" as ConversationId;
const EMPTY: Event = filled(Event, {});

const documents = docNames("protocol").filter((name) => name.endsWith(".md"));

/** The bytes of a block: each line begins with them, and after two spaces says what they are. */
function bytesOf(block: string): Uint8Array {
  const lines = block.trimEnd().split("\n");
  return fromHex(lines.map((line) => line.trimStart().split("  ")[0]).join(" "));
}

/** Frames as their names and payloads; events of a Push stand as events. */
function packetOf(json: string): Uint8Array {
  const packet = new Writer();
  for (const frame of JSON.parse(json) as Readonly<Record<string, object>>[]) {
    for (const [name, payload] of Object.entries(frame)) {
      const events = (payload as { events?: readonly Event[] }).events;
      const whole =
        name === "push" ? { ...payload, events: events!.map((event) => encode(Event, event)) } : payload;
      writeFrame(packet, name as FrameName, whole as FramePayload<FrameName>);
    }
  }
  return packet.take();
}

for (const name of documents) {
  const text = readDoc(`protocol/${name}`);
  const bytes = blocksOf(text, "hex").map(bytesOf);
  if (bytes.length === 0) continue;

  test(`bytes in ${name} are the frames that stand below them`, () => {
    assert.deepEqual(
      bytes.map(toHex),
      blocksOf(text, "json").map((json) => toHex(packetOf(json))),
    );
  });

  test(`bytes in ${name} are read, and written as they stand`, () => {
    const again = bytes.map((packet) => {
      const writer = new Writer();
      readPacket(packet, (frame) => writeFrame(writer, frame.name, frame.payload as never));
      return toHex(writer.take());
    });
    assert.deepEqual(again, bytes.map(toHex));
  });

  test(`lines of bytes in ${name} say what they are`, () => {
    const lines = blocksOf(text, "hex").flatMap((block) => block.trimEnd().split("\n"));
    // A full line of sixteen is gone on with in the next one.
    const odd = lines.filter((line, index) => {
      const pairs = line.trimStart().split("  ")[0]!.split(" ");
      const isRest = lines[index - 1] !== undefined && pairs.length <= 16 && !/\S {2,}\S/.test(line);
      return !pairs.every((pair) => /^[0-9a-f]{2}$/.test(pair)) || (!/\S {2,}\S/.test(line) && !isRest);
    });
    assert.deepEqual(odd, []);
  });
}

test("frames.md, sync.md and sending.md have examples in bytes", () => {
  assert.deepEqual(
    documents.filter((name) => blocksOf(readDoc(`protocol/${name}`), "hex").length > 0),
    ["frames.md", "sending.md", "sync.md"],
  );
});

/** An event as the table of sync.md words it: "message 4 from bob", "read 5", "joined at 3". */
function eventOf(words: string): Event {
  const [, kind = "", number, sender] = /^(\w+)(?: at| to)? (\d+)(?: from (\w+))?$/.exec(words) ?? [];
  const at = { conversationId: CONVERSATION, sequence: Number(number) };
  const end = { conversationId: CONVERSATION, lastSequence: Number(number) };
  const message: Message = {
    ...at,
    messageId: "" as MessageId,
    senderId: (sender ?? "") as UserId,
    clientMessageId: "" as ClientMessageId,
    timeMs: 1,
    body: undefined,
    isCountable: kind === "message",
    revision: kind === "recalled" ? 1 : 0,
    editedMs: 0,
    recall: kind === "recalled" ? { actorId: ANN, timeMs: 2 } : undefined,
    audience: [],
    reactions: undefined,
    cardPart: undefined,
  };
  const events: Readonly<Record<string, Partial<Event>>> = {
    message: { message },
    notice: { message },
    read: { read: at },
    hidden: { hidden: { conversationId: CONVERSATION, sequences: [Number(number)] } },
    joined: { joined: filled(JoinedEvent, { ...end, firstVisible: 1 }) },
    advanced: { advanced: { ...end, lastMessage: undefined } },
    recalled: { changed: { message } },
    trimmed: { trimmed: { conversationId: CONVERSATION, firstVisible: Number(number) } },
  };
  assert.ok(events[kind] !== undefined, `There is no event in "${words}".`);
  return { ...EMPTY, ...events[kind] };
}

test("sync.md counts unread messages as the code does", () => {
  const rows = rowsOf(sectionOf(readDoc("protocol/sync.md"), "Unread"));
  let entry = emptyEntry(CONVERSATION);
  const counted = rows.map(([words]) => {
    entry = applyEvent(entry, eventOf(words!), ANN);
    const ranges: string[] = [];
    for (let index = 0; index < entry.unreadRanges.length; index += 2)
      ranges.push(`${entry.unreadRanges[index]}–${entry.unreadRanges[index + 1]}`);
    const { lastSequence, readSequence, unread } = entry;
    return [words, String(lastSequence), String(readSequence), ranges.join(", "), String(unread)];
  });
  assert.deepEqual([rows.length, rows], [20, counted]);
});

test("sync.md computes digests as the code does", () => {
  const rows = rowsOf(sectionOf(readDoc("protocol/sync.md"), "Digest"));
  const items = rows.slice(1).map(([sequence, messageId, revision]) => ({
    sequence: Number(sequence),
    messageId: messageId!,
    revision: Number(revision),
  }));
  assert.deepEqual(
    rows.map(([, , , digest]) => Number(digest)),
    [0, 1, 2, 3].map((count) => digestOf(items.slice(0, count))),
  );
});
