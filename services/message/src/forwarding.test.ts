/** Forwards: the server makes the body of what the sender sees, in the order of the device's sends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "@parley/contracts";
import {
  type Body,
  type ConversationId,
  type Forward,
  type UserId,
  Body as BodySchema,
  MERGED_DEPTH_MAX,
  TEXT_BYTES_MAX,
  decode,
  plainText,
} from "@parley/protocol";
import { MessageBench } from "./testing/message-bench.js";

/** A group of Ann and Bob with Ann's "one" at 2 and Bob's "two" at 3, and one of Ann and Cy to send it on to. */
async function start(
  bench: MessageBench,
): Promise<{ ann: Session; bob: Session; from: ConversationId; to: ConversationId }> {
  const [ann, bob] = [bench.session("ann"), bench.session("bob")];
  const [from, to] = [await bench.group("ann", "bob"), await bench.group("ann", "cy")];
  await bench.run(bench.send(ann, from, 1, "one"));
  await bench.run(bench.send(bob, from, 1, "two"));
  return { ann, bob, from, to };
}

function forward(conversationId: ConversationId, ...sequences: readonly number[]): { forward: Forward } {
  return { forward: { conversationId, sequences, isMerged: sequences.length > 1, title: "" } };
}

async function lastBody(
  bench: MessageBench,
  session: Session,
  conversationId: ConversationId,
): Promise<Body> {
  return (await bench.history(session, conversationId)).at(-1)!.body!;
}

test("one message is sent on with its content and who said it, without its quote and mentions", async () => {
  const bench = new MessageBench();
  const { ann, bob, from, to } = await start(bench);
  const body = {
    text: { text: "@ann" },
    reply: { sequence: 2 },
    mentions: { userIds: ["ann" as UserId], isAll: false },
  };
  const said = await bench.run(bench.sendAny(bob, from, 2, { body }));
  await bench.run(bench.sendAny(ann, to, 1, forward(from, said.sequence)));
  const { text, reply, mentions, forwarded } = await lastBody(bench, ann, to);
  assert.deepEqual(
    [text?.text, reply, mentions, forwarded],
    ["@ann", undefined, undefined, { senderId: "bob", timeMs: said.timeMs }],
  );
});

test("what is sent on twice keeps who said it first", async () => {
  const bench = new MessageBench();
  const { ann, from, to } = await start(bench);
  const { sequence } = await bench.run(bench.sendAny(ann, to, 1, forward(from, 3)));
  await bench.run(bench.sendAny(bench.session("cy"), to, 1, forward(to, sequence)));
  assert.equal((await lastBody(bench, ann, to)).forwarded?.senderId, "bob");
});

test("several become one message, in their order", async () => {
  const bench = new MessageBench();
  const { ann, from, to } = await start(bench);
  await bench.run(bench.sendAny(ann, to, 1, { forward: { ...forward(from, 2, 3).forward, title: "Team" } }));
  const { merged } = await lastBody(bench, ann, to);
  assert.deepEqual(
    [
      merged?.title,
      merged?.items.map(({ senderId, body }) => [senderId, plainText(decode(BodySchema, body))]),
    ],
    [
      "Team",
      [
        ["ann", "one"],
        ["bob", "two"],
      ],
    ],
  );
});

test("what one does not see is not sent on, and nothing changes", async () => {
  const bench = new MessageBench();
  const { ann, bob, from, to } = await start(bench);
  const { sequence: recalled } = await bench.run(bench.send(ann, from, 2, "gone"));
  await bench.run(bench.message.recall(ann, { conversationId: from, sequence: recalled }));
  const directed = await bench.run(
    bench.sendAny(bob, from, 2, { body: { text: { text: "me" } }, audience: [bob.userId] }),
  );
  const signal = await bench.run(
    bench.sendAny(bob, from, 3, { body: { signal: { type: "t", payload: new Uint8Array() } } }),
  );
  const cy = bench.session("cy");
  const tries: [Session, Forward][] = [
    [ann, forward(from, 1).forward],
    [ann, forward(from, recalled).forward],
    [ann, forward(from, directed.sequence).forward],
    [ann, forward(from, signal.sequence).forward],
    [ann, forward(from, 99).forward],
    [ann, forward(from, 2, 99).forward],
    [ann, forward("g:nowhere" as ConversationId, 1).forward],
    [cy, forward(from, 2).forward],
  ];
  const codes: string[] = [];
  for (const [session, what] of tries)
    codes.push(await bench.codeOf(bench.sendAny(session, to, 1, { forward: what })));
  bench.hidden = [2];
  codes.push(await bench.codeOf(bench.sendAny(ann, to, 1, forward(from, 2))));
  bench.hidden = [];
  assert.deepEqual(
    [codes, (await bench.history(ann, to)).length],
    [Array.from({ length: 9 }, () => "message-unknown"), 1],
  );
});

test("a body of one's own beside a forward is refused", async () => {
  const bench = new MessageBench();
  const { ann, from, to } = await start(bench);
  const both = { ...forward(from, 2), body: { text: { text: "mine" } } };
  assert.equal(await bench.codeOf(bench.sendAny(ann, to, 1, both)), "bad-request");
});

test("what the same device sends meanwhile comes behind a forward, and another device's does not wait", async () => {
  const bench = new MessageBench({ readMs: 5 });
  const { ann, from, to } = await start(bench);
  await bench.restart();
  const tablet = bench.session("ann", { device: "tablet" });
  const sent = [
    bench.sendAny(ann, to, 1, forward(from, 3)),
    bench.send(ann, to, 2, "behind"),
    bench.send(tablet, to, 1, "first"),
  ];
  await bench.run(Promise.all(sent));
  assert.deepEqual((await bench.history(ann, to)).map(({ body }) => plainText(body)).slice(1), [
    "first",
    "two",
    "behind",
  ]);
});

test("a repeat gets the first place even when its source was recalled, and when the sender left it", async () => {
  const bench = new MessageBench();
  const { ann, bob, from, to } = await start(bench);
  const send = (): Promise<{ readonly sequence: number }> =>
    bench.run(bench.sendAny(ann, to, 1, forward(from, 3)));
  const first = await send();
  await bench.run(bench.message.recall(bob, { conversationId: from, sequence: 3 }));
  const second = await send();
  await bench.run(
    bench.message.changeMembers(ann, { conversationId: from, userIds: [ann.userId], isRemoval: true }),
  );
  await bench.restart();
  const third = await send();
  assert.deepEqual([second, third, (await bench.history(ann, to)).length], [first, first, 2]);
});

test("what would be too large or too deep is refused, and takes no number", async () => {
  const bench = new MessageBench();
  const { ann, from, to } = await start(bench);
  const sequences: number[] = [];
  for (let number = 2; number < 6; number++) {
    const { sequence } = await bench.run(bench.send(ann, from, number, "x".repeat(TEXT_BYTES_MAX)));
    sequences.push(sequence);
  }
  const codes = [await bench.codeOf(bench.sendAny(ann, to, 1, forward(from, ...sequences)))];
  let last = 2;
  for (let number = 1; number <= MERGED_DEPTH_MAX + 1; number++) {
    const source = number === 1 ? from : to;
    const what = { forward: { ...forward(source, last).forward, isMerged: true } };
    codes.push(
      await bench.codeOf(bench.sendAny(ann, to, number, what).then(({ sequence }) => (last = sequence))),
    );
  }
  codes.push(await bench.codeOf(bench.send(ann, to, MERGED_DEPTH_MAX + 1, "goes on")));
  assert.deepEqual(codes, [
    "message-too-large",
    ...Array.from({ length: MERGED_DEPTH_MAX }, () => "ok"),
    "message-too-large",
    "ok",
  ]);
});
