/** What every ClientStore does; run by the tests of each. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  Body,
  type ClientMessageId,
  type ConversationId,
  emptyEntry,
  filled,
  type Message,
  type MessageId,
  type Reactions,
  type UserId,
  textBody,
  AS_SENT,
} from "@parley/protocol";
import type { Change, ClientStore, OutboxItem } from "../common/index.js";
import { isLeadLost } from "../common/store.js";

const ONE = "g:one" as ConversationId;
const TWO = "g:two" as ConversationId;

/** A store under test; `create` twice with the same name is the same store. */
export interface StoreFactory {
  readonly create: (name: string) => ClientStore;
}

/** Adds the tests. `what` names the store in their titles. */
export function testClientStore(what: string, factory: StoreFactory): void {
  let count = 0;
  const add = (title: string, run: (open: () => ClientStore) => Promise<void>): void => {
    count += 1;
    const name = `${what.replaceAll(" ", "-")}-${count}`;
    const opened: ClientStore[] = [];
    void test(`${what}: ${title}`, async () => {
      await run(() => {
        const store = factory.create(name);
        opened.push(store);
        return store;
      });
      for (const store of opened) await store.close();
    });
  };
  stateTests(add);
  messageTests(add);
}

type Add = (title: string, run: (open: () => ClientStore) => Promise<void>) => void;

function stateTests(add: Add): void {
  add("a new store is empty", async (open) => {
    deepEqual(await open().load(), emptyState());
  });

  add("what was committed is there after opening it again", async (open) => {
    const store = open();
    await store.load();
    await store.commit(oneOfEach());
    await store.close();
    const again = open();
    deepEqual(
      [await again.load(), await again.readMessages(ONE, { first: 1, last: 9 })],
      [
        {
          owner: { userId: "self", deviceId: "device" },
          position: { epoch: 3, pts: 14 },
          entries: [emptyEntry(ONE)],
          outbox: [outboxItem("a", 1)],
          nextNumbers: new Map([[ONE, 2]]),
          spans: new Map([[ONE, [{ first: 1, last: 2 }]]]),
          leader: 3,
          given: ["x", "y"],
          looked: new Map([[ONE, 7]]),
        },
        [message(ONE, 1), message(ONE, 2)],
      ],
    );
  });

  add("changes take effect in their order", async (open) => {
    const store = open();
    await store.load();
    await store.commit([
      { kind: "put-outbox", item: outboxItem("a", 1) },
      { kind: "delete-outbox", conversationId: ONE, clientMessageId: "a" as ClientMessageId },
      { kind: "put-outbox", item: outboxItem("b", 2) },
      { kind: "put-outbox", item: { ...outboxItem("b", 2), failureCode: "not-a-member" } },
      { kind: "put-entry", entry: emptyEntry(ONE) },
      { kind: "delete-entry", conversationId: ONE },
    ]);
    deepEqual(await store.load(), {
      ...emptyState(),
      outbox: [{ ...outboxItem("b", 2), failureCode: "not-a-member" }],
    });
  });

  add("commits that were not awaited take effect in their order", async (open) => {
    const store = open();
    await store.load();
    const commits = [5, 6, 7].map((pts) => store.commit([{ kind: "position", position: { epoch: 1, pts } }]));
    await Promise.all(commits);
    deepEqual((await store.load()).position, { epoch: 1, pts: 7 });
  });

  add("a commit under a lead that is not the stored one changes nothing", async (open) => {
    const store = open();
    await store.load();
    await store.commit([{ kind: "leader", leader: 1 }], 0);
    await store.commit([{ kind: "position", position: { epoch: 1, pts: 1 } }], 1);
    await store.commit([{ kind: "leader", leader: 2 }], 1);
    const late = store.commit([{ kind: "position", position: { epoch: 1, pts: 9 } }], 1);
    const code = await late.then(
      () => "committed",
      (error: unknown) => (isLeadLost(error) ? "lost" : String(error)),
    );
    const { leader, position } = await store.load();
    deepEqual([code, leader, position], ["lost", 2, { epoch: 1, pts: 1 }]);
  });

  add("a reading that takes the lead gives the next number, and ends the lead before it", async (open) => {
    const store = open();
    const first = await store.load(true);
    await store.commit([{ kind: "position", position: { epoch: 1, pts: 1 } }], first.leader);
    const second = await store.load(true);
    const late = store.commit([{ kind: "position", position: { epoch: 1, pts: 9 } }], first.leader);
    const code = await late.then(
      () => "committed",
      (error: unknown) => (isLeadLost(error) ? "lost" : String(error)),
    );
    await store.close();
    const { leader, position } = await open().load();
    deepEqual(
      [first.leader, second.leader, second.position, code, leader, position],
      [1, 2, { epoch: 1, pts: 1 }, "lost", 2, { epoch: 1, pts: 1 }],
    );
  });

  add("a store that was destroyed is a new one", async (open) => {
    const store = open();
    await store.load();
    await store.commit(oneOfEach());
    await store.destroy();
    deepEqual([await store.load(), await store.readMessages(ONE, { first: 1, last: 9 })], [emptyState(), []]);
  });

  add("the outbox comes in the order of its queue", async (open) => {
    const store = open();
    await store.load();
    await store.commit(
      [
        ["c", 1],
        ["a", 3],
        ["b", 2],
      ].map(([id, order]) => ({ kind: "put-outbox", item: outboxItem(String(id), Number(order)) })),
    );
    deepEqual(
      (await store.load()).outbox.map((item) => item.clientMessageId),
      ["c", "b", "a"],
    );
  });

  add("clearing leaves nothing", async (open) => {
    const store = open();
    await store.load();
    await store.commit(oneOfEach());
    await store.commit([{ kind: "clear" }]);
    deepEqual([await store.load(), await store.readMessages(ONE, { first: 1, last: 9 })], [emptyState(), []]);
  });
}

function messageTests(add: Add): void {
  add("messages keep their bytes", async (open) => {
    const store = open();
    await store.load();
    const custom = { type: "poll", payload: Uint8Array.of(0, 1, 255), fallbackText: "A poll" };
    const body = filled(Body, { custom });
    await store.commit([{ kind: "put-messages", messages: [{ ...message(ONE, 1), body }] }]);
    await store.close();
    const again = open();
    await again.load();
    const [kept] = await again.readMessages(ONE, { first: 1, last: 1 });
    deepEqual(kept?.body, body);
  });

  add("a range holds its ends, ascending, and no other conversation", async (open) => {
    const store = open();
    await store.load();
    const messages = [10, 2, 9, 1, 3].map((sequence) => message(ONE, sequence));
    await store.commit([{ kind: "put-messages", messages: [...messages, message(TWO, 2)] }]);
    const found = await store.readMessages(ONE, { first: 2, last: 9 });
    deepEqual(
      found.map((one) => `${one.conversationId} ${one.sequence}`),
      ["g:one 2", "g:one 3", "g:one 9"],
    );
  });

  add("the newest of a range come ascending", async (open) => {
    const store = open();
    await store.load();
    const messages = [1, 2, 3, 4, 5].map((sequence) => message(ONE, sequence));
    await store.commit([{ kind: "put-messages", messages }]);
    const found = await store.readMessages(ONE, { first: 1, last: 4, newest: 2 });
    deepEqual(
      found.map((one) => one.sequence),
      [3, 4],
    );
  });

  add("an empty range has nothing", async (open) => {
    const store = open();
    await store.load();
    await store.commit([{ kind: "put-messages", messages: [message(ONE, 1)] }]);
    deepEqual(await store.readMessages(ONE, { first: 2, last: 1 }), []);
  });

  add("deleting a span leaves what is around it", async (open) => {
    const store = open();
    await store.load();
    const messages = [1, 2, 3, 4].map((sequence) => message(ONE, sequence));
    await store.commit([{ kind: "put-messages", messages }]);
    await store.commit([{ kind: "delete-messages", conversationId: ONE, first: 2, last: 3 }]);
    const found = await store.readMessages(ONE, { first: 1, last: 9 });
    deepEqual(
      found.map((one) => one.sequence),
      [1, 4],
    );
  });

  add(
    "of one message the higher revision stays, also within a commit, and after opening it again",
    async (open) => {
      const store = open();
      await store.load();
      const at = (sequence: number, revision: number): Message => ({ ...message(ONE, sequence), revision });
      await store.commit([{ kind: "put-messages", messages: [at(1, 2), at(2, 0), at(3, 1), at(3, 0)] }]);
      await store.commit([{ kind: "put-messages", messages: [at(1, 1), at(2, 1)] }]);
      await store.close();
      deepEqual(await revisionsIn(open()), [
        [1, 2],
        [2, 1],
        [3, 1],
      ]);
    },
  );

  add("another message in its place replaces one of a higher revision", async (open) => {
    const store = open();
    await store.load();
    await store.commit([{ kind: "put-messages", messages: [{ ...message(ONE, 1), revision: 3 }] }]);
    const other = { ...message(ONE, 1), messageId: "9".repeat(26) as MessageId };
    await store.commit([{ kind: "put-messages", messages: [other] }]);
    deepEqual(await store.readMessages(ONE, { first: 1, last: 9 }), [other]);
  });

  add(
    "what was deleted before may be put in a lower revision, in the same commit and after it",
    async (open) => {
      const store = open();
      await store.load();
      const at = (sequence: number, revision: number): Message => ({ ...message(ONE, sequence), revision });
      const deleted: Change = { kind: "delete-messages", conversationId: ONE, first: 1, last: 2 };
      await store.commit([{ kind: "put-messages", messages: [at(1, 3), at(2, 3), at(3, 3)] }]);
      await store.commit([deleted, { kind: "put-messages", messages: [at(1, 1), at(3, 1)] }]);
      await store.commit([{ kind: "put-messages", messages: [at(2, 1)] }]);
      await store.commit([{ kind: "put-messages", messages: [at(1, 2)] }, deleted]);
      await store.commit([{ kind: "put-messages", messages: [at(1, 0)] }]);
      deepEqual(await revisionsIn(store), [
        [1, 0],
        [3, 3],
      ]);
    },
  );

  add(
    "a change takes effect where the message is held in a lower revision, and nowhere else",
    async (open) => {
      const store = open();
      await store.load();
      const at = (sequence: number, revision: number): Message => ({ ...message(ONE, sequence), revision });
      const other = { ...at(4, 5), messageId: "9".repeat(26) as MessageId };
      await store.commit([{ kind: "put-messages", messages: [at(1, 0), at(2, 2), at(4, 0)] }]);
      await store.commit([
        { kind: "change-messages", messages: [at(1, 1), at(2, 1), at(3, 1), other] },
        { kind: "put-messages", messages: [at(5, 0)] },
        { kind: "change-messages", messages: [at(5, 1)] },
        { kind: "delete-messages", conversationId: ONE, first: 1, last: 1 },
        { kind: "change-messages", messages: [at(1, 9)] },
      ]);
      deepEqual(await revisionsIn(store), [
        [2, 2],
        [4, 0],
        [5, 1],
      ]);
    },
  );

  add(
    "a message that was stored before there were revisions is changed like one of revision 0",
    async (open) => {
      const store = open();
      await store.load();
      const { revision: _, ...old } = message(ONE, 1);
      await store.commit([{ kind: "put-messages", messages: [old as Message] }]);
      await store.commit([{ kind: "change-messages", messages: [{ ...message(ONE, 1), revision: 1 }] }]);
      deepEqual(await revisionsIn(store), [[1, 1]]);
    },
  );

  add("the newer reactions stay, whether they come alone, with a message or with a change", async (open) => {
    const store = open();
    await store.load();
    const of = (sequence: number, revision: number, reactions?: Reactions): Message => ({
      ...message(ONE, sequence),
      revision,
      reactions,
    });
    const summary = (revision: number, mineRevision = 0): Reactions => ({
      revision,
      items: [{ key: `k${revision}`, count: 1, userIds: [] }],
      mine: mineRevision > 0 ? [`m${mineRevision}`] : [],
      mineRevision,
    });
    const given = (sequence: number, reactions: Reactions): Change => ({
      kind: "change-reactions",
      conversationId: ONE,
      sequence,
      reactions,
    });
    await store.commit([
      { kind: "put-messages", messages: [of(1, 0), of(2, 0, summary(3, 2)), of(4, 0, summary(1))] },
    ]);
    await store.commit([
      given(1, summary(1, 1)),
      given(1, summary(4)),
      given(1, summary(2)),
      given(2, summary(4)),
      given(2, summary(1, 1)),
      given(3, summary(1)),
      given(4, summary(2)),
      { kind: "change-messages", messages: [of(2, 1)] },
      {
        kind: "change-messages",
        messages: [{ ...of(4, 1), recall: { actorId: "other" as UserId, timeMs: 1 } }],
      },
      given(4, summary(3)),
    ]);
    await store.commit([{ kind: "put-messages", messages: [of(1, 0)] }]);
    await store.load();
    const messages = await store.readMessages(ONE, { first: 1, last: 9 });
    deepEqual(
      messages.map(({ sequence, revision, reactions }) => [
        sequence,
        revision,
        reactions?.items[0]?.key,
        reactions?.mine.join(),
        reactions?.mineRevision,
      ]),
      [
        [1, 0, "k4", "m1", 1],
        [2, 1, "k4", "m2", 2],
        [4, 1, undefined, undefined, undefined],
      ],
    );
  });

  add(
    "the newer private part of a card stays, whether it comes alone, with a message or with a change",
    async (open) => {
      const store = open();
      await store.load();
      const of = (sequence: number, revision: number, part?: number): Message => ({
        ...message(ONE, sequence),
        revision,
        cardPart: part === undefined ? undefined : { content: `p${part}`, revision: part },
      });
      const given = (sequence: number, revision: number): Change => ({
        kind: "change-card-part",
        conversationId: ONE,
        sequence,
        part: { content: `p${revision}`, revision },
      });
      await store.commit([{ kind: "put-messages", messages: [of(1, 0), of(2, 0, 3), of(4, 0, 1)] }]);
      await store.commit([
        given(1, 2),
        given(1, 1),
        given(2, 2),
        given(3, 1),
        { kind: "change-messages", messages: [of(2, 1)] },
        {
          kind: "change-messages",
          messages: [{ ...of(4, 1), recall: { actorId: "other" as UserId, timeMs: 1 } }],
        },
        given(4, 3),
      ]);
      await store.commit([{ kind: "put-messages", messages: [of(1, 0), of(2, 1, 4)] }]);
      await store.load();
      const messages = await store.readMessages(ONE, { first: 1, last: 9 });
      deepEqual(
        messages.map(({ sequence, revision, cardPart }) => [sequence, revision, cardPart?.content]),
        [
          [1, 0, "p2"],
          [2, 1, "p4"],
          [4, 1, undefined],
        ],
      );
    },
  );

  add("closing twice is harmless", async (open) => {
    const store = open();
    await store.load();
    await store.close();
    deepEqual(await store.close(), undefined);
  });
}

/** Places and revisions of what is stored of a conversation. */
async function revisionsIn(store: ClientStore): Promise<readonly (readonly number[])[]> {
  await store.load();
  const messages = await store.readMessages(ONE, { first: 1, last: 99 });
  return messages.map(({ sequence, revision }) => [sequence, revision]);
}

function emptyState(): Awaited<ReturnType<ClientStore["load"]>> {
  return {
    owner: undefined,
    position: { epoch: 0, pts: 0 },
    entries: [],
    outbox: [],
    nextNumbers: new Map(),
    spans: new Map(),
    leader: 0,
    given: [],
    looked: new Map(),
  };
}

function oneOfEach(): readonly Change[] {
  return [
    { kind: "owner", owner: { userId: "self", deviceId: "device" } },
    { kind: "position", position: { epoch: 3, pts: 14 } },
    { kind: "put-entry", entry: emptyEntry(ONE) },
    { kind: "put-messages", messages: [message(ONE, 2), message(ONE, 1)] },
    { kind: "put-outbox", item: outboxItem("a", 1) },
    { kind: "next-number", conversationId: ONE, number: 2 },
    { kind: "spans", conversationId: ONE, spans: [{ first: 1, last: 2 }] },
    { kind: "leader", leader: 3 },
    { kind: "looked", conversationId: ONE, atMs: 7 },
    { kind: "given", clientMessageIds: ["x", "y"] },
  ];
}

function outboxItem(clientMessageId: string, order: number): OutboxItem {
  return {
    conversationId: ONE,
    clientMessageId: clientMessageId as ClientMessageId,
    body: textBody("x"),
    createdMs: 5,
    order,
    number: order,
    failureCode: "",
  };
}

function message(conversationId: ConversationId, sequence: number): Message {
  return {
    conversationId,
    sequence,
    messageId: String(sequence).padStart(26, "0") as MessageId,
    senderId: "other" as UserId,
    clientMessageId: `m${sequence}` as ClientMessageId,
    timeMs: 1000 + sequence,
    body: textBody(`text ${sequence}`),
    isCountable: true,
    ...AS_SENT,
  };
}
