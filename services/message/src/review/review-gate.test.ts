/** The review of contents: what it lets pass, what it refuses, and that waiting for it changes no order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReviewedContent, Reviewer, ReviewVerdict } from "@parley/contracts";
import { Body, type ConversationId, decode, encode, textBody, type UserId } from "@parley/protocol";
import { MessageBench, outcomeOf, sending, TENANT } from "../testing/message-bench.js";
import { REVIEW_DEADLINE_MS, REVIEWS_AT_A_TIME_MAX } from "./review-gate.js";

/** Answers when the test says so, by what the text says: "bad …" is refused, "mild …" is said differently. */
class Script implements Reviewer {
  readonly seen: ReviewedContent[] = [];
  readonly #waiting = new Map<string, (verdict: ReviewVerdict) => void>();
  isLater = false;
  failure: Error | undefined;

  review(content: ReviewedContent): ReviewVerdict | Promise<ReviewVerdict> {
    this.seen.push(content);
    if (this.failure !== undefined) throw this.failure;
    const text = content.body.text?.text ?? "";
    if (!this.isLater) return verdictOn(text);
    return new Promise((resolve) => this.#waiting.set(text, resolve));
  }

  answer(text: string): void {
    this.#waiting.get(text)!(verdictOn(text));
  }
}

function verdictOn(text: string): ReviewVerdict {
  if (text.startsWith("bad")) return { kind: "refuse", reason: "bad" };
  if (text.startsWith("empty")) return { kind: "replace", body: textBody(" ") };
  return text.startsWith("mild") ? { kind: "replace", body: textBody("fine") } : { kind: "accept" };
}

async function begun(
  options: { readonly isFailOpen?: boolean } = {},
): Promise<{ readonly bench: MessageBench; readonly script: Script; readonly group: ConversationId }> {
  const script = new Script();
  const isFailOpen = options.isFailOpen === true;
  const bench = new MessageBench({ reviewer: script, isFailOpen: () => isFailOpen });
  const group = await bench.group("ann", "bob");
  script.seen.length = 0;
  return { bench, script, group };
}

async function said(bench: MessageBench, group: ConversationId): Promise<readonly (string | undefined)[]> {
  const messages = await bench.history(bench.session("bob"), group);
  return messages.filter(({ isCountable }) => isCountable).map(({ body }) => body?.text?.text);
}

test("what is refused is nowhere, what is replaced is what all see, and the numbers go on", async () => {
  const { bench, script, group } = await begun();
  const ann = bench.session("ann");
  const outcomes = [
    await bench.codeOf(bench.send(ann, group, 1, "good")),
    await bench.codeOf(bench.send(ann, group, 2, "bad")),
    await bench.run(bench.send(ann, group, 2, "mild")).then(({ isReplaced }) => isReplaced),
    await bench.codeOf(bench.send(ann, group, 3, "empty")),
  ];
  assert.deepEqual(outcomes, ["ok", "content-refused", true, "unavailable"]);
  assert.deepEqual(await said(bench, group), ["good", "fine"]);
  assert.deepEqual(
    script.seen.map(({ tenantId, senderId, conversationId }) => [tenantId, senderId, conversationId])[0],
    [TENANT, "ann", group],
  );
  const { accepted, refused, replaced, heldClosed } = bench.life.review!.counts();
  // The group's title and its first message were accepted.
  assert.deepEqual([accepted, refused, replaced, heldClosed], [2, 1, 1, 1]);
});

test("what is forwarded may be said differently, alone and merged, and stays by those who said it first", async () => {
  const instead = (body: Body): Body => {
    if (body.text !== undefined) return { ...body, text: { text: body.text.text.replace("mild", "fine") } };
    const items = body.merged?.items.map((item) => ({
      ...item,
      body: encode(Body, instead(decode(Body, item.body))),
    }));
    return items === undefined ? body : { ...body, merged: { title: "Others", items } };
  };
  const isReviewing = { is: false };
  const reviewer: Reviewer = {
    review: ({ body }) => {
      // Whom it was said by is not for the review to say.
      const by = { senderId: "cy" as UserId, timeMs: 1 };
      if (!isReviewing.is) return { kind: "accept" };
      return { kind: "replace", body: { ...instead(body), ...(body.forwarded && { forwarded: by }) } };
    },
  };
  const bench = new MessageBench({ reviewer });
  const group = await bench.group("ann", "bob");
  const [ann, bob] = [bench.session("ann"), bench.session("bob")];
  await bench.run(bench.send(bob, group, 1, "mild"));
  isReviewing.is = true;
  const forward = { conversationId: group, sequences: [2], title: "" };
  await bench.run(bench.sendAny(ann, group, 1, { forward: { ...forward, isMerged: false } }));
  await bench.run(bench.sendAny(ann, group, 2, { forward: { ...forward, isMerged: true } }));
  const [alone, merged] = (await bench.history(bob, group)).slice(-2).map(({ body }) => body!);
  const inner = merged!.merged!.items.map(({ senderId, body }) => [senderId, decode(Body, body).text?.text]);
  assert.deepEqual(
    [alone!.text?.text, alone!.forwarded?.senderId, merged!.merged?.title, inner],
    ["fine", "bob", "Others", [["bob", "fine"]]],
  );
});

test("a review puts no words into another's mouth", async () => {
  const reviewer: Reviewer = {
    review: ({ body }) => {
      const items = body.merged?.items.map((item) => ({ ...item, senderId: "cy" as UserId }));
      if (items === undefined) return { kind: "accept" };
      return { kind: "replace", body: { ...body, merged: { title: "", items } } };
    },
  };
  const bench = new MessageBench({ reviewer });
  const group = await bench.group("ann", "bob");
  const ann = bench.session("ann");
  await bench.run(bench.send(ann, group, 1, "said"));
  const forward = { conversationId: group, sequences: [2], title: "", isMerged: true };
  assert.equal(await bench.codeOf(bench.sendAny(ann, group, 2, { forward })), "unavailable");
});

test("a send that is repeated has its place, also when the review has changed its mind since", async () => {
  const { bench, script, group } = await begun();
  const ann = bench.session("ann");
  const first = await bench.run(bench.send(ann, group, 1, "good"));
  script.review = () => ({ kind: "refuse", reason: "new" });
  assert.deepEqual(await bench.run(bench.send(ann, group, 1, "good")), first);
  assert.equal(await bench.codeOf(bench.send(ann, group, 2, "good")), "content-refused");
});

test("sends keep their order while one of them waits for its review", async () => {
  const { bench, script, group } = await begun();
  const ann = bench.session("ann");
  script.isLater = true;
  const all = ["one", "two", "bad", "three"].map((text, index) =>
    outcomeOf(bench.message.send(ann, sending(group, index === 3 ? 3 : index + 1, text))),
  );
  script.answer("three");
  script.answer("bad");
  script.answer("two");
  await bench.time.settle();
  assert.deepEqual(await said(bench, group), []);
  // Another device does not wait.
  const other = outcomeOf(bench.message.send(bench.session("bob"), sending(group, 1, "hello")));
  script.answer("hello");
  assert.equal(await bench.run(other), "ok");
  script.answer("one");
  assert.deepEqual(await bench.run(Promise.all(all)), ["ok", "ok", "content-refused", "ok"]);
  assert.deepEqual(await said(bench, group), ["hello", "one", "two", "three"]);
});

for (const isFailOpen of [true, false]) {
  test(`a reviewer that is late, or fails, is ${isFailOpen ? "passed" : "waited for another time"}`, async () => {
    const { bench, script, group } = await begun({ isFailOpen });
    const ann = bench.session("ann");
    const expected = isFailOpen ? "ok" : "unavailable";
    script.failure = new Error("broken");
    assert.equal(await bench.codeOf(bench.send(ann, group, 1, "one")), expected);
    script.failure = undefined;
    script.isLater = true;
    const number = isFailOpen ? 2 : 1;
    const late = outcomeOf(bench.message.send(ann, sending(group, number, "two")));
    await bench.time.advance(REVIEW_DEADLINE_MS - 1);
    assert.deepEqual(await said(bench, group), isFailOpen ? ["one"] : []);
    await bench.time.advance(1);
    assert.equal(await bench.run(late), expected);
    script.answer("two");
    await bench.time.settle();
    assert.deepEqual(await said(bench, group), isFailOpen ? ["one", "two"] : []);
  });
}

test(`beyond ${REVIEWS_AT_A_TIME_MAX} reviews at a time there is no answer`, async () => {
  const { bench, script, group } = await begun();
  script.isLater = true;
  const waiting = Array.from({ length: REVIEWS_AT_A_TIME_MAX }, (_, index) => {
    const ann = bench.session("ann", { device: `d${index}` });
    return outcomeOf(bench.message.send(ann, sending(group, 1, `n${index}`)));
  });
  assert.equal(await bench.codeOf(bench.send(bench.session("bob"), group, 1, "more")), "unavailable");
  await bench.time.advance(REVIEW_DEADLINE_MS);
  assert.deepEqual(new Set(await bench.run(Promise.all(waiting))), new Set(["unavailable"]));
  assert.equal(bench.life.review!.counts().waiting, 0);
});

test("edits, titles, notices and nicknames are reviewed too", async () => {
  const { bench, group } = await begun();
  const ann = bench.session("ann");
  const { sequence } = await bench.run(bench.send(ann, group, 1, "good"));
  const { groups } = bench.message;
  const edit = (text: string): Promise<string> =>
    bench.codeOf(bench.message.edit(ann, { conversationId: group, sequence, body: textBody(text) }));
  const settings = (title: string): Promise<string> =>
    bench.codeOf(
      groups.update(ann, {
        conversationId: group,
        names: ["title"],
        settings: { ...NO_SETTINGS, title },
        scenario: "",
      }),
    );
  const nickname = (text: string): Promise<string> =>
    bench.codeOf(
      groups.updateMember(ann, {
        conversationId: group,
        names: ["nickname"],
        member: { ...ME, nickname: text },
      }),
    );
  assert.deepEqual(
    [
      await edit("bad"),
      await edit("mild"),
      await settings("bad"),
      await settings("ours"),
      await nickname("bad"),
    ],
    ["content-refused", "ok", "content-refused", "ok", "content-refused"],
  );
  assert.deepEqual(await said(bench, group), ["fine"]);
});

const NO_SETTINGS = {
  title: "",
  notice: "",
  joinPolicy: "",
  isHistoryOpen: false,
  mutedUntilMs: 0,
  postBy: "",
  mentionBy: "",
  pinBy: "",
  addBy: "",
  editBy: "",
};
const ME = {
  userId: "ann" as never,
  role: "",
  nickname: "",
  mutedUntilMs: 0,
  fields: [],
  scenarioRole: "",
};
