/**
 * Every way of reading, compared with a naive model. Goal: whatever happened in a group, each user sees of it exactly what it may see
 * now, by pages, digests, sequences, authors, former texts and mentions. Method: random histories of sends (some directed, some with
 * mentions), edits, recalls, hidings, trims, joins and leaves; the model has a full copy of every message for every user.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "@parley/contracts";
import { type ConversationId, type Message, type UserId, digestOf, filled, Body } from "@parley/protocol";
import fc from "fast-check";
import { MessageBench } from "./testing/message-bench.js";

const NAMES = ["ann", "bob", "cy", "eve"] as const;
type Name = (typeof NAMES)[number];

/** The full-copy model: what every user has of every message, and who is in the group since when. */
class Copies {
  /** By user, by sequence. */
  readonly #copies = new Map<string, Map<number, Message>>(NAMES.map((name) => [name, new Map()]));
  readonly members = new Set<string>();
  readonly #hidden = new Map<string, Set<number>>(NAMES.map((name) => [name, new Set()]));
  readonly #firstVisible = new Map<string, number>();
  #firstKept = 1;

  constructor(members: readonly Name[]) {
    for (const name of members) this.members.add(name);
  }

  /** Each member who may see it gets a copy; who joins an open group later gets those of before, from `all`. */
  put(message: Message): void {
    for (const [name, copies] of this.#copies)
      if (maySee(message, name)) copies.set(message.sequence, message);
  }

  hide(name: Name, sequence: number): readonly number[] {
    const hidden = this.#hidden.get(name)!.add(sequence);
    return [...hidden].toSorted((one, other) => one - other);
  }

  /** Who joins without a look back has no copies of before. */
  join(name: Name, firstVisible: number): void {
    this.members.add(name);
    this.#firstVisible.set(name, firstVisible);
  }

  trim(before: number): void {
    this.#firstKept = Math.max(this.#firstKept, before);
  }

  visible(name: Name): readonly Message[] {
    const hidden = this.#hidden.get(name)!;
    const first = Math.max(this.#firstKept, this.#firstVisible.get(name) ?? 1);
    return [...this.#copies.get(name)!.values()]
      .filter(({ sequence }) => sequence >= first && !hidden.has(sequence))
      .toSorted((one, other) => one.sequence - other.sequence);
  }
}

function maySee({ senderId, audience }: Message, name: string): boolean {
  return audience.length === 0 || [senderId, ...audience].includes(name as UserId);
}

/** One thing that somebody does; which message it is about is a part of all there are. */
const step = fc.record({
  actor: fc.constantFrom(...NAMES),
  other: fc.constantFrom(...NAMES),
  kind: fc.constantFrom(
    "send",
    "send",
    "direct",
    "direct",
    "mention",
    "edit",
    "recall",
    "hide",
    "trim",
    "leave",
    "join",
  ),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly bench = new MessageBench({ editMinutes: 0, recallMinutes: 0 });
  readonly copies = new Copies(["ann", "bob", "cy"]);
  readonly isOpen: boolean;
  group = "" as ConversationId;
  readonly #numbers = new Map<string, number>();
  /** As the machine made them, read by one who sees all: the rows themselves. */
  #count = 1;

  constructor(isOpen: boolean) {
    this.isOpen = isOpen;
  }

  async start(): Promise<void> {
    await this.bench.index();
    const group = { name: "g", title: "G", userIds: ["bob", "cy"] as UserId[], isHistoryOpen: this.isOpen };
    this.group = await this.bench.run(this.bench.message.createGroup(this.session("ann"), group));
  }

  session(name: Name): Session {
    return this.bench.session(name);
  }

  async take({ actor, other, kind, part }: Step): Promise<void> {
    const { bench, group, copies } = this;
    const session = this.session(actor);
    const sequence = 1 + Math.floor(part * (this.#count - 1));
    const at = { conversationId: group, sequence };
    const body = filled(Body, { text: { text: `${kind} ${this.#count}` } });
    if (kind === "edit")
      await bench.codeOf(bench.message.edit(session, { ...at, body: mentioning(body, other) }));
    else if (kind === "recall") await bench.codeOf(bench.message.recall(session, at));
    else if (kind === "hide") bench.hiddenOf.set(actor, copies.hide(actor, sequence));
    else if (kind === "trim") {
      if (part < 0.8) return;
      const before = Math.min(Math.ceil(this.#count / 3), this.#count);
      await bench.run(bench.life.keeping.trim({ tenantId: session.tenantId, conversationId: group }, before));
      copies.trim(before);
    } else if (kind === "join" || kind === "leave") {
      const change = { conversationId: group, userIds: [other as UserId], isRemoval: kind === "leave" };
      if (other === "ann") return;
      if ((await bench.codeOf(bench.message.changeMembers(this.session("ann"), change))) !== "ok") return;
      if (kind === "join" && !copies.members.has(other))
        copies.join(other, this.isOpen ? 1 : this.#count + 1);
      else if (kind === "leave") copies.members.delete(other);
    } else await this.#send(actor, other, kind, body);
    await this.#copyAll();
  }

  async #send(actor: Name, other: Name, kind: string, body: Body): Promise<void> {
    const number = (this.#numbers.get(actor) ?? 0) + 1;
    const audience = kind === "direct" ? [other as UserId] : [];
    const what = { body: kind === "send" ? body : mentioning(body, other), audience };
    const code = await this.bench.codeOf(this.bench.sendAny(this.session(actor), this.group, number, what));
    if (code === "ok") this.#numbers.set(actor, number);
  }

  /** Gives every user its copy of every message as it is now, from what is stored. */
  async #copyAll(): Promise<void> {
    const messages = await this.bench.stored(this.group);
    this.#count = Math.max(this.#count, ...messages.map(({ sequence }) => sequence));
    for (const message of messages) this.copies.put(message);
  }

  /** All that this user can read, by every way. */
  async readings(name: Name): Promise<unknown> {
    const { bench, group } = this;
    const session = this.session(name);
    const code = await bench.codeOf(bench.message.history(session, pageOf(group)));
    if (code !== "ok") return code;
    const page = await bench.run(bench.message.history(session, pageOf(group)));
    const sequences = Array.from({ length: this.#count + 2 }, (_, index) => index + 1);
    const at = { conversationId: group, sequences: sequences.slice(-100) };
    const byAuthor = await Promise.all(
      NAMES.map((senderId) =>
        bench.run(
          bench.message.messagesBySender(session, {
            conversationId: group,
            senderId: senderId as UserId,
            before: 0,
            limit: 200,
          }),
        ),
      ),
    );
    const mentions = await bench.run(
      bench.message.mentions(session, { cursor: "", limit: 50, conversationId: group }),
    );
    const edited: number[] = [];
    for (const sequence of sequences) {
      const answer = await bench.codeOf(
        bench.message.edits(session, { conversationId: group, sequence, from: 0 }),
      );
      if (answer !== "message-unknown") edited.push(sequence);
    }
    return {
      page: page.messages,
      digest: await bench.run(
        bench.message.digest(session, { conversationId: group, first: 1, last: this.#count }),
      ),
      at: (await bench.run(bench.message.messages(session, at))).messages,
      byAuthor: byAuthor.map(({ messages }) => sequencesOf(messages)),
      mentions: sequencesOf(mentions.messages),
      edited,
    };
  }

  expected(name: Name): unknown {
    if (!this.copies.members.has(name)) return "not-a-member";
    const messages = this.copies.visible(name);
    const newestFirst = messages.toReversed();
    const isMention = ({ body, senderId }: Message): boolean =>
      senderId !== name && body?.mentions?.userIds.includes(name as UserId) === true;
    return {
      page: messages,
      digest: { digest: digestOf(messages), count: messages.length },
      at: messages.filter(({ sequence }) => sequence > this.#count + 2 - 100),
      byAuthor: NAMES.map((sender) =>
        sequencesOf(
          newestFirst.filter(({ senderId, body }) => senderId === sender && body?.notice === undefined),
        ),
      ),
      mentions: sequencesOf(newestFirst.filter(isMention)),
      edited: sequencesOf(messages),
    };
  }
}

function mentioning(body: Body, name: Name): Body {
  return { ...body, mentions: { userIds: [name as UserId], isAll: false } };
}

function sequencesOf(messages: readonly Message[]): number[] {
  return messages.map(({ sequence }) => sequence);
}

function pageOf(conversationId: ConversationId): Parameters<MessageBench["message"]["history"]>[1] {
  return { conversationId, before: 0, after: 0, atMs: 0, limit: 200, isForward: false };
}

test("each user reads exactly the copies that a full-copy model would have written for it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.boolean(),
      async (steps, isOpen) => {
        const run = new Run(isOpen);
        await run.start();
        for (const each of steps) await run.take(each);
        for (const name of NAMES) assert.deepEqual(await run.readings(name), run.expected(name), name);
      },
    ),
    { numRuns: 25 },
  );
});
