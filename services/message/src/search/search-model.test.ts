/**
 * Goal: search shows exactly what a full scan of what the user sees would show, whatever happened before.
 * Method: random histories (sends, edits, recalls, deletions for me, trims, joins, restarts, crashes) through the machine; each search
 * is compared with the pages of history, which have tests of their own, and a matcher that knows nothing of terms.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Body,
  type ConversationId,
  type Init,
  type Message,
  type UserId,
  locationBody,
  textBody,
} from "@parley/protocol";
import fc from "fast-check";
import { MessageBench, TENANT } from "../testing/message-bench.js";

const WORDS = [
  "apple",
  "applet",
  "Grape",
  "项目",
  "新项目进度",
  "进度",
  "42",
  "x7-42",
  "ok",
  "https://a.b",
] as const;
const QUERIES = [
  "app",
  "apple",
  "grape",
  "项目",
  "进",
  "42",
  "x7",
  "ok 项目",
  '"apple"',
  "missing",
  "项进",
  "",
];
const KINDS = ["", "link", "location"] as const;
const USERS = ["ann", "bob", "eve"] as const;

interface Step {
  readonly kind:
    | "send"
    | "direct"
    | "edit"
    | "recall"
    | "hide"
    | "trim"
    | "join"
    | "restart"
    | "crash"
    | "search";
  readonly place: number;
  readonly word: number;
  readonly user: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    "send",
    "direct",
    "direct",
    "edit",
    "edit",
    "recall",
    "hide",
    "trim",
    "join",
    "restart",
    "crash",
    "search",
    "search",
    "search",
  ),
  place: fc.nat(10_000),
  word: fc.nat(10_000),
  user: fc.nat(USERS.length - 1),
});

/** Whether a text is found, said in another way than the search says it. */
function isFound(query: string, text: string): boolean {
  const isPhrase = query.startsWith('"');
  return query.split(" ").every((part) => {
    const word = part.replaceAll('"', "");
    if (/\p{Script=Han}/u.test(word)) return text.includes(word);
    return new RegExp(String.raw`(?<![a-z0-9])${word}${isPhrase ? "(?![a-z0-9])" : ""}`, "iu").test(text);
  });
}

function wordsOf(body: Body | undefined): string {
  return body?.text?.text ?? body?.location?.name ?? "";
}

function isOfKind(kind: string, body: Body | undefined): boolean {
  if (kind === "location") return body?.location !== undefined;
  return kind === "" || wordsOf(body).includes("https://");
}

class History {
  readonly bench = new MessageBench({
    editMinutes: 0,
    recallMinutes: 0,
    searchBudget: { workMax: 500, filtersMax: 2 },
  });
  group: ConversationId = "" as ConversationId;
  directed = 0;
  /** Words that edits have brought. */
  readonly rare: string[] = [];
  #number = 0;
  #last = 0;

  async begin(count: number, seed: number): Promise<void> {
    const { bench } = this;
    this.group = await bench.run(
      bench.message.createGroup(bench.session("bob"), {
        name: "team",
        title: "Team",
        userIds: ["ann", "bob"] as UserId[],
        isHistoryOpen: false,
      }),
    );
    this.#last = 1;
    for (let index = 0; index < count; index++) await this.send(index * 7 + seed);
  }

  async send(word: number): Promise<void> {
    const text = `${WORDS[word % WORDS.length]} ${WORDS[(word >> 3) % WORDS.length]}`;
    await this.bench.run(this.bench.send(this.bench.session("bob"), this.group, ++this.#number, text));
    this.#last += 1;
  }

  /** A message for one of the members, in any kind that has words. */
  async direct(word: number, audience: readonly UserId[]): Promise<void> {
    const text = WORDS[word % WORDS.length]!;
    const body =
      word % 2 === 0 ? textBody(text) : { location: locationBody({ latitude: 1, longitude: 2, name: text }) };
    const what = { body: body as Init<Body>, audience };
    const sending = this.bench.sendAny(this.bench.session("bob"), this.group, this.#number + 1, what);
    // Who is no member cannot be among those who see it.
    if ((await this.bench.codeOf(sending)) !== "ok") return;
    this.directed += 1;
    this.#number += 1;
    this.#last += 1;
  }

  async take({ kind, place, word, user }: Step): Promise<void> {
    const { bench, group: conversationId } = this;
    const sequence = 1 + (place % this.#last);
    const bob = bench.session("bob");
    if (kind === "send") await this.send(word);
    else if (kind === "direct") await this.direct(word, [USERS[user]!] as UserId[]);
    else if (kind === "edit") {
      // A word that no filter knows yet.
      this.rare.push(`rare${word}`);
      const body = textBody(`rare${word} ${WORDS[word % WORDS.length]!}`);
      await bench.codeOf(bench.message.edit(bob, { conversationId, sequence, body }));
    } else if (kind === "recall") await bench.codeOf(bench.message.recall(bob, { conversationId, sequence }));
    else if (kind === "hide") bench.hidden = [...bench.hidden, sequence].toSorted((a, b) => a - b);
    else if (kind === "trim")
      await bench.run(bench.life.keeping.trim({ tenantId: TENANT, conversationId }, 1 + (place % 300)));
    else if (kind === "join") {
      const change = { conversationId, userIds: ["eve" as UserId], isRemoval: word % 3 === 0 };
      if ((await bench.codeOf(bench.message.changeMembers(bob, change))) === "ok") this.#last += 1;
    } else if (kind === "restart") await bench.restart();
    else {
      const text = QUERIES[word % QUERIES.length]!;
      const ofKind = KINDS[place % KINDS.length]!;
      await this.check(USERS[user]!, { text, kind: text === "" && ofKind === "" ? "link" : ofKind });
    }
  }

  /** One search, all pages of it, and the same by hand. */
  async check(user: string, { text, kind = "" }: { text: string; kind?: string }): Promise<void> {
    const { bench, group: conversationId } = this;
    const session = bench.session(user);
    const found: Message[] = [];
    let cursor = "";
    do {
      const request = {
        text,
        conversationId,
        senderId: undefined,
        kind,
        fromMs: 0,
        untilMs: 0,
        cursor,
        limit: 20,
      };
      const page = await bench.run(bench.message.search(session, request)).catch(() => undefined);
      if (page === undefined) {
        assert.equal(
          await bench.codeOf(bench.message.digest(session, { conversationId, first: 1, last: 1 })),
          "not-a-member",
        );
        return;
      }
      found.push(...page.hits.map(({ message }) => message));
      cursor = page.next;
    } while (cursor !== "");
    const seen: Message[] = [];
    let before = 0;
    for (;;) {
      const request = { conversationId, before, after: 0, atMs: 0, limit: 200, isForward: false };
      const page = await bench.run(bench.message.history(session, request));
      seen.unshift(...page.messages.filter(({ sequence }) => !bench.hidden.includes(sequence)));
      if (page.first > page.last || page.first <= page.firstVisible) break;
      before = page.first;
    }
    const expected = seen.filter(({ body }) => isOfKind(kind, body) && isFound(text, wordsOf(body)));
    assert.deepEqual(found, expected.toReversed());
  }
}

test("a search finds what a scan of all that the user sees would find, in the same order", async () => {
  let directed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 240, max: 540 }),
      fc.nat(1000),
      fc.array(step, { minLength: 10, maxLength: 40 }),
      async (count, seed, steps) => {
        const history = new History();
        await history.begin(count, seed);
        for (const each of steps) await history.take(each);
        for (const user of USERS) for (const text of ["apple", "项目"]) await history.check(user, { text });
        for (const user of USERS)
          for (const kind of ["link", "location"]) await history.check(user, { text: "", kind });
        for (const text of history.rare) await history.check("ann", { text });
        directed += history.directed;
      },
    ),
    { numRuns: 15 },
  );
  assert.ok(directed > 10, `only ${directed} messages were directed`);
});
