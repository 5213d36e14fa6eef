/** Edits and recalls, from the request to what is stored and read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import {
  type Body,
  type ConversationId,
  type Edit,
  type UserId,
  EDITS_MAX,
  PAGE_BYTES_MAX,
  TEXT_BYTES_MAX,
  digestOf,
  textBody,
} from "@parley/protocol";
import { MessageBench } from "./testing/message-bench.js";

const MINUTE_MS = 60_000;
/** The first message after the notice of the creation. */
const FIRST = 2;

function text(of: string): Body {
  return textBody(of);
}

async function talk(bench: MessageBench, ...texts: string[]): Promise<ConversationId> {
  const group = await bench.group("ann", "bob");
  let number = 0;
  for (const each of texts) await bench.run(bench.send(bench.session("bob"), group, ++number, each));
  return group;
}

async function edited(
  bench: MessageBench,
  conversationId: ConversationId,
  ...texts: string[]
): Promise<void> {
  for (const each of texts)
    await bench.run(
      bench.message.edit(bench.session("bob"), { conversationId, sequence: FIRST, body: text(each) }),
    );
}

/** All pages of what the first message said before. */
async function editsOf(bench: MessageBench, conversationId: ConversationId): Promise<(readonly Edit[])[]> {
  const pages: (readonly Edit[])[] = [];
  let from = 0;
  do {
    const request = { conversationId, sequence: FIRST, from };
    const page = await bench.run(bench.message.edits(bench.session("ann"), request));
    pages.push(page.items);
    from = page.next;
  } while (from > 0);
  return pages;
}

test("an edit is read by all members, with its revision, in pages, digests and after a restart", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first", "second");
  await edited(bench, group, "better", "best");
  const seen = [];
  for (const isRestarted of [false, true]) {
    if (isRestarted) await bench.restart();
    const messages = await bench.history(bench.session("ann"), group);
    const span = { conversationId: group, first: 1, last: 9 };
    const { digest } = await bench.run(bench.message.digest(bench.session("ann"), span));
    assert.equal(digest, digestOf(messages));
    seen.push(messages.slice(1).map(({ body, revision }) => [body?.text?.text, revision]));
  }
  const whole = [
    ["best", 2],
    ["second", 0],
  ];
  assert.deepEqual(seen, [whole, whole]);
});

test("what a message said before its edits can be asked for, the oldest first", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first");
  await edited(bench, group, "better", "best");
  const [page] = await editsOf(bench, group);
  const nowMs = bench.time.nowMs();
  assert.deepEqual(page, [
    { revision: 0, body: text("first"), editedMs: 0 },
    { revision: 1, body: text("better"), editedMs: page![1]!.editedMs },
  ]);
  assert.ok(page[1]!.editedMs > 0 && page[1]!.editedMs <= nowMs);
});

test("pages of long former texts end before they are too large, and go on", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first");
  const long = Array.from({ length: 8 }, (_, index) => String(index).padEnd(TEXT_BYTES_MAX, "x"));
  await edited(bench, group, ...long);
  const pages = await editsOf(bench, group);
  assert.deepEqual(
    [pages.length > 1, pages.flat().map(({ revision }) => revision)],
    [true, [0, 1, 2, 3, 4, 5, 6, 7]],
  );
  assert.ok(pages.every((page) => page.length * TEXT_BYTES_MAX <= PAGE_BYTES_MAX));
});

test("of what was recalled nothing stays in the rows, and nobody is told what it said", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "secret-1", "other");
  await edited(bench, group, "secret-2", "secret-3");
  const request = { conversationId: group, sequence: FIRST };
  const before = JSON.stringify(await bench.rows([group]));
  await bench.run(bench.message.recall(bench.session("ann"), request));
  const rows = await bench.rows([group]);
  const after = JSON.stringify(rows);
  const secrets = ["secret-1", "secret-2", "secret-3"].map((each) => Buffer.from(each).toString("hex"));
  const [, message] = await bench.history(bench.session("bob"), group);
  assert.deepEqual(
    [
      secrets.map((each) => before.includes(each)),
      secrets.map((each) => after.includes(each)),
      Object.keys(rows).filter((name) => name.startsWith("conversation-edit")),
      [message!.body, message!.revision, message!.recall?.actorId],
      await bench.codeOf(bench.message.edits(bench.session("ann"), { ...request, from: 0 })),
    ],
    [[true, true, true], [false, false, false], [], [undefined, 3, "ann"], "message-recalled"],
  );
});

test("a message may be sent, edited and recalled in one turn", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first");
  const session = bench.session("bob");
  const second = { conversationId: group, sequence: 3 };
  const calls = [
    bench.send(session, group, 2, "second"),
    bench.message.edit(session, { ...second, body: text("better") }),
    bench.message.edit(session, { ...second, body: text("best") }),
  ];
  await bench.run(Promise.all(calls));
  const message = (await bench.history(session, group))[2]!;
  assert.deepEqual([message.body, message.revision], [text("best"), 2]);
});

test("who is no member, names no message, or has nothing to say is refused, and the log is not asked", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first");
  await bench.time.settle();
  const length = () => bench.logStore.partitions.map(({ records }) => records.length);
  const before = length();
  const [bob, eve] = [bench.session("bob"), bench.session("eve")];
  const first = { conversationId: group, sequence: FIRST };
  const { message } = bench;
  const codes = [
    await bench.codeOf(message.edit(eve, { ...first, body: text("x") })),
    await bench.codeOf(message.recall(eve, first)),
    await bench.codeOf(message.edits(eve, { ...first, from: 0 })),
    await bench.codeOf(message.edit(bob, { ...first, sequence: 0, body: text("x") })),
    await bench.codeOf(message.recall(bob, { ...first, sequence: 0 })),
    await bench.codeOf(message.recall(bob, { ...first, sequence: 99 })),
    await bench.codeOf(message.edits(bob, { ...first, sequence: 0, from: 0 })),
    await bench.codeOf(message.edits(bob, { ...first, sequence: 99, from: 0 })),
    await bench.codeOf(message.edit(bob, { ...first, body: undefined })),
    await bench.codeOf(message.edit(bob, { ...first, body: text(" ") })),
    await bench.codeOf(message.edit(bob, { ...first, body: text("x".repeat(TEXT_BYTES_MAX + 1)) })),
  ];
  assert.deepEqual(
    [codes, length()],
    [
      [
        "not-a-member",
        "not-a-member",
        "not-a-member",
        "bad-request",
        "bad-request",
        "message-unknown",
        "message-unknown",
        "message-unknown",
        "bad-request",
        "bad-request",
        "message-too-large",
      ],
      before,
    ],
  );
});

test("what one has deleted for oneself, or came too late for, has no former texts either", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first");
  await edited(bench, group, "better");
  await bench.run(
    bench.life.keeping.trim({ tenantId: bench.session("ann").tenantId, conversationId: group }, 2),
  );
  const request = { conversationId: group, sequence: FIRST, from: 0 };
  const seen = await bench.codeOf(bench.message.edits(bench.session("ann"), request));
  bench.hidden = [FIRST];
  const hidden = await bench.codeOf(bench.message.edits(bench.session("ann"), request));
  bench.hidden = [];
  await bench.run(bench.send(bench.session("ann"), group, 1));
  await bench.run(
    bench.life.keeping.trim({ tenantId: bench.session("ann").tenantId, conversationId: group }, 3),
  );
  const trimmed = await bench.codeOf(bench.message.edits(bench.session("ann"), request));
  assert.deepEqual([seen, hidden, trimmed], ["ok", "message-unknown", "message-unknown"]);
});

test("the machine's refusals reach who asked, with whether to try again", async () => {
  const bench = new MessageBench({ editMinutes: 10, recallMinutes: 5 });
  const group = await talk(bench, "first");
  const [ann, bob] = [bench.session("ann"), bench.session("bob")];
  const first = { conversationId: group, sequence: FIRST };
  const refusalOf = async (promise: Promise<unknown>): Promise<unknown> =>
    bench.run(
      promise.then(
        () => "ok",
        (error: unknown) => (error instanceof Failure ? [error.code, error.retry] : error),
      ),
    );
  const answers = [await refusalOf(bench.message.edit(ann, { ...first, body: text("x") }))];
  await bench.time.advance(5 * MINUTE_MS + 1);
  answers.push(await refusalOf(bench.message.recall(bob, first)));
  answers.push(await refusalOf(bench.message.edit(bob, { ...first, body: text("x") })));
  await bench.time.advance(5 * MINUTE_MS);
  answers.push(await refusalOf(bench.message.edit(bob, { ...first, body: text("y") })));
  answers.push(await refusalOf(bench.message.recall(ann, first)));
  answers.push(await refusalOf(bench.message.edit(bob, { ...first, body: text("y") })));
  assert.deepEqual(answers, [
    ["not-allowed", "never"],
    ["too-late", "never"],
    "ok",
    ["too-late", "never"],
    "ok",
    ["message-recalled", "never"],
  ]);
});

test(`the edit after ${EDITS_MAX} is refused, and all former texts are there`, async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first");
  await edited(bench, group, ...Array.from({ length: EDITS_MAX }, (_, index) => `text ${index}`));
  const request = { conversationId: group, sequence: FIRST, body: text("one more") };
  const code = await bench.codeOf(bench.message.edit(bench.session("bob"), request));
  assert.deepEqual([code, (await editsOf(bench, group)).flat().length], ["too-many-edits", EDITS_MAX]);
});

test("a damaged message is unknown to an edit, and what comes behind it is applied; another failure stops the service", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first");
  await bench.restart();
  // What was loaded for one edit is not there for the next.
  await edited(bench, group, "better");
  await bench.run(bench.life.tables.flush());
  const request = { conversationId: group, sequence: FIRST, body: text("x") };
  bench.life.engine.messageFailure = new Failure("tables-corrupt", "The block is damaged.");
  const damaged = await bench.codeOf(bench.message.edit(bench.session("bob"), request));
  await bench.run(bench.send(bench.session("bob"), group, 2));
  const reported = bench.logger.errors.slice();
  bench.life.engine.messageFailure = new Failure("tables-failed", "The disk failed.");
  const failed = bench.message.edit(bench.session("bob"), request).catch(() => undefined);
  await bench.time.settle();
  void failed;
  assert.deepEqual(
    [damaged, reported, bench.life.failures.map((failure) => (failure as Failure).code)],
    ["message-unknown", ["message-unreadable"], ["tables-failed"]],
  );
});

test("who is removed cannot edit or recall any more what was theirs", async () => {
  const bench = new MessageBench();
  const group = await talk(bench, "first");
  const change = { conversationId: group, userIds: ["bob" as UserId], isRemoval: true };
  await bench.run(bench.message.changeMembers(bench.session("ann"), change));
  const first = { conversationId: group, sequence: FIRST };
  assert.deepEqual(
    [
      await bench.codeOf(bench.message.edit(bench.session("bob"), { ...first, body: text("x") })),
      await bench.codeOf(bench.message.recall(bench.session("bob"), first)),
    ],
    ["not-a-member", "not-a-member"],
  );
});
