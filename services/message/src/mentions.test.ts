/** "Mentions of me", merged from places that are known and the indexes of large groups. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MentionPlace, Session } from "@parley/contracts";
import { type Body, type ConversationId, type Init, type UserId, textBody } from "@parley/protocol";
import fc from "fast-check";
import { MessageBench } from "./testing/message-bench.js";

const PAGES_MAX = 200;
const TO_ANN: Init<Body> = { text: { text: "@ann" }, mentions: { userIds: ["ann" as UserId], isAll: false } };
const TO_ALL: Init<Body> = { text: { text: "@all" }, mentions: { userIds: [], isAll: true } };

/** Ann's groups, of which some are large: their mentions are in no place that the sync service knows. */
class World {
  readonly bench = new MessageBench({ recallMinutes: 0, editMinutes: 0 });
  readonly places: MentionPlace[] = [];
  readonly shared: ConversationId[] = [];
  groups: readonly ConversationId[] = [];
  readonly ann: Session = this.bench.session("ann");
  readonly bob: Session = this.bench.session("bob");
  readonly #numbers = new Map<ConversationId, number>();

  async start(sharedCount: number): Promise<void> {
    await this.bench.index();
    const names = [
      ["bob", "ann"],
      ["bob", "ann", "cy"],
      ["bob", "ann", "eve"],
    ];
    const groups: ConversationId[] = [];
    for (const each of names) groups.push(await this.bench.group(...each));
    this.groups = groups;
    this.shared.push(...groups.slice(0, sharedCount));
    this.bench.mentionPlaces = (_session, { before, limit }) => ({
      places: this.places
        .toSorted(newestFirst)
        .filter((place) => before === undefined || newestFirst(before, place) < 0)
        .slice(0, limit),
      shared: this.shared,
    });
  }

  async say(index: number, body: Init<Body>): Promise<string> {
    const conversationId = this.groups[index]!;
    const number = (this.#numbers.get(conversationId) ?? 0) + 1;
    this.#numbers.set(conversationId, number);
    const sent = await this.bench.run(this.bench.sendAny(this.bob, conversationId, number, { body }));
    const { sequence, timeMs } = sent;
    const isMention = body.mentions !== undefined;
    if (isMention && !this.shared.includes(conversationId))
      this.places.push({ conversationId, sequence, timeMs });
    return `${timeMs}/${conversationId}/${sequence}`;
  }

  async recall(name: string): Promise<void> {
    const { conversationId, sequence } = placeOf(name);
    await this.bench.run(this.bench.message.recall(this.bob, { conversationId, sequence }));
  }

  /** All mentions of Ann, page by page. */
  async pages(limit: number): Promise<string[]> {
    const found: string[] = [];
    let cursor = "";
    for (let page = 0; page < PAGES_MAX; page++) {
      const request = { cursor, limit, conversationId: "" as const };
      const { messages, next } = await this.bench.run(this.bench.message.mentions(this.ann, request));
      found.push(...messages.map((each) => `${each.timeMs}/${each.conversationId}/${each.sequence}`));
      if (next === "") return found;
      cursor = next;
    }
    throw new Error(`There is no end after ${PAGES_MAX} pages.`);
  }
}

function newestFirst(one: MentionPlace, other: MentionPlace): number {
  if (one.timeMs !== other.timeMs) return other.timeMs - one.timeMs;
  if (one.conversationId !== other.conversationId) return one.conversationId < other.conversationId ? 1 : -1;
  return other.sequence - one.sequence;
}

const said = fc.record({
  group: fc.nat({ max: 2 }),
  body: fc.constantFrom(TO_ANN, TO_ALL, TO_ANN, { text: { text: "hi" } }),
  /** Many at the same time. */
  waitMs: fc.constantFrom(0, 0, 0, 1),
  isRecalled: fc.constantFrom(false, false, false, true),
});

test("pages of any size bring every mention once, the newest first, from small and large groups", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(said, { minLength: 10, maxLength: 40 }),
      fc.constantFrom(0, 1, 3, 3),
      fc.constantFrom(1, 1, 2, 3, 7),
      fc.array(fc.integer({ min: 2, max: 20 }), { maxLength: 12 }),
      async (all, sharedCount, limit, hidden) => {
        const world = new World();
        await world.start(sharedCount);
        const mentions: string[] = [];
        for (const { group, body, waitMs, isRecalled } of all) {
          await world.bench.time.advance(waitMs);
          const name = await world.say(group, body);
          if (isRecalled) await world.recall(name);
          else if (body.mentions !== undefined) mentions.push(name);
        }
        // Of every group those with these sequences: the index still finds them.
        world.bench.hidden = hidden;
        const shown = mentions.map(placeOf).filter(({ sequence }) => !hidden.includes(sequence));
        const places = shown.toSorted(newestFirst);
        assert.deepEqual((await world.pages(limit)).map(placeOf), places);
      },
    ),
    { numRuns: 80 },
  );
});

function placeOf(name: string): MentionPlace {
  const [timeMs, conversationId, sequence] = name.split("/");
  return {
    timeMs: Number(timeMs),
    conversationId: conversationId as ConversationId,
    sequence: Number(sequence),
  };
}

for (const sharedCount of [0, 3]) {
  test(`what was recalled, edited, hidden or left is no mention any more, ${sharedCount} groups being large`, async () => {
    const world = new World();
    await world.start(sharedCount);
    const { bench, bob, groups } = world;
    for (const body of [TO_ANN, TO_ANN, TO_ALL, TO_ANN]) await world.say(0, body);
    await world.say(1, TO_ANN);
    const kept = await world.pages(2);
    const at = (sequence: number): { conversationId: ConversationId; sequence: number } => ({
      conversationId: groups[0]!,
      sequence,
    });
    await bench.run(bench.message.recall(bob, at(2)));
    await bench.run(bench.message.edit(bob, { ...at(3), body: textBody("hi") }));
    bench.hidden = [4];
    const change = { conversationId: groups[1]!, userIds: ["ann" as UserId], isRemoval: true };
    await bench.run(bench.message.changeMembers(bob, change));
    const left = await world.pages(2);
    assert.deepEqual([kept.length, left.map((name) => placeOf(name).sequence)], [5, [5]]);
  });
}

test("a cursor that is none is refused, and the mentions of a group only its members have", async () => {
  const world = new World();
  await world.start(1);
  const ask = (session: Session, cursor: string, conversationId: ConversationId | ""): Promise<string> =>
    world.bench.codeOf(world.bench.message.mentions(session, { cursor, limit: 1, conversationId }));
  assert.deepEqual(
    [
      await ask(world.ann, "x", ""),
      await ask(world.ann, "1/2/x", ""),
      await ask(world.ann, "99999999999999999999", world.groups[0]!),
      await ask(world.bench.session("eve"), "", world.groups[0]!),
      await ask(world.ann, "1", world.groups[0]!),
    ],
    ["bad-request", "bad-request", "bad-request", "not-a-member", "ok"],
  );
});

test("a group whose newest mentions are hidden loses none of the older ones to the others", async () => {
  const world = new World();
  await world.start(3);
  const names: string[] = [];
  for (const group of [0, 1, 2, 0, 1, 2, 0, 0]) names.push(await world.say(group, TO_ANN));
  world.bench.hidden = [4, 5];
  const places = names.map(placeOf).filter(({ sequence }) => sequence < 4);
  assert.deepEqual((await world.pages(1)).map(placeOf), places.toSorted(newestFirst));
});
