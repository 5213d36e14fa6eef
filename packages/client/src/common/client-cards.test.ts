/** Cards on a device, whatever it holds and in whatever order it learns of them. */
import { deepEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import {
  CARD_BYTES_MAX,
  cardOf,
  emptyEntry,
  type Event,
  Event as EventSchema,
  filled,
  type Message,
} from "@parley/protocol";
import { type ClientBench, createClientBench, GROUP, OTHER, SELF } from "../testing/client-bench.js";
import { actOnMine, giveCardPart, spreadCards, updateCard } from "../testing/scripted-cards.js";
import { applyRun } from "./apply-push.js";
import type { CardActed } from "./cards.js";
import { History } from "./history.js";
import { CARD_CALLS_WAITING_MAX } from "./limits.js";
import { createMemoryStore } from "./memory-store.js";
import { Replica } from "./replica.js";

const FIRST = { conversationId: GROUP, sequence: 1 };

function shortOf(messages: readonly Message[]): readonly string[] {
  return messages.map((message) => {
    const view = cardOf(message);
    return view === undefined ? "-" : `${view.content}${view.isPrivate ? " (mine)" : ""}`;
  });
}

function shownBy({ client }: ClientBench): readonly string[] {
  return shortOf(client.timeline(GROUP)?.messages ?? []);
}

/** A timeline of so many cards. */
async function holding(count: number): Promise<ClientBench> {
  const bench = createClientBench();
  await bench.begin();
  await bench.time.run(bench.client.open(GROUP));
  for (let sequence = 1; sequence <= count; sequence++) {
    bench.world.post(GROUP, OTHER, "card");
    updateCard(bench.world, { conversationId: GROUP, sequence }, `card ${sequence}`);
  }
  await bench.sync();
  return bench;
}

test("both parts show in an open timeline, mine instead of the one that all see", async () => {
  const bench = await holding(2);
  const seen = [shownBy(bench)];
  giveCardPart(bench.world, FIRST, "for me");
  await bench.sync();
  seen.push(shownBy(bench));
  updateCard(bench.world, FIRST, "newer", true);
  await bench.sync();
  spreadCards(bench.world, GROUP);
  giveCardPart(bench.world, FIRST, "");
  await bench.sync();
  seen.push(shownBy(bench));
  deepEqual(seen, [
    ["card 1", "card 2"],
    ["for me (mine)", "card 2"],
    ["newer", "card 2"],
  ]);
  await bench.client.stop();
});

test("an update keeps my part, a recall takes it, also when it comes late, and an old one changes nothing", async () => {
  const bench = await holding(3);
  for (const sequence of [1, 2, 3]) {
    giveCardPart(bench.world, { conversationId: GROUP, sequence }, "old");
    giveCardPart(bench.world, { conversationId: GROUP, sequence }, "mine");
  }
  updateCard(bench.world, FIRST, "newer");
  bench.world.change(GROUP, 2);
  const told = (sequence: number, revision: number): void =>
    bench.world.push({ cardPart: { conversationId: GROUP, sequence, part: { content: "x", revision } } });
  told(2, 9);
  told(3, 1);
  await bench.sync();
  deepEqual(shownBy(bench), ["mine (mine)", "-", "mine (mine)"]);
  await bench.client.stop();
});

test("a page that was asked for before a part does not undo it", async () => {
  const bench = createClientBench();
  bench.world.join(GROUP, 1);
  updateCard(bench.world, FIRST, "card");
  await bench.begin();
  bench.server.script = (frame) => {
    if (frame.name !== "getHistory") return "handle";
    const { requestId } = frame.payload;
    const page = bench.world.page(GROUP, frame.payload);
    giveCardPart(bench.world, FIRST, "for me");
    bench.server.push();
    bench.time.after(50, () => {
      bench.server.say("historyPage", { requestId, ...page, firstVisible: 1, lastSequence: 1 });
    });
    return "ignore";
  };
  await bench.time.run(bench.client.open(GROUP));
  deepEqual(shownBy(bench), ["for me (mine)"]);
  await bench.client.stop();
});

test("a page does not undo a part that waits for the same commit", async () => {
  const store = createMemoryStore();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = { ...store, commit: (changes: never) => held.then(() => store.commit(changes)) };
  const replica = new Replica(slow, () => undefined);
  await store.load();
  const { world } = createClientBench();
  world.post(GROUP, OTHER, "x");
  updateCard(world, FIRST, "card");
  const messages = world.visible(GROUP, 1, 1);
  const page = { requestId: 1, first: 1, last: 1, messages, firstVisible: 1, lastSequence: 1 };
  const history = new History(replica, { call: () => Promise.resolve(page) } as never);
  const first = replica.edit((draft) => draft.setPosition({ epoch: 1, pts: 1 }));
  await Promise.resolve();
  await Promise.resolve();
  const part = { content: "for me", revision: 1 };
  const events = replica.edit((draft) => draft.changeCardPart({ ...FIRST, part }));
  const fetched = history.fetch(GROUP, { limit: 3 });
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  release();
  await Promise.all([first, events, fetched]);
  deepEqual(shortOf(await store.readMessages(GROUP, { first: 1, last: 9 })), ["for me (mine)"]);
});

test("a part that was missed is found after a rebase, by the digest", async () => {
  const bench = await holding(2);
  giveCardPart(bench.world, FIRST, "for me");
  bench.world.events.pop();
  bench.world.epoch += 1;
  bench.server.cut();
  await bench.time.advance(1000);
  await bench.time.run(bench.client.settled(60_000));
  deepEqual(shownBy(bench), ["for me (mine)", "card 2"]);
  await bench.client.stop();
});

test("a pinned card is listed with my part as it is now", async () => {
  const bench = await holding(1);
  bench.world.pin(GROUP, 1);
  await bench.sync();
  await bench.time.run(bench.client.pins(GROUP));
  giveCardPart(bench.world, FIRST, "for me");
  await bench.sync();
  const pins = await bench.time.run(bench.client.pins(GROUP));
  deepEqual(shortOf(pins.map(({ message }) => message!)), ["for me (mine)"]);
  await bench.client.stop();
});

test("in a large group a part that comes before its card leaves a hole, which is fetched", async () => {
  const store = createMemoryStore();
  const replica = new Replica(store, () => undefined);
  await replica.load({ userId: SELF, deviceId: "device" });
  const { world } = createClientBench();
  const run = { epoch: 1, firstPts: 1 };
  const event = (fields: Partial<Event>): Event => filled(EventSchema, fields);
  const ahead = await replica.edit((draft) => {
    draft.setPosition({ epoch: 1, pts: 0 });
    draft.putEntry({ ...emptyEntry(GROUP), isShared: true, lastSequence: 0 });
    const part = { content: "for me", revision: 1 };
    const told = event({ cardPart: { conversationId: GROUP, sequence: 2, part } });
    applyRun(draft, { ...run, events: [told], topic: undefined }, SELF);
    return draft.entry(GROUP)?.reactedAhead;
  });
  await replica.edit((draft) => {
    const events = [1, 2, 3].map((sequence) =>
      event({ message: { ...world.post(GROUP, OTHER, "x"), sequence } }),
    );
    applyRun(draft, { ...run, events, topic: GROUP }, SELF);
  });
  deepEqual(
    [ahead, replica.entry(GROUP)!.reactedAhead, replica.state.spans.get(GROUP)],
    [
      [2],
      [],
      [
        { first: 1, last: 1 },
        { first: 3, last: 3 },
      ],
    ],
  );
});

test("an action on a card of mine is told once, when it is stored that it was", async () => {
  const bench = await holding(1);
  const told: CardActed[] = [];
  bench.client.on("cardAction", (acted) => told.push(acted));
  const actions = [1, 2].map((number) => actOnMine(bench.world, FIRST, number));
  await bench.sync();
  bench.server.rewind(2);
  await bench.sync();
  deepEqual(
    told,
    actions.map((action) => ({ ...FIRST, action })),
  );
  await bench.client.stop();
});

test("a card is sent as JSON with its revision, and not at all when it is too large", async () => {
  const bench = await holding(0);
  await bench.client.sendCard(GROUP, { type: "AdaptiveCard" }, { revision: 4 });
  await bench.client.sendCard(GROUP, "{}");
  await bench.sync();
  const large = { x: "é".repeat(CARD_BYTES_MAX / 2) };
  await rejects(bench.client.sendCard(GROUP, large), { code: "message-too-large" });
  await rejects(bench.client.send(GROUP, { card: { content: JSON.stringify(large), revision: 1 } }), {
    code: "message-too-large",
  });
  await rejects(bench.client.updateCard(GROUP, 1, { content: large, revision: 2 }), {
    code: "message-too-large",
  });
  deepEqual(
    bench.server.framesOf("send").map(({ body }) => body?.card),
    [
      { content: '{"type":"AdaptiveCard"}', revision: 4 },
      { content: "{}", revision: 1 },
    ],
  );
  await bench.client.stop();
});

test("updates of a part and actions on a card go out one after another, so many at most", async () => {
  const bench = await holding(2);
  const waiting: number[] = [];
  bench.server.script = (frame) => {
    if (frame.name !== "updateCard" && frame.name !== "actOnCard") return "handle";
    waiting.push(frame.payload.requestId);
    return "ignore";
  };
  const outcomes: string[] = [];
  const note = (call: Promise<void>): void =>
    void call.then(
      () => outcomes.push("done"),
      (error: unknown) => outcomes.push(failureCode(error) ?? ""),
    );
  for (let revision = 2; revision <= CARD_CALLS_WAITING_MAX + 2; revision++)
    note(bench.client.updateCard(GROUP, 1, { content: "{}", revision }));
  note(bench.client.updateCard(GROUP, 1, { content: "", revision: 1, userId: OTHER }));
  note(bench.client.actOnCard(GROUP, 2, { verb: "vote", data: { choice: 1 }, revision: 1, actionId: "a" }));
  note(bench.client.actOnCard(GROUP, 2, { verb: "undo", revision: 1 }));
  await bench.time.advance(10);
  const early = waiting.length;
  for (let index = 0; index < waiting.length; index++) {
    bench.server.say("done", { requestId: waiting[index]! });
    await bench.time.advance(1);
  }
  const updates = bench.server.framesOf("updateCard").filter(({ userId }) => (userId as string) === "");
  const [vote, undo] = bench.server.framesOf("actOnCard");
  deepEqual(
    [
      early,
      updates.map(({ revision }) => revision),
      outcomes.filter((code) => code !== "done"),
      [vote!.actionId, vote!.verb, vote!.data],
      [undo!.actionId.length, undo!.verb, undo!.data],
    ],
    [
      3,
      Array.from({ length: CARD_CALLS_WAITING_MAX }, (_, index) => index + 2),
      ["unavailable"],
      ["a", "vote", '{"choice":1}'],
      [26, "undo", "{}"],
    ],
  );
  await bench.client.stop();
});

test("who did what with a card is asked for page by page", async () => {
  const bench = await holding(1);
  bench.server.script = (frame) => {
    if (frame.name !== "getCardActions") return "handle";
    const { requestId, after } = frame.payload;
    bench.server.say("cardActions", { requestId, items: [], next: after === OTHER ? undefined : OTHER });
    return "ignore";
  };
  const first = await bench.time.run(bench.client.cardActions(GROUP, 1));
  const second = await bench.time.run(bench.client.cardActions(GROUP, 1, first.next));
  deepEqual(
    [first, second],
    [
      { items: [], next: OTHER },
      { items: [], next: "" },
    ],
  );
  await bench.client.stop();
});
