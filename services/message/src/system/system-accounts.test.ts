/** System accounts: what they cost, what they see, and that everybody gets a campaign once, whatever stops it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, createUlidSource, failureCode } from "@parley/base";
import { seededRandom } from "@parley/base/testing";
import { User, type UserId, decode, directConversationId, filled, textBody } from "@parley/protocol";
import { UserRecord } from "@parley/domain";
import { MemoryTableStore, MemoryTables } from "@parley/tables";
import { conversationPartition, CONVERSATION_HEAD } from "../conversation-tables.js";
import { SharedGroups } from "../shared-groups.js";
import { MessageBench, TENANT } from "../testing/message-bench.js";
import { Campaigns } from "./campaigns.js";
import { SystemLists } from "./system-lists.js";

const NEWS = "news" as UserId;
const NOBODY_HID = (): Promise<readonly number[]> => Promise.resolve([]);

/** A company with a system account, over whatever life the bench is in. */
class Company {
  readonly bench: MessageBench;
  readonly people: readonly UserId[];
  readonly #store = new MemoryTableStore();
  readonly #campaignTables: MemoryTables;
  campaigns: Campaigns;
  #seed = 0;

  /** Records of people that wait for a verdict. */
  waiting = 0;

  /** Writes of how far campaigns are, from the second one on, that fail as on a full disk. */
  failures = 0;
  #writes = 0;

  constructor(count: number, readMs = 0) {
    this.bench = new MessageBench({ partitionCount: 4, readMs });
    this.bench.systemId = NEWS;
    this.people = Array.from({ length: count }, (_, index) => `p${String(index).padStart(4, "0")}` as UserId);
    for (const name of [NEWS, ...this.people]) this.bench.users.add(name);
    this.#campaignTables = new MemoryTables(this.#store, this.bench.time);
    this.campaigns = this.#open();
  }

  readonly accounts = {
    findUsers: async (_: unknown, userIds: readonly UserId[]): Promise<readonly (User | undefined)[]> =>
      userIds.map((userId) => this.#user(userId)),
    listUsers: async (
      _: unknown,
      { after, limit }: { readonly after: string; readonly limit: number },
    ): Promise<{ readonly users: readonly User[]; readonly next: string }> => {
      const all = [...this.bench.users].toSorted().filter((name) => name > after);
      const users = all.slice(0, limit).flatMap((name) => this.#user(name as UserId) ?? []);
      return { users, next: all.length > limit ? users.at(-1)!.userId : "" };
    },
  };

  async start(userIds?: readonly UserId[]): Promise<string> {
    const campaign = { senderId: NEWS, body: textBody("The canteen is closed."), userIds };
    return this.bench.run(this.campaigns.start(TENANT, campaign));
  }

  /** As after a crash or a stop: the services begin anew, with what is durable. */
  async restart(): Promise<void> {
    await this.bench.run(this.campaigns.stop());
    await this.bench.crash();
    await this.bench.run(this.bench.life.processor.recovered());
    this.campaigns = this.#open();
    await this.bench.run(this.campaigns.resume());
  }

  async finish(): Promise<void> {
    for (let round = 0; round < 200; round++) {
      const [campaign] = await this.bench.run(this.campaigns.list(TENANT));
      if (campaign?.state !== "running") return;
      await this.bench.time.advance(100);
    }
    assert.fail("the campaign does not end");
  }

  /** How many messages of the account each person has. */
  async received(): Promise<readonly number[]> {
    const counts = [];
    for (const userId of this.people) {
      const id = directConversationId(NEWS, userId);
      const messages = await this.bench.history(this.bench.session(userId), id).catch(() => []);
      counts.push(messages.length);
    }
    return counts;
  }

  /** Who was told what, over all queues. */
  told(): readonly UserId[] {
    return this.bench.userLogStore.partitions.flatMap(({ records }) =>
      records.flatMap(({ payload }) => decode(UserRecord, payload).spreads.flatMap(({ userIds }) => userIds)),
    );
  }

  #user(userId: UserId): User | undefined {
    if (!this.bench.users.has(userId)) return undefined;
    return filled(User, { userId, name: userId, isSystem: userId === NEWS });
  }

  #open(): Campaigns {
    const { bench } = this;
    const { processor } = bench.life;
    const waiting = (): number => this.waiting;
    this.#seed += 1;
    const tables = this.#campaignTables;
    return new Campaigns({
      tables: {
        find: tables.find.bind(tables),
        range: tables.range.bind(tables),
        scanTable: tables.scanTable.bind(tables),
        write: async (...of) => {
          this.#writes += 1;
          if (this.#writes > 1 && this.#writes <= 1 + this.failures)
            throw new Failure("storage-full", "The disk is full.", { retry: "same" });
          await tables.write(...of);
        },
      },
      processor: {
        submit: (record) => processor.submit(record),
        get submittedCount() {
          return processor.submittedCount;
        },
        get waitingCount() {
          return processor.waitingCount + waiting();
        },
      },
      accounts: this.accounts,
      hasConversation: async (key) =>
        (await bench.life.tables.find(CONVERSATION_HEAD, conversationPartition(key), [])) !== undefined,
      clock: bench.time,
      scheduler: bench.time,
      logger: bench.logger,
      newId: createUlidSource(bench.time, seededRandom(this.#seed)),
    });
  }
}

test("a direct conversation with a system account tells the person everything and the account nothing", async () => {
  const { bench } = new Company(1);
  const [person, news] = [bench.session("p0000"), bench.session(NEWS)];
  const id = await bench.run(bench.message.createDirect(person, NEWS));
  await bench.run(bench.send(news, id, 1, "Welcome"));
  await bench.run(bench.send(person, id, 1, "Thanks"));
  await bench.run(bench.message.markRead(news, id, 2));
  // Joining, both messages, and that the account has read the second.
  const told = bench.userLogStore.partitions.flatMap(({ records }) =>
    records.flatMap(({ payload }) =>
      decode(UserRecord, payload).spreads.map(({ userIds }) => userIds.join()),
    ),
  );
  assert.deepEqual(told, ["p0000", "p0000", "p0000", "p0000"]);
  assert.equal((await bench.history(news, id)).length, 2);
});

test("everybody gets a campaign once, and the account itself and its queue nothing", async () => {
  const company = new Company(1_200);
  await company.start();
  await company.finish();
  const [campaign] = await company.bench.run(company.campaigns.list(TENANT));
  const others = company.bench.users.size - company.people.length - 1;
  assert.deepEqual(
    [campaign?.state, campaign?.sent, campaign?.skipped],
    ["done", company.people.length + others, 1],
  );
  assert.deepEqual(new Set(await company.received()), new Set([1]));
  assert.equal(company.told().includes(NEWS), false);
});

test("a campaign that is stopped anywhere goes on after the start, and nobody gets it twice or never", async () => {
  for (const stopAfterMs of [0, 1, 3, 7, 20]) {
    const company = new Company(700);
    const starting = company.start();
    await starting;
    await company.bench.time.advance(stopAfterMs);
    await company.restart();
    await company.bench.time.advance(stopAfterMs);
    await company.restart();
    await company.finish();
    assert.deepEqual(new Set(await company.received()), new Set([1]), `stopped after ${stopAfterMs} ms`);
  }
});

test("a campaign to some goes to them alone, and leaves out who is gone", async () => {
  const company = new Company(5);
  await company.start(["p0001", "gone", "p0003", "p0001", NEWS] as UserId[]);
  await company.finish();
  const [campaign] = await company.bench.run(company.campaigns.list(TENANT));
  assert.deepEqual([campaign?.sent, campaign?.skipped, await company.received()], [2, 2, [0, 1, 0, 1, 0]]);
});

test("a cancelled campaign sends to nobody else, and one that is done stays done", async () => {
  const company = new Company(1_500, 5);
  const campaignId = await company.start();
  await company.bench.time.advance(20);
  const cancelling = company.campaigns.cancel(TENANT, campaignId);
  await company.bench.run(cancelling);
  const sent = (await company.received()).filter((count) => count > 0).length;
  await company.restart();
  await company.bench.time.advance(1_000);
  const [campaign] = await company.bench.run(company.campaigns.list(TENANT));
  const later = (await company.received()).filter((count) => count > 0).length;
  assert.deepEqual([campaign?.state, later], ["cancelled", sent]);
  assert.ok(sent > 0 && sent < 1_500, `${sent} were sent`);
});

test("what is no campaign is refused and sends nothing", async () => {
  const company = new Company(2);
  const { bench, campaigns } = company;
  const start = (senderId: string, text: string, userIds?: readonly string[]): Promise<unknown> =>
    bench.run(
      campaigns
        .start(TENANT, {
          senderId: senderId as UserId,
          body: textBody(text),
          userIds: userIds as readonly UserId[] | undefined,
        })
        .catch(failureCode),
    );
  const codes = [
    await start("p0000", "hi"),
    await start("nobody", "hi"),
    await start(NEWS, " "),
    await start(NEWS, "x".repeat(20_000)),
    await start(NEWS, "hi", []),
    await start(
      NEWS,
      "hi",
      Array.from({ length: 10_001 }, (_, index) => `u${index}`),
    ),
    await bench.run(campaigns.cancel(TENANT, "none").catch(failureCode)),
  ];
  assert.deepEqual(codes, [
    "not-allowed",
    "user-not-found",
    "bad-request",
    "message-too-large",
    "bad-request",
    "bad-request",
    "not-found",
  ]);
  assert.deepEqual([await company.received(), await bench.run(campaigns.list(TENANT))], [[0, 0], []]);
});

test("while people send, a campaign waits, and goes on all the same", async () => {
  const company = new Company(60);
  const { bench } = company;
  company.waiting = 40;
  const begunMs = bench.time.nowMs();
  await company.start();
  await bench.time.advance(40);
  const early = (await company.received()).filter((count) => count > 0).length;
  await company.finish();
  const lateMs = bench.time.nowMs() - begunMs;
  assert.deepEqual([early, new Set(await company.received())], [0, new Set([1])]);
  // 15 batches, each after the longest wait.
  assert.ok(lateMs >= 750 && lateMs < 1_000, `${lateMs} ms`);
});

test("a campaign goes on when the disk has room again", async () => {
  const company = new Company(5);
  company.failures = 3;
  await company.start();
  await company.finish();
  const [campaign] = await company.bench.run(company.campaigns.list(TENANT));
  assert.deepEqual([campaign?.state, await company.received()], ["done", [1, 1, 1, 1, 1]]);
});

test("the list of a system account has each conversation as its rows say, page by page", async () => {
  const company = new Company(30);
  const { bench } = company;
  await company.start();
  await company.finish();
  const reply = bench.session("p0007");
  await bench.run(bench.send(reply, directConversationId(NEWS, "p0007" as UserId), 1, "Where then?"));
  const groups = new SharedGroups(bench.life.tables);
  const lists = new SystemLists({ accounts: company.accounts, groups });
  const found = new Map<string, number>();
  let cursor = "";
  do {
    const page = await bench.run(lists.list(bench.session(NEWS), { cursor, limit: 7 }, NOBODY_HID));
    for (const { conversationId, unread } of page!.entries) {
      assert.equal(found.has(conversationId), false);
      found.set(conversationId, unread);
    }
    cursor = page!.next;
  } while (cursor !== "");
  const unread = [...found].filter(([, count]) => count > 0);
  assert.deepEqual([found.size >= 30, unread], [true, [[directConversationId(NEWS, reply.userId), 1]]]);
  const people = await bench.run(lists.list(reply, { cursor: "", limit: 7 }, NOBODY_HID));
  assert.equal(people, undefined);
});
