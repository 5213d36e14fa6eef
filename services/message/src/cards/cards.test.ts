/** Cards, from the request to what is stored, read and told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CardUpdateRequest } from "@parley/contracts";
import {
  type ConversationId,
  type Message,
  type UserId,
  CARD_BYTES_MAX,
  CARD_DATA_BYTES_MAX,
  CARD_VERB_BYTES_MAX,
  digestOf,
  encode,
  Event as EventSchema,
  decode,
  Message as MessageSchema,
  PAGE_BYTES_MAX,
} from "@parley/protocol";
import { WINDOW_MS_MAX } from "../spreading.js";
import { MessageBench, outcomeOf } from "../testing/message-bench.js";
import { CARDS_PER_PAGE_MAX } from "./card-reading.js";

/** The first message after the notice of the creation. */
const FIRST = 2;
const MEGA = 10_000_000;

interface Talk {
  readonly bench: MessageBench;
  readonly conversationId: ConversationId;
}

function cardOf(said: string, more: object = {}): string {
  return JSON.stringify({ type: "AdaptiveCard", version: "1.5", fallbackText: said, ...more });
}

/** A group of ann, bob and cy, in which ann, an application, sent some cards. */
async function talk(
  count: number,
  options: ConstructorParameters<typeof MessageBench>[0] = {},
): Promise<Talk> {
  const bench = new MessageBench(options);
  const conversationId = await bench.group("ann", "bob", "cy");
  for (let number = 1; number <= count; number++) {
    const body = { card: { content: cardOf(`card ${number}`), revision: 1 } };
    await bench.run(bench.sendAny(bench.session("ann"), conversationId, number, { body }));
  }
  return { bench, conversationId };
}

function update(
  { bench, conversationId }: Talk,
  revision: number,
  of: Partial<Omit<CardUpdateRequest, "revision" | "userId">> & {
    readonly name?: string;
    readonly userId?: string;
  } = {},
): Promise<void> {
  const { name = "ann", userId = "", ...rest } = of;
  const content = cardOf(`${userId}v${revision}`);
  const request = { conversationId, sequence: FIRST, content, ...rest, revision, userId: userId as UserId };
  return bench.message.cards.update(bench.session(name), request);
}

function act(
  { bench, conversationId }: Talk,
  name: string,
  actionId: string,
  { sequence = FIRST, verb = "vote", data = '{"choice":1}' } = {},
): Promise<void> {
  const request = { conversationId, sequence, actionId, verb, data, revision: 1 };
  return bench.message.cards.act(bench.session(name), request);
}

function saidBy(content: string | undefined): string {
  return content === undefined || content === ""
    ? ""
    : (JSON.parse(content) as { fallbackText: string }).fallbackText;
}

/** A card as its reader sees it: sequence, shared part, private part with its revision. */
function shortOf({ sequence, body, cardPart }: Message): string {
  const part = cardPart === undefined ? "" : ` ${saidBy(cardPart.content)}#${cardPart.revision}`;
  return `${sequence} ${saidBy(body?.card?.content)}${part}`;
}

/** What a user was told of cards, in order. */
function toldTo({ bench }: Talk, name: string): readonly string[] {
  return bench.eventsFor(name).flatMap(({ changed, cardPart, cardAction }) => {
    if (cardPart !== undefined) return [`!${saidBy(cardPart.part?.content)}`];
    if (cardAction !== undefined) return [`${cardAction.action!.userId} ${cardAction.action!.actionId}`];
    return changed?.message === undefined ? [] : [saidBy(changed.message.body?.card?.content)];
  });
}

test("both parts are read by whom they are for: in pages, by sequence, in pins and digests, and after a restart", async () => {
  const here = await talk(2);
  const { bench, conversationId } = here;
  await bench.run(update(here, 2));
  await bench.run(update(here, 7, { userId: "bob" }));
  await bench.run(update(here, 3, { userId: "cy" }));
  await bench.run(update(here, 4, { userId: "cy", content: "" }));
  await bench.run(bench.message.pin(bench.session("ann"), { conversationId, sequence: 2, isRemoval: false }));
  const seen: Record<string, Set<string>> = { ann: new Set(), bob: new Set(), cy: new Set() };
  for (const isRestarted of [false, true]) {
    if (isRestarted) await bench.restart();
    for (const [name, texts] of Object.entries(seen)) {
      const session = bench.session(name);
      const page = await bench.history(session, conversationId);
      const { digest } = await bench.run(
        bench.message.digest(session, { conversationId, first: 1, last: 9 }),
      );
      assert.equal(digest, digestOf(page));
      const { messages } = await bench.run(
        bench.message.messages(session, { conversationId, sequences: [2] }),
      );
      const { pins } = await bench.run(bench.message.pins(session, { conversationId, before: 0 }));
      for (const each of [page[1]!, ...messages, ...pins.map(({ message }) => message!)])
        texts.add(shortOf(each));
      assert.equal(shortOf(page[2]!), "3 card 2");
    }
  }
  assert.deepEqual(seen, {
    ann: new Set(["2 v2"]),
    bob: new Set(["2 v2 bobv7#7"]),
    cy: new Set(["2 v2 #4"]),
  });
});

test("with a recall both parts are gone for everybody, and nothing can be done with the card any more", async () => {
  const here = await talk(1);
  const { bench, conversationId } = here;
  await bench.run(update(here, 2, { userId: "bob" }));
  await bench.run(update(here, 2));
  await bench.run(update(here, 3));
  await bench.run(act(here, "bob", "a"));
  const place = { conversationId, sequence: FIRST };
  await bench.run(bench.message.recall(bench.session("ann"), place));
  await bench.time.advance(WINDOW_MS_MAX);
  const [, message] = await bench.history(bench.session("bob"), conversationId);
  const codes = [
    await bench.codeOf(update(here, 9)),
    await bench.codeOf(update(here, 9, { userId: "bob" })),
    await bench.codeOf(act(here, "bob", "b")),
    await bench.codeOf(bench.message.cards.actions(bench.session("ann"), { ...place, after: "", limit: 0 })),
  ];
  assert.deepEqual(
    [message!.body, message!.cardPart, new Set(codes), toldTo(here, "bob").at(-1)],
    [undefined, undefined, new Set(["message-recalled"]), ""],
  );
});

test("a burst of updates is told a few times, and in the end with the newest one; nothing of it is history", async () => {
  const here = await talk(1);
  const { bench, conversationId } = here;
  for (let revision = 2; revision <= 100; revision++) await bench.run(update(here, revision));
  await bench.time.advance(WINDOW_MS_MAX);
  const edits = await bench.run(
    bench.message.edits(bench.session("bob"), { conversationId, sequence: FIRST, from: 0 }),
  );
  const [, message] = await bench.history(bench.session("bob"), conversationId);
  assert.deepEqual(
    [toldTo(here, "bob"), edits.items, message!.revision, message!.editedMs],
    [["v2", "v100"], [], 99, 0],
  );
});

test("nothing that was merged is forgotten, wherever the server stops", async () => {
  const steps = 4;
  const outcomes = [];
  for (let crashAt = 0; crashAt <= steps; crashAt++) {
    for (const isFlushed of [false, true]) {
      const here = await talk(1);
      const { bench } = here;
      for (let step = 0; step <= steps; step++) {
        if (step === crashAt) {
          if (isFlushed) await bench.checkpoint();
          await bench.crash();
          await bench.run(bench.life.processor.recovered());
        }
        if (step < steps) await bench.run(update(here, step + 2));
      }
      await bench.time.advance(WINDOW_MS_MAX);
      outcomes.push(toldTo(here, "bob").at(-1));
    }
  }
  assert.deepEqual(new Set(outcomes), new Set([`v${steps + 1}`]));
});

test("in a large group an update is one event for all, and a private part is in its user's queue alone", async () => {
  const here = await talk(1, { sharedFromMembers: 2 });
  const { bench } = here;
  const before = bench.life.told.length;
  for (let revision = 2; revision <= 50; revision++) await bench.run(update(here, revision));
  await bench.run(update(here, 1, { userId: "bob" }));
  await bench.run(act(here, "cy", "a"));
  await bench.time.advance(WINDOW_MS_MAX);
  const told = bench.life.told
    .slice(before)
    .map(({ row }) => saidBy(decode(EventSchema, row.event).changed?.message?.body?.card?.content));
  assert.deepEqual(
    [told, toldTo(here, "ann"), toldTo(here, "bob"), toldTo(here, "cy")],
    [["v2", "v50"], ["cy a"], ["!bobv1"], []],
  );
});

test("a page ends before it has too many cards, or too large parts of them, from either side", async () => {
  const count = CARDS_PER_PAGE_MAX + 2;
  const here = await talk(count);
  const { bench, conversationId } = here;
  const session = bench.session("bob");
  const pages = async (isForward: boolean): Promise<number[][]> => {
    const found: number[][] = [];
    let edge = isForward ? 0 : 99;
    for (;;) {
      const at = isForward ? { before: 0, after: edge } : { before: edge, after: 0 };
      const request = { conversationId, atMs: 0, limit: 200, isForward, ...at };
      const { messages, first, last } = await bench.run(bench.message.history(session, request));
      if (messages.length === 0) return found;
      const bytes = messages.reduce((sum, each) => sum + encode(MessageSchema, each).length, 0);
      assert.ok(messages.length === 1 || bytes <= PAGE_BYTES_MAX);
      found.push([first, last]);
      edge = isForward ? last : first;
    }
  };
  const small = [await pages(true), await pages(false)];
  const large = cardOf("x".repeat(CARD_BYTES_MAX - 100));
  for (let sequence = 2; sequence <= count + 1; sequence++)
    await bench.run(update(here, 1, { sequence, userId: "bob", content: large }));
  const ends = [...(await pages(true)), ...(await pages(false))];
  assert.deepEqual(small, [
    [
      [1, CARDS_PER_PAGE_MAX + 1],
      [CARDS_PER_PAGE_MAX + 2, count + 1],
    ],
    [
      [4, count + 1],
      [1, 3],
    ],
  ]);
  assert.deepEqual([ends.every(([first, last]) => last! - first! <= 3), ends.length], [true, 12]);
});

test("of everybody the last action is listed page by page, to the sender of the card alone", async () => {
  const here = await talk(1);
  const { bench, conversationId } = here;
  for (const [name, actionId] of ["cy 1", "ann 2", "bob 3", "cy 4"].map((each) => each.split(" ")))
    await bench.run(act(here, name!, actionId!));
  await bench.restart();
  const pages: unknown[] = [];
  let after = "";
  do {
    const request = { conversationId, sequence: FIRST, after, limit: 2 };
    const page = await bench.run(bench.message.cards.actions(bench.session("ann"), request));
    pages.push(page.items.map(({ userId, actionId, number }) => `${userId} ${actionId} ${number}`));
    after = page.next;
  } while (after !== "");
  const ofBob = { conversationId, sequence: FIRST, after: "", limit: 0 };
  assert.deepEqual(
    [pages, await bench.codeOf(bench.message.cards.actions(bench.session("bob"), ofBob))],
    [[["ann 2 2", "bob 3 3"], ["cy 4 4"]], "not-allowed"],
  );
});

test("actions that say much fill a page with their bytes, and none is left out", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `u${String(index).padStart(2, "0")}`);
  const bench = new MessageBench();
  for (const name of names) bench.users.add(name);
  const conversationId = await bench.group("ann", ...names);
  const body = { card: { content: cardOf("card"), revision: 1 } };
  await bench.run(bench.sendAny(bench.session("ann"), conversationId, 1, { body }));
  const data = JSON.stringify({ x: "x".repeat(CARD_DATA_BYTES_MAX - 10) });
  for (const name of names) await bench.run(act({ bench, conversationId }, name, name, { data }));
  const found: string[][] = [];
  let after = "";
  do {
    const request = { conversationId, sequence: FIRST, after, limit: 0 };
    const page = await bench.run(bench.message.cards.actions(bench.session("ann"), request));
    found.push(page.items.map(({ userId }) => userId));
    after = page.next;
  } while (after !== "");
  assert.deepEqual([found.length, found.flat()], [2, names]);
});

test("each request is refused to who may not, or with what is wrong with it, and nothing changes", async () => {
  const here = await talk(2);
  const { bench, conversationId } = here;
  await bench.run(bench.send(bench.session("ann"), conversationId, 3));
  await bench.run(bench.send(bench.session("ann"), conversationId, 4));
  await bench.run(update(here, 5));
  await bench.run(update(here, 5, { userId: "cy" }));
  const forward = { conversationId, sequences: [FIRST], isMerged: false, title: "" };
  await bench.run(bench.sendAny(bench.session("ann"), conversationId, 5, { forward }));
  const change = { conversationId, userIds: ["bob" as UserId], isRemoval: true };
  await bench.run(bench.message.changeMembers(bench.session("ann"), change));
  await bench.time.advance(WINDOW_MS_MAX);
  bench.hidden = [5];
  const before = await bench.rows([conversationId]);
  const deep = `${'{"x":'.repeat(40)}1${"}".repeat(40)}`;
  const wide = cardOf("x", { body: Array.from({ length: 3_000 }, () => 0) });
  const cases: readonly (readonly [string, Promise<unknown>, string])[] = [
    ["update by a stranger", update(here, 9, { name: "eve" }), "not-a-member"],
    ["update by one who was removed", update(here, 9, { name: "bob" }), "not-a-member"],
    ["update by another member", update(here, 9, { name: "cy" }), "not-allowed"],
    ["update of what is not there", update(here, 9, { sequence: 99 }), "message-unknown"],
    ["update of no sequence", update(here, 9, { sequence: 0 }), "bad-request"],
    ["update of a text", update(here, 9, { sequence: 4 }), "not-allowed"],
    ["update of what is hidden", update(here, 9, { sequence: 5 }), "message-unknown"],
    ["update of a forwarded copy", update(here, 9, { sequence: 6 }), "not-allowed"],
    ["update with an old revision", update(here, 4), "card-outdated"],
    [
      "update with the same revision and another content",
      update(here, 5, { content: cardOf("y") }),
      "card-outdated",
    ],
    ["update of a part with an old revision", update(here, 4, { userId: "cy" }), "card-outdated"],
    ["update of no revision", update(here, 0), "bad-request"],
    ["update to nothing", update(here, 9, { content: "" }), "bad-request"],
    ["update of 10 MB", update(here, 9, { content: cardOf("x".repeat(MEGA)) }), "message-too-large"],
    ["update to what is no JSON", update(here, 9, { content: "{" }), "bad-request"],
    ["update to a list", update(here, 9, { content: "[]" }), "bad-request"],
    [
      "update to another type",
      update(here, 9, { content: '{"type":"Card","version":"1.5"}' }),
      "bad-request",
    ],
    [
      "update to a newer version",
      update(here, 9, { content: '{"type":"AdaptiveCard","version":"1.6"}' }),
      "bad-request",
    ],
    [
      "update to a card of no version",
      update(here, 9, { content: '{"type":"AdaptiveCard"}' }),
      "bad-request",
    ],
    [
      "update that is too deep",
      update(here, 9, { content: cardOf("x", { body: JSON.parse(deep) as object }) }),
      "bad-request",
    ],
    ["update of too many values", update(here, 9, { content: wide }), "bad-request"],
    ["part of a stranger", update(here, 9, { userId: "eve" }), "bad-request"],
    [
      "part that is too large",
      update(here, 9, { userId: "cy", content: cardOf("é".repeat(CARD_BYTES_MAX / 2)) }),
      "message-too-large",
    ],
    ["action of a stranger", act(here, "eve", "a"), "not-a-member"],
    ["action of one who was removed", act(here, "bob", "a"), "not-a-member"],
    ["action on what is not there", act(here, "cy", "a", { sequence: 99 }), "message-unknown"],
    ["action on a text", act(here, "cy", "a", { sequence: 4 }), "not-allowed"],
    ["action on a forwarded copy", act(here, "cy", "a", { sequence: 6 }), "not-allowed"],
    ["action without an id", act(here, "cy", ""), "bad-request"],
    ["action without a verb", act(here, "cy", "a", { verb: "" }), "bad-request"],
    [
      "action of too long a verb",
      act(here, "cy", "a", { verb: "v".repeat(CARD_VERB_BYTES_MAX + 1) }),
      "bad-request",
    ],
    ["action that says nothing", act(here, "cy", "a", { data: "" }), "bad-request"],
    ["action that says a list", act(here, "cy", "a", { data: "[]" }), "bad-request"],
    [
      "action that says too much",
      act(here, "cy", "a", { data: `"${"x".repeat(CARD_DATA_BYTES_MAX)}"` }),
      "bad-request",
    ],
    ["action of 10 MB", act(here, "cy", "a", { data: `{"x":"${"x".repeat(MEGA)}"}` }), "bad-request"],
    ["action that is too deep", act(here, "cy", "a", { data: deep }), "bad-request"],
  ];
  const codes = await Promise.all(cases.map(async ([name, call]) => [name, await bench.codeOf(call)]));
  assert.deepEqual(
    codes,
    cases.map(([name, , code]) => [name, code]),
  );
  assert.deepEqual(await bench.rows([conversationId]), before);
});

test("a refusal for an old revision names the lowest one that is taken", async () => {
  const here = await talk(1);
  await here.bench.run(update(here, 8));
  await assert.rejects(here.bench.run(update(here, 3)), { code: "card-outdated", details: { expected: 9 } });
});

test("a forwarded card is a text of its words, of the part that all see", async () => {
  const here = await talk(1);
  const { bench, conversationId } = here;
  await bench.run(update(here, 2));
  await bench.run(update(here, 2, { userId: "bob" }));
  const other = await bench.group("bob", "eve");
  const forward = { conversationId, sequences: [FIRST], isMerged: false, title: "" };
  await bench.run(bench.sendAny(bench.session("bob"), other, 1, { forward }));
  const [, copy] = await bench.history(bench.session("eve"), other);
  assert.deepEqual(
    [copy!.body?.text, copy!.body?.card, copy!.body?.forwarded?.senderId],
    [{ text: "v2" }, undefined, "ann"],
  );
});

test("a review sees both parts when they are updated: what it refuses is not said, what it replaces is said instead", async () => {
  const here = await talk(1, {
    reviewer: {
      review: ({ body }) => {
        const said = saidBy(body.card?.content);
        if (said.endsWith("v2")) return { kind: "refuse", reason: "word" };
        if (!said.endsWith("v3")) return { kind: "accept" };
        return { kind: "replace", body: { ...body, card: { content: cardOf("better"), revision: 3 } } };
      },
    },
  });
  const { bench, conversationId } = here;
  const codes = [];
  for (const userId of ["", "bob"])
    for (const revision of [2, 3, 3]) codes.push(await bench.codeOf(update(here, revision, { userId })));
  const [, message] = await bench.history(bench.session("bob"), conversationId);
  assert.deepEqual(
    [codes, shortOf(message!)],
    [["content-refused", "ok", "ok", "content-refused", "ok", "ok"], "2 better better#3"],
  );
});

test("a card that a later review refuses after an update is taken back", async () => {
  const here = await talk(1, {
    laterReviewer: {
      review: async ({ body }) => (saidBy(body.card?.content) === "v2" ? "refuse" : "accept"),
    },
  });
  const { bench, conversationId } = here;
  await bench.time.settle();
  await bench.run(update(here, 2));
  await bench.time.settle();
  const [, message] = await bench.history(bench.session("bob"), conversationId);
  assert.equal(message!.recall?.actorId, "review");
});

test("updates of one part take effect in the order of their calls, also when reads overtake each other", async () => {
  const here = await talk(1, { readMs: 40 });
  const { bench } = here;
  await bench.restart();
  const codes = await bench.run(
    Promise.all([2, 3, 4, 5].map((revision) => outcomeOf(update(here, revision)))),
  );
  assert.deepEqual(codes, ["ok", "ok", "ok", "ok"]);
});
