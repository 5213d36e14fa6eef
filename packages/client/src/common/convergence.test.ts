/**
 * Goal: whatever the network does, the client ends with what the server would give a new device.
 * Method: random sequences of what happens in the world (messages, mine and others', edits, recalls, reactions, cards, pins, hiding, reading, imports, trims)
 * and on the wire (pushes, repeats, gaps, cuts, lost answers, refusals, restarts) with a seed that fast-check prints;
 * then calm, and the client's list, messages and sent texts are compared with the world's.
 */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ConversationId, Message } from "@parley/protocol";
import { type ClientBench, createClientBench, GROUP, GROUP_2, OTHER, SELF } from "../testing/client-bench.js";
import { giveCardPart, spreadCards, updateCard } from "../testing/scripted-cards.js";
import type { ParleyClient } from "./api.js";

/** More than the longest conversation that the sequences below can make. */
const PAGES_MAX = 200;

const ACTIONS = [
  "post",
  "post",
  "send",
  "send",
  "hide",
  "read",
  "grow",
  "trim",
  "edit",
  "edit",
  "recall",
  "react",
  "react",
  "spread",
  "card",
  "card-part",
  "pin",
  "pins",
  "push",
  "push",
  "repeat",
  "gap",
  "cut",
  "new-epoch",
  "lose-answer",
  "lose-request",
  "refuse-for-now",
  "wait",
  "restart",
  "open",
] as const;

test("any sequence of events and faults ends in the state fetched fresh", async () => {
  const action = fc.record({
    kind: fc.constantFrom(...ACTIONS),
    conversationId: fc.constantFrom(GROUP, GROUP_2),
    amount: fc.integer({ min: 1, max: 30 }),
  });
  const sequences = fc.array(action, { minLength: 5, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(sequences, fc.integer({ min: 0, max: 2 ** 31 }), async (actions, seed) => {
      const bench = createClientBench(seed);
      bench.world.join(GROUP_2, 10);
      let client = bench.client;
      await bench.begin();
      const sent = new Map<ConversationId, string[]>([
        [GROUP, []],
        [GROUP_2, []],
      ]);
      let count = 0;
      for (const { kind, conversationId, amount } of actions) {
        count += 1;
        const { world, server, time } = bench;
        const length = world.messages.get(conversationId)?.length ?? 0;
        if (kind === "post") for (let n = 0; n < amount; n++) world.post(conversationId, OTHER, `o${count}`);
        else if (kind === "send") {
          for (let n = 0; n < amount; n++) {
            await client.sendText(conversationId, `s${count}-${n}`);
            sent.get(conversationId)?.push(`s${count}-${n}`);
          }
        } else if (kind === "hide" && length > 0)
          world.hide(conversationId, [Math.max(1, length - amount), length]);
        else if (kind === "read" && length > 0) world.read(conversationId, Math.max(1, length - amount));
        else if (kind === "grow") world.grow(conversationId, amount * 10);
        else if (kind === "trim") world.trim(conversationId, length - amount);
        else if (kind === "edit")
          for (const back of [0, amount]) world.change(conversationId, length - back, `e${count}`);
        else if (kind === "recall") world.change(conversationId, length - amount);
        else if (kind === "react") {
          const userId = amount % 3 === 0 ? SELF : OTHER;
          const reaction = { userId, key: "ab"[amount % 2]!, isMerged: amount % 5 > 0 };
          world.react(conversationId, length - (amount % 7), reaction);
        } else if (kind === "card" || kind === "card-part") {
          const at = { conversationId, sequence: length - (amount % 5) };
          if (kind === "card") updateCard(world, at, `c${count}`, amount % 3 > 0);
          else giveCardPart(world, at, amount % 4 > 0 ? `p${count}` : "");
        } else if (kind === "spread") {
          world.spread(conversationId);
          spreadCards(world, conversationId);
        } else if (kind === "pin")
          world.pin(conversationId, Math.max(1, length - (amount % 7)), amount % 3 > 0);
        else if (kind === "pins") client.pins(conversationId).catch(() => undefined);
        else if (kind === "push") server.push();
        else if (kind === "repeat") server.rewind(amount);
        else if (kind === "gap") server.rewind(-amount);
        else if (kind === "cut") server.cut();
        else if (kind === "new-epoch") {
          world.epoch += 1;
          server.cut();
        } else if (kind === "wait") await time.advance(amount * 20);
        else if (kind === "open") client.open(conversationId).catch(() => undefined);
        else if (kind === "restart") {
          await time.run(client.stop());
          client = bench.restart();
          await client.start();
        } else {
          let left = amount;
          server.script = (frame) => {
            if (frame.name !== "send" || left-- <= 0) return "handle";
            if (kind === "lose-answer") return "handle-silently";
            return kind === "lose-request" ? "ignore" : { code: "unavailable", retry: "same" };
          };
        }
        await time.advance(count % 3);
      }
      bench.server.script = () => "handle";
      for (const conversationId of [GROUP, GROUP_2]) {
        bench.world.spread(conversationId);
        spreadCards(bench.world, conversationId);
      }
      // Whatever a gap skipped is pushed again by the next connection, as it would be by the next event.
      bench.server.cut();
      await bench.time.advance(1);
      await bench.time.run(client.settled(300_000), 300_000);
      for (const conversationId of [GROUP, GROUP_2]) {
        const shown = await shownBy(bench, client, conversationId);
        const { world } = bench;
        deepEqual(shown, world.visible(conversationId, 1, Infinity));
        deepEqual(await bench.time.run(client.pins(conversationId)), world.pinList(conversationId));
        const gone = { first: 1, last: world.firstVisible(conversationId) - 1 };
        deepEqual(await bench.store.readMessages(conversationId, gone), []);
        const mine = (world.messages.get(conversationId) ?? []).filter(
          (message) => message.senderId === SELF,
        );
        deepEqual(mine.length, sent.get(conversationId)?.length);
        for (const [index, message] of mine.entries()) {
          if (message.revision === 0) deepEqual(message.body?.text?.text, sent.get(conversationId)?.[index]);
        }
      }
      deepEqual(new Set(client.conversations()), new Set(bench.world.entries.values()));
      await client.stop();
    }),
    { numRuns: 150 },
  );
});

/** All that a client shows of a conversation, from its beginning. */
async function shownBy(
  bench: ClientBench,
  client: ParleyClient,
  conversationId: ConversationId,
): Promise<readonly Message[]> {
  let timeline = await bench.time.run(client.open(conversationId));
  for (let pages = 0; pages < PAGES_MAX && !timeline.isAtBeginning; pages++) {
    timeline = await bench.time.run(client.loadOlder(conversationId, 200));
  }
  return timeline.messages;
}
