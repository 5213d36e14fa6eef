/** The Receiver: what it refuses, what it acknowledges, and that a repeated send is one message. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import {
  Body,
  type ClientMessageId,
  type ConversationId,
  type UserId,
  HIDE_MAX,
  MEMBERS_PER_REQUEST_MAX,
  SENDS_IN_FLIGHT_MAX,
  TEXT_BYTES_MAX,
  TITLE_BYTES_MAX,
  directConversationId,
  filled,
  textBody,
} from "@parley/protocol";
import fc from "fast-check";
import { MessageBench, sending } from "./testing/message-bench.js";

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const WAITERS_MAX = 20_000;

function text(of: string): Body {
  return textBody(of);
}

function userIds(count: number): UserId[] {
  return Array.from({ length: count }, (_, index) => `u${index}` as UserId);
}

const MEMBERS = { after: "", limit: 0, sinceRevision: 0, prefix: "" };

test("a send is answered only after its record is durable, with its place, its time and a ULID", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob");
  const answered: unknown[] = [];
  const sent = bench.send(bench.session("ann"), group, 1);
  void sent.then((result) => answered.push(result));
  await new Promise(setImmediate);
  const before = answered.length;
  const { messageId, ...place } = await bench.run(sent);
  assert.match(messageId, ULID);
  assert.deepEqual([before, place], [0, { sequence: 2, timeMs: bench.time.nowMs() }]);
});

const NOTICE = { code: "joined", actorId: "bob" as UserId, userIds: [], text: "", untilMs: 0 };
const BODIES: readonly (readonly [string, Body | undefined, string])[] = [
  ["no body", undefined, "bad-request"],
  ["a body of no kind that is known", filled(Body, {}), "bad-request"],
  ["an empty text", text(""), "bad-request"],
  ["a text of blanks", text(" \n\t\u00a0"), "bad-request"],
  ["a notice, which only the system writes", filled(Body, { notice: NOTICE }), "bad-request"],
  ["a notice beside a text", filled(Body, { text: { text: "hi" }, notice: NOTICE }), "bad-request"],
  ["a text of one byte too many", text("a".repeat(TEXT_BYTES_MAX + 1)), "message-too-large"],
  [
    "a text whose characters fit and whose bytes do not",
    text("ä".repeat(TEXT_BYTES_MAX / 2 + 1)),
    "message-too-large",
  ],
  ["a text of 1 MiB", text("a".repeat(1024 * 1024)), "message-too-large"],
  ["a text of exactly the most bytes", text("ä".repeat(TEXT_BYTES_MAX / 2)), "ok"],
];

for (const [what, body, code] of BODIES) {
  test(`${what}: ${code}${code === "ok" ? "" : ", and nothing is logged"}`, async () => {
    const bench = new MessageBench();
    const group = await bench.group("ann");
    const records = recordCount(bench);
    const answer = await bench.codeOf(
      bench.message.send(bench.session("ann"), { ...sending(group, 1), body }),
    );
    assert.deepEqual([answer, recordCount(bench) - records], [code, code === "ok" ? 1 : 0]);
  });
}

test("the numbers of a device's sends begin at 1 and leave none out", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann");
  const ann = bench.session("ann");
  const codes = [];
  for (const number of [0, 2, 1, 3, 2]) codes.push(await bench.codeOf(bench.send(ann, group, number)));
  const refusal = await bench.run(bench.send(ann, group, 9).catch((error: unknown) => error));
  assert.deepEqual(codes, ["bad-request", "too-early", "ok", "too-early", "ok"]);
  assert.deepEqual((refusal as Failure).details, { expected: 3 });
});

type Call = (
  bench: MessageBench,
  session: ReturnType<MessageBench["session"]>,
  id: ConversationId,
) => Promise<unknown>;

const CALLS: Readonly<Record<string, Call>> = {
  send: (bench, session, id) => bench.send(session, id, 1),
  markRead: (bench, session, id) => bench.message.markRead(session, id, 1),
  hide: (bench, session, id) => bench.message.hide(session, id, [1]),
  changeMembers: (bench, session, conversationId) =>
    bench.message.changeMembers(session, { conversationId, userIds: ["eve" as UserId], isRemoval: false }),
  listMembers: (bench, session, conversationId) =>
    bench.message.groups.members(session, { conversationId, ...MEMBERS }),
  history: (bench, session, id) => bench.history(session, id),
  digest: (bench, session, conversationId) =>
    bench.message.digest(session, { conversationId, first: 1, last: 10 }),
};

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name} is refused to strangers, to who has left, and to another tenant's user of the same name`, async () => {
    const bench = new MessageBench();
    const group = await bench.group("ann", "bob");
    const [ann, bob] = [bench.session("ann"), bench.session("bob")];
    await bench.run(
      bench.message.changeMembers(bob, { conversationId: group, userIds: [bob.userId], isRemoval: true }),
    );
    const denied: readonly (readonly [typeof ann, ConversationId])[] = [
      [bench.session("eve"), group],
      [bob, group],
      [bench.session("ann", { tenant: "other" }), group],
      [ann, "g:nowhere" as ConversationId],
      [ann, directConversationId("bob" as UserId, "cy" as UserId)],
    ];
    const codes = [];
    for (const [session, id] of denied) codes.push(await bench.codeOf(call(bench, session, id)));
    // Once more with nothing in memory: the answer does not depend on what happens to be loaded.
    await bench.restart();
    for (const [session, id] of denied) codes.push(await bench.codeOf(call(bench, session, id)));
    codes.push(await bench.codeOf(call(bench, ann, group)));
    assert.deepEqual(codes, [...Array.from({ length: 10 }, () => "not-a-member"), "ok"]);
  });
}

test("who joins or comes back to a closed group sees nothing from before, whichever way they ask", async () => {
  const bench = new MessageBench();
  const [ann, bob, cy] = [bench.session("ann"), bench.session("bob"), bench.session("cy")];
  const created = { name: "n", title: "Team", userIds: [bob.userId], isHistoryOpen: false };
  const conversationId = await bench.run(bench.message.createGroup(ann, created));
  const change = (names: readonly UserId[], isRemoval: boolean): Promise<void> =>
    bench.run(bench.message.changeMembers(ann, { conversationId, userIds: names, isRemoval }));
  await bench.run(bench.send(ann, conversationId, 1));
  await change([bob.userId], true);
  await bench.run(bench.send(ann, conversationId, 2));
  // Sequences: created 1, sent 2, removed 3, sent 4, joined 5, sent 6.
  await change([bob.userId, cy.userId], false);
  await bench.run(bench.send(ann, conversationId, 3));
  const none = { conversationId, before: 0, after: 0, atMs: 0, limit: 200, isForward: false };
  const seen = [];
  for (const session of [bob, cy]) {
    for (const way of [{}, { before: 5 }, { isForward: true }, { atMs: 1 }]) {
      const { messages, firstVisible } = await bench.run(bench.message.history(session, { ...none, ...way }));
      seen.push([firstVisible, messages.map(({ sequence }) => sequence)]);
    }
    const { count } = await bench.run(bench.message.digest(session, { conversationId, first: 1, last: 6 }));
    seen.push(count);
  }
  const both = [[5, [5, 6]], [5, []], [5, [5, 6]], [5, [5, 6]], 2];
  assert.deepEqual(seen, [...both, ...both]);
});

const REQUESTS: readonly (readonly [string, string, (bench: MessageBench) => Promise<unknown>])[] = [
  [
    "a direct conversation with oneself",
    "bad-request",
    (bench) => bench.message.createDirect(bench.session("ann"), "ann" as UserId),
  ],
  [
    "a direct conversation with nobody known",
    "user-not-found",
    (bench) => bench.message.createDirect(bench.session("ann"), "zoe" as UserId),
  ],
  ["a group of a nameless request", "bad-request", (bench) => createGroup(bench, { name: "" })],
  ["a group with a blank title", "bad-request", (bench) => createGroup(bench, { title: "  " })],
  [
    "a group with a title that is too long",
    "bad-request",
    (bench) => createGroup(bench, { title: "ä".repeat(TITLE_BYTES_MAX / 2 + 1) }),
  ],
  [
    "a group with a user that nobody knows",
    "user-not-found",
    (bench) => createGroup(bench, { userIds: ["bob", "zoe"] as UserId[] }),
  ],
  [
    "a group of too many",
    "bad-request",
    (bench) => createGroup(bench, { userIds: userIds(MEMBERS_PER_REQUEST_MAX) }),
  ],
  ["hiding nothing", "bad-request", (bench) => hide(bench, 0)],
  ["hiding too much", "bad-request", (bench) => hide(bench, HIDE_MAX + 1)],
  ["hiding as much as may be", "ok", (bench) => hide(bench, HIDE_MAX)],
  ["adding nobody", "bad-request", (bench) => addMembers(bench, [])],
  ["adding a user that nobody knows", "user-not-found", (bench) => addMembers(bench, ["zoe" as UserId])],
  ["adding somebody twice", "ok", (bench) => addMembers(bench, ["cy", "cy"] as UserId[])],
];

for (const [what, code, act] of REQUESTS) {
  test(`${what}: ${code}`, async () => {
    const bench = new MessageBench();
    assert.equal(await bench.codeOf(act(bench)), code);
  });
}

test("creating a group again under the same name, also after a restart, is the same group", async () => {
  const bench = new MessageBench();
  const first = await bench.group("ann", "bob");
  const again = await bench.group("ann", "bob");
  await bench.restart();
  const later = await bench.group("ann", "bob");
  const messages = await bench.history(bench.session("ann"), first);
  assert.deepEqual([again, later, messages.length], [first, first, 1]);
});

test("a group of one name made by another user or device is another group", async () => {
  const bench = new MessageBench();
  const group = { name: "n", title: "Team", userIds: [], isHistoryOpen: true };
  const sessions = [
    bench.session("ann"),
    bench.session("ann", { device: "laptop" }),
    bench.session("bob"),
    bench.session("ann", { tenant: "other" }),
  ];
  const ids = [];
  for (const session of sessions) ids.push(await bench.run(bench.message.createGroup(session, group)));
  assert.equal(new Set(ids).size, 4);
});

test("a repeated send is answered as the first was: at once, later, after a crash and after a restart", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob");
  const ann = bench.session("ann");
  const together = await bench.run(Promise.all([bench.send(ann, group, 1), bench.send(ann, group, 1)]));
  const results = [...together, await bench.run(bench.send(ann, group, 1))];
  await bench.crash();
  results.push(await bench.run(bench.send(ann, group, 1)));
  await bench.restart();
  results.push(await bench.run(bench.send(ann, group, 1)));
  const messages = await bench.history(bench.session("bob"), group);
  assert.deepEqual(
    results.slice(1),
    Array.from({ length: 4 }, () => results[0]),
  );
  assert.deepEqual(messages.map(({ sequence, messageId }) => [sequence, messageId]).slice(1), [
    [results[0]!.sequence, results[0]!.messageId],
  ]);
});

test("what a used number says is one message: another one under it is refused", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann");
  const ann = bench.session("ann");
  await bench.run(bench.send(ann, group, 1));
  const other = { ...sending(group, 1), clientMessageId: "other" as ClientMessageId };
  assert.equal(await bench.codeOf(bench.message.send(ann, other)), "send-order");
});

test("a device goes on from its last number after a restart; what is out of the window is not sent again", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann");
  const ann = bench.session("ann");
  const count = SENDS_IN_FLIGHT_MAX + 4;
  for (let number = 1; number <= count; number++) await bench.run(bench.send(ann, group, number));
  await bench.restart();
  const codes = [];
  for (const number of [count + 2, count, count + 1, 1])
    codes.push(await bench.codeOf(bench.send(ann, group, number)));
  const messages = await bench.history(ann, group);
  assert.deepEqual([codes, messages.length], [["too-early", "ok", "ok", "send-order"], count + 2]);
});

test("a send of someone who is known not to be a member costs no record, but for the first", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann");
  const eve = bench.session("eve");
  const codes = [await bench.codeOf(bench.send(eve, group, 1))];
  const records = recordCount(bench);
  codes.push(await bench.codeOf(bench.send(eve, group, 1)), await bench.codeOf(bench.send(eve, group, 2)));
  assert.deepEqual(
    [codes, recordCount(bench) - records],
    [["not-a-member", "not-a-member", "not-a-member"], 0],
  );
});

test("a send whose answer was lost is answered as it was, also when its sender has been removed since", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob");
  const [ann, bob] = [bench.session("ann"), bench.session("bob")];
  const sent = await bench.run(bench.send(bob, group, 1));
  const removal = { conversationId: group, userIds: [bob.userId], isRemoval: true };
  await bench.run(bench.message.changeMembers(ann, removal));
  const again = [await bench.run(bench.send(bob, group, 1))];
  await bench.restart();
  again.push(await bench.run(bench.send(bob, group, 1)));
  assert.deepEqual(again, [sent, sent]);
  assert.equal(await bench.codeOf(bench.send(bob, group, 2)), "not-a-member");
});

test("two devices may use the same client message id: the messages are two", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann");
  const devices = ["phone", "laptop"].map((device) => bench.session("ann", { device }));
  const sent = await bench.run(Promise.all(devices.map((session) => bench.send(session, group, 1))));
  assert.deepEqual(
    sent.map(({ sequence }) => sequence),
    [2, 3],
  );
});

test("message ids are unique, grow with the sequence, and do so when the clock goes back", async () => {
  const bench = new MessageBench();
  const groups = [await bench.group("ann"), await bench.group("ann", "bob")];
  const ann = bench.session("ann");
  const sent: { readonly group: number; readonly messageId: string; readonly timeMs: number }[] = [];
  for (let number = 1; number <= 40; number++) {
    if (number % 10 === 0) bench.time.jump(-60_000);
    const results = await bench.run(Promise.all(groups.map((group) => bench.send(ann, group, number))));
    results.forEach(({ messageId, timeMs }, group) => sent.push({ group, messageId, timeMs }));
  }
  const ids = sent.map(({ messageId }) => messageId);
  assert.equal(new Set(ids).size, 80);
  assert.deepEqual(ids, ids.toSorted());
  const times = sent.filter(({ group }) => group === 0).map(({ timeMs }) => timeMs);
  assert.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
  );
});

test("sequences have no hole and no double, whoever sends what at the same time", async () => {
  const sends = fc.array(fc.tuple(fc.nat(2), fc.nat(3), fc.boolean()), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(sends, async (plan) => {
      const bench = new MessageBench({ partitionCount: 3 });
      const groups = [
        await bench.group("ann", "bob"),
        await bench.group("ann", "bob", "cy"),
        await bench.group("bob", "ann"),
      ];
      const senders = [
        bench.session("ann"),
        bench.session("ann", { device: "laptop" }),
        bench.session("bob"),
        bench.session("bob", { device: "laptop" }),
      ];
      const numbers = new Map<string, number>();
      const pending = plan.flatMap(([group, sender, isRepeated]) => {
        const key = `${group}/${sender}`;
        const number = (numbers.get(key) ?? 0) + 1;
        numbers.set(key, number);
        const send = (): Promise<unknown> => bench.send(senders[sender]!, groups[group]!, number);
        return isRepeated ? [send(), send()] : [send()];
      });
      await bench.run(Promise.all(pending));
      for (const [group, id] of groups.entries()) {
        const messages = await bench.history(bench.session("ann"), id);
        const sent = plan.filter((each) => each[0] === group).length;
        assert.deepEqual(
          messages.map(({ sequence }) => sequence),
          Array.from({ length: sent + 1 }, (_, index) => index + 1),
        );
      }
    }),
    { numRuns: 40 },
  );
});

test("a disk at its reserve refuses writing with storage-full, reading goes on, and the refused send counts as none", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob");
  const ann = bench.session("ann");
  await bench.run(bench.send(ann, group, 1));
  bench.life.log.refusal = new Failure("log-full", "The disk is at its reserve.");
  const refused = [
    await bench.run(bench.send(ann, group, 2).catch((error: unknown) => error as Failure)),
    await bench.run(bench.message.markRead(ann, group, 1).catch((error: unknown) => error as Failure)),
  ].map((failure) => [(failure as Failure).code, (failure as Failure).retry]);
  const read = await bench.history(bench.session("bob"), group);
  bench.life.log.refusal = undefined;
  const { sequence } = await bench.run(bench.send(ann, group, 2));
  assert.deepEqual(
    [refused, read.length, sequence, bench.life.failures],
    [
      [
        ["storage-full", "same"],
        ["storage-full", "same"],
      ],
      2,
      3,
      [],
    ],
  );
});

const LOG_FAILURES: readonly (readonly [string, string])[] = [
  ["log-busy", "unavailable"],
  ["log-closed", "unavailable"],
  ["log-record-too-large", "message-too-large"],
  ["log-failed", "outcome-unknown"],
];

for (const [failure, code] of LOG_FAILURES) {
  test(`a log that answers ${failure} is told to the sender as ${code}`, async () => {
    const bench = new MessageBench();
    const group = await bench.group("ann");
    bench.life.log.refusal = new Failure(failure, "No.");
    assert.equal(await bench.codeOf(bench.send(bench.session("ann"), group, 1)), code);
  });
}

test("a send that fits between a refused one and its rejection gets its own answer", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob");
  bench.life.log.refusal = new Failure("log-busy", "No.");
  const refused = bench.codeOf(bench.send(bench.session("ann"), group, 1));
  bench.life.log.refusal = undefined;
  const taken = await bench.run(bench.send(bench.session("bob"), group, 1));
  assert.deepEqual([await refused, taken.sequence], ["unavailable", 2]);
});

test("beyond the authors that may wait for a partition the next is refused, and those who wait are answered", async () => {
  const bench = new MessageBench({ partitionCount: 1 });
  const group = await bench.group("ann", "bob");
  const reads = Array.from({ length: WAITERS_MAX }, (_, index) =>
    bench.message.markRead(bench.session(index % 2 === 0 ? "ann" : "bob"), group, 1),
  );
  const beyond = await bench.codeOf(bench.send(bench.session("ann"), group, 1));
  await bench.run(Promise.all(reads));
  const after = await bench.codeOf(bench.send(bench.session("ann"), group, 1));
  assert.deepEqual([beyond, after], ["unavailable", "ok"]);
});

test("whoever waits when the service stops is told that the outcome is unknown", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann");
  bench.life.log.isStuck = true;
  const code = bench.codeOf(bench.send(bench.session("ann"), group, 1));
  await bench.life.processor.stop();
  assert.equal(await code, "outcome-unknown");
});

test("members are listed in pages, each once, and who leaves is gone", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob", "cy", "eve");
  const ann = bench.session("ann");
  await bench.run(
    bench.message.changeMembers(ann, { conversationId: group, userIds: ["cy" as UserId], isRemoval: true }),
  );
  const pages = [];
  let after = "";
  do {
    const page = await bench.run(
      bench.message.groups.members(ann, { ...MEMBERS, conversationId: group, after, limit: 2 }),
    );
    pages.push(page.members.map(({ userId, role }) => `${userId} ${role}`));
    after = page.next;
  } while (after !== "" && pages.length < 5);
  assert.deepEqual(pages, [["ann owner", "bob member"], ["eve member"]]);
});

function recordCount(bench: MessageBench): number {
  return bench.logStore.partitions.reduce((count, { records }) => count + records.length, 0);
}

function createGroup(
  bench: MessageBench,
  change: Partial<Parameters<MessageBench["message"]["createGroup"]>[1]>,
): Promise<unknown> {
  const group = { name: "n", title: "Team", userIds: [], isHistoryOpen: true };
  return bench.message.createGroup(bench.session("ann"), { ...group, ...change });
}

async function hide(bench: MessageBench, count: number): Promise<void> {
  const group = await bench.group("ann");
  const sequences = Array.from({ length: count }, (_, index) => index + 1);
  await bench.message.hide(bench.session("ann"), group, sequences);
}

async function addMembers(bench: MessageBench, added: readonly UserId[]): Promise<void> {
  const conversationId = await bench.group("ann", "bob");
  const change = { conversationId, userIds: added, isRemoval: false };
  await bench.message.changeMembers(bench.session("ann"), change);
}
