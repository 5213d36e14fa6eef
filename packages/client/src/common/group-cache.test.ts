/** The cache of groups against a server that is a model: whatever comes in whatever order, it shows what a fresh fetch shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ConversationEntry,
  type ConversationId,
  type Event,
  type Init,
  type Member,
  type UserId,
  applyEvent,
  emptyEntry,
  Event as EventSchema,
  filled,
  GroupInfo,
  Member as MemberSchema,
  MembersEvent,
} from "@parley/protocol";
import fc from "fast-check";
import { GroupCache } from "./group-cache.js";
import * as lateCalls from "./late-calls.js";
import { GROUPS_WANTED_MAX, MEMBER_LISTS_MAX } from "./limits.js";
import type { Requests } from "./requests.js";

const TEAM = "g:team" as ConversationId;
const ME = "me" as UserId;

/** A server with one group, and a device that hears of its changes when it is told. */
class Model {
  readonly asked: string[] = [];
  readonly members = new Map<UserId, Member>();
  entry: ConversationEntry = { ...emptyEntry(TEAM), isMember: true };
  isConnected = true;
  keptFrom = 1;
  pageSize = 2;
  failure: Error | undefined;
  errors = 0;
  #info = filled(GroupInfo, { revision: 1 });
  #revision = 1;
  readonly #changes: (readonly UserId[])[] = [];
  #unheard: Event[] = [];
  readonly cache: GroupCache;

  constructor() {
    this.members.set(ME, filled(MemberSchema, { userId: ME, role: "owner" }));
    this.entry = { ...this.entry, groupRevision: 1, membersRevision: 1 };
    this.cache = new GroupCache({
      self: ME,
      requests: { call: this.#call.bind(this) as unknown as Requests["call"] },
      entry: (conversationId) => (conversationId === TEAM ? this.entry : undefined),
      isConnected: () => this.isConnected,
      onChanged: () => undefined,
      onError: () => (this.errors += 1),
      load: () => lateCalls,
    });
  }

  set(userId: string, member: Partial<Member> | undefined): void {
    const id = userId as UserId;
    if (member === undefined) this.members.delete(id);
    else
      this.members.set(
        id,
        filled(MemberSchema, { role: "member", ...this.members.get(id), ...member, userId: id }),
      );
    this.#revision += 1;
    this.#changes.push([id]);
    const now = this.members.get(id);
    this.#happen({
      members: filled(MembersEvent, {
        conversationId: TEAM,
        revision: this.#revision,
        memberCount: this.members.size,
        changed: now === undefined ? [] : [now],
        removed: now === undefined ? [id] : [],
      }),
    });
  }

  rename(title: string): void {
    const { settings: _settings, ...rest } = this.#info;
    this.#info = filled(GroupInfo, { ...rest, revision: rest.revision + 1, scenario: title });
    this.#happen({ group: { conversationId: TEAM, info: this.#info, request: undefined, answered: [] } });
  }

  /** The device gets the next events. */
  hear(count = this.#unheard.length): void {
    const events = this.#unheard.splice(0, count);
    for (const event of events) this.entry = applyEvent(this.entry, event, ME);
    this.cache.note(events);
    if (events.length > 0) this.cache.noteEntries([TEAM]);
  }

  /** The device gets the list anew, and no events. */
  rebase(): void {
    this.#unheard = [];
    this.entry = { ...this.entry, groupRevision: this.#info.revision, membersRevision: this.#revision };
    this.cache.noteEntries([TEAM]);
  }

  fresh(): readonly Member[] {
    return [...this.members.values()].toSorted((one, other) => (one.userId < other.userId ? -1 : 1));
  }

  view(): object {
    return {
      info: this.#info,
      self: this.members.get(ME),
      memberCount: this.members.size,
      membersRevision: this.#revision,
      scenario: undefined,
    };
  }

  #happen(event: Init<Event>): void {
    this.#unheard.push(filled(EventSchema, event));
  }

  async #call(
    name: string,
    request: {
      readonly after?: string;
      readonly sinceRevision?: number;
      readonly prefix?: string;
      readonly limit?: number;
    },
  ): Promise<unknown> {
    this.asked.push(name + (request.sinceRevision === undefined ? "" : " since"));
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    if (name === "getGroup") return { ...this.view(), isRequested: false };
    const head = {
      memberCount: this.members.size,
      membersRevision: this.#revision,
      next: "",
      isReset: false,
    };
    if (request.sinceRevision !== undefined) {
      if (request.sinceRevision < this.keptFrom) return { ...head, isReset: true, members: [], removed: [] };
      const revision = Math.min(request.sinceRevision + this.pageSize, this.#revision);
      const ids = [...new Set(this.#changes.slice(request.sinceRevision - 1, revision - 1).flat())];
      const members = ids.flatMap((id) => this.members.get(id) ?? []);
      return { ...head, revision, members, removed: ids.filter((id) => !this.members.has(id)) };
    }
    const { after = "", prefix = "" } = request;
    const rest = this.fresh().filter(({ userId }) => userId > after && userId.startsWith(prefix));
    const members = rest.slice(0, this.pageSize);
    const next = rest.length > members.length ? members.at(-1)!.userId : "";
    return { ...head, revision: this.#revision, members, removed: [], next };
  }
}

/** Lets everything that waits for nothing but promises happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}

test("what is known is kept right by events, and asked for once", async () => {
  const model = new Model();
  const first = await model.cache.members(TEAM);
  const group = await model.cache.load(TEAM);
  model.set("ann", { nickname: "A." });
  model.set("me", { mutedUntilMs: 5 });
  model.rename("Ours");
  model.hear();
  await settle();
  assert.deepEqual([first.length, group.memberCount], [1, 1]);
  assert.deepEqual([await model.cache.members(TEAM), model.cache.find(TEAM)], [model.fresh(), model.view()]);
  assert.deepEqual(model.asked, ["listMembers", "getGroup"]);
  assert.equal(await model.cache.members(TEAM), await model.cache.members(TEAM));
});

test("after a Rebase the group is brought again at once, and of the members what changed when they are asked for", async () => {
  const model = new Model();
  await Promise.all([model.cache.members(TEAM), model.cache.load(TEAM)]);
  model.rename("Ours");
  model.set("ann", {});
  model.set("bob", {});
  model.set("ann", undefined);
  model.rebase();
  await settle();
  assert.deepEqual(model.cache.find(TEAM), model.view());
  assert.deepEqual(await model.cache.members(TEAM), model.fresh());
  assert.deepEqual(model.asked, [
    "getGroup",
    "listMembers",
    "getGroup",
    "listMembers since",
    "listMembers since",
  ]);
});

test("the list is fetched anew when the server does not know what changed since", async () => {
  const model = new Model();
  await model.cache.members(TEAM);
  model.set("ann", {});
  model.keptFrom = 2;
  model.rebase();
  assert.deepEqual(await model.cache.members(TEAM), model.fresh());
  assert.deepEqual(model.asked, ["listMembers", "listMembers since", "listMembers"]);
});

test("members are found in what is known, else by the server", async () => {
  const model = new Model();
  model.set("ann", { nickname: "Zoe" });
  model.set("zed", {});
  model.hear();
  assert.deepEqual(
    (await model.cache.findMembers(TEAM, "a", 9)).map(({ userId }) => userId),
    ["ann"],
  );
  await model.cache.members(TEAM);
  assert.deepEqual(
    (await model.cache.findMembers(TEAM, "Z", 9)).map(({ userId }) => userId),
    ["ann"],
  );
  assert.deepEqual(model.asked, ["listMembers", "listMembers", "listMembers"]);
});

test("what was looked at without a connection comes with the next, and a failure is told and tried again", async () => {
  const model = new Model();
  model.isConnected = false;
  model.cache.want(TEAM);
  await settle();
  assert.deepEqual(model.asked, []);
  model.isConnected = true;
  model.failure = new Error("not now");
  model.cache.onUp();
  await settle();
  assert.deepEqual([model.errors, model.cache.find(TEAM)], [1, undefined]);
  model.failure = undefined;
  model.cache.want(TEAM);
  await settle();
  assert.deepEqual(model.cache.find(TEAM), model.view());
});

test("who has left knows nothing of the group any more", async () => {
  const model = new Model();
  await Promise.all([model.cache.members(TEAM), model.cache.load(TEAM)]);
  model.entry = { ...model.entry, isMember: false };
  model.cache.noteEntries([TEAM]);
  assert.equal(model.cache.find(TEAM), undefined);
  model.cache.want(TEAM);
  await settle();
  assert.deepEqual(model.asked, ["getGroup", "listMembers"]);
});

test(`the members of at most ${MEMBER_LISTS_MAX} groups are held, and at most ${GROUPS_WANTED_MAX} groups are waited for`, async () => {
  const model = new Model();
  for (let index = 0; index <= MEMBER_LISTS_MAX; index++)
    await model.cache.members(`g:${index}` as ConversationId);
  await model.cache.members("g:0" as ConversationId);
  assert.equal(model.asked.length, MEMBER_LISTS_MAX + 2);
});

test("whatever happens while it is read, the cache ends with what a fresh fetch shows", async () => {
  const user = fc.constantFrom("ann", "bob", "cy", "me");
  const action = fc.oneof(
    fc.record({ kind: fc.constant("set" as const), user, nickname: fc.constantFrom("x", "y") }),
    fc.record({ kind: fc.constant("drop" as const), user: fc.constantFrom("ann", "bob", "cy") }),
    fc.record({
      kind: fc.constantFrom("rename", "hear", "one", "rebase", "members", "load", "turn", "forget"),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const model = new Model();
      for (const each of actions) {
        if (each.kind === "set") model.set(each.user, { nickname: each.nickname });
        else if (each.kind === "drop") model.set(each.user, undefined);
        else if (each.kind === "rename") model.rename("r");
        else if (each.kind === "hear") model.hear();
        else if (each.kind === "one") model.hear(1);
        else if (each.kind === "rebase") model.rebase();
        else if (each.kind === "members") void model.cache.members(TEAM);
        else if (each.kind === "load") void model.cache.load(TEAM);
        else if (each.kind === "forget") model.keptFrom += 1;
        else await Promise.resolve();
      }
      model.hear();
      await settle();
      // Without being asked for again.
      if (model.cache.find(TEAM) !== undefined) assert.deepEqual(model.cache.find(TEAM), model.view());
      assert.deepEqual(await model.cache.members(TEAM), model.fresh());
      assert.deepEqual(await model.cache.load(TEAM), model.view());
    }),
    { numRuns: 500 },
  );
});
