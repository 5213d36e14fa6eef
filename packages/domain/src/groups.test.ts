/** What groups decide: roles, mutes, requests, scenarios. C13 and C14 of the conversation machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Member,
  type MemberField,
  Event as EventSchema,
  decode,
  filled,
  ADMINS_MAX,
  Body,
  JOIN_REQUEST_DAYS,
  JOIN_REQUESTS_MAX,
  NEVER_MS,
  Scenario,
} from "@parley/protocol";
import fc from "fast-check";
import type { ConversationRecord } from "./conversation-record.js";
import type { ConversationState } from "./conversation-state.js";
import { infoOf, memberOf } from "./group-step.js";
import { type Action, forbids } from "./permissions.js";
import { addAs, answer, CLASS, createAs, dissolve, join, set, setMember } from "./testing/group-records.js";
import { applyLoaded } from "./testing/loaded.js";
import {
  create,
  edit,
  members,
  pin,
  react,
  recall,
  record,
  send,
  stateFor,
  user,
} from "./testing/records.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const FIELDS: readonly MemberField[] = [
  { name: "child", value: "Ida" },
  { name: "relation", value: "father" },
];

/** Applies records; what each came to, in a word. */
function play(state: ConversationState, ...records: readonly ConversationRecord[]): string[] {
  return records.map((each) => {
    const { verdict } = applyLoaded(state, each, state.head?.applied ?? 0);
    return verdict.kind === "refused" ? verdict.code : verdict.kind;
  });
}

function begun(...records: readonly ConversationRecord[]): ConversationState {
  const state = stateFor("ann", "bob", "cy", "dan", "eve");
  for (const outcome of play(state, ...records)) assert.ok(["done", "sent"].includes(outcome), outcome);
  return state;
}

function team(): ConversationState {
  return begun(create("ann", "bob", "cy", "dan"), setMember("ann", { userId: "bob", role: "admin" }));
}

function nicknames(state: ConversationState): Record<string, string> {
  return Object.fromEntries([...state.members].map(([userId, { nickname }]) => [userId, nickname]));
}

function rolesOf(state: ConversationState): Record<string, string> {
  return Object.fromEntries([...state.members].map(([userId, { role }]) => [userId, role]));
}

test("each action is for its circle by default", () => {
  const { head, members: rows } = team();
  const actions: readonly Action[] = [
    ...(["post", "mention", "react", "pin", "add", "edit", "recall", "nickname", "mute"] as const),
    ...(["fields", "remove", "answer", "role", "rule", "transfer", "dissolve"] as const),
  ];
  const allowed = ["ann", "bob", "cy"].map((name) =>
    actions.filter((action) => forbids(action, head!, rows.get(user(name))!, 0) === undefined),
  );
  assert.deepEqual(allowed, [
    actions,
    actions.filter((action) => !["role", "rule", "transfer", "dissolve"].includes(action)),
    ["post", "mention", "react", "pin", "add", "nickname"],
  ]);
});

test("the owner says who may what, and a circle that is not known is the smallest", () => {
  const state = team();
  const said = play(
    state,
    set("bob", { addBy: "owner" }),
    set("ann", { addBy: "admins", editBy: "all", postBy: "nobody-knows" }),
    members("cy", false, "eve"),
    members("bob", false, "eve"),
    set("cy", { title: "Ours" }),
    send("bob", 1),
    send("ann", 1),
  );
  assert.deepEqual(said, ["not-allowed", "done", "not-allowed", "done", "done", "not-allowed", "sent"]);
});

test("a mute is decided by the time in the record, and ends by itself", () => {
  const state = begun(
    create("ann", "bob"),
    send("bob", 1, { timeMs: 1_000 }),
    setMember("ann", { userId: "bob", mutedUntilMs: 5_000 }, 2_000),
  );
  const { verdict } = applyLoaded(state, send("bob", 2, { timeMs: 4_999 }), state.head!.applied);
  assert.deepEqual(verdict, { kind: "refused", code: "muted", untilMs: 5_000 });
  assert.deepEqual(
    play(
      state,
      edit("bob", 2, "else", { timeMs: 4_999 }),
      recall("bob", 2, { timeMs: 4_999 }),
      send("bob", 2, { timeMs: 5_000 }),
    ),
    ["muted", "done", "sent"],
  );
});

test("a send that was placed before the mute is answered as it was", () => {
  const state = begun(
    create("ann", "bob"),
    send("bob", 1),
    setMember("ann", { userId: "bob", mutedUntilMs: NEVER_MS }),
  );
  const { verdict } = applyLoaded(state, send("bob", 1), state.head!.applied);
  assert.equal(verdict.kind === "sent" && verdict.isRepeat, true);
});

test("when all are muted the admins write on", () => {
  const state = team();
  const said = play(
    state,
    set("bob", { mutedUntilMs: 9_000 }),
    send("cy", 1),
    send("bob", 1),
    send("ann", 1),
    send("cy", 1, { timeMs: 9_000 }),
  );
  assert.deepEqual(said, ["done", "muted", "sent", "sent", "sent"]);
});

test("one acts on those below only", () => {
  const state = team();
  play(state, setMember("ann", { userId: "cy", role: "admin" }));
  const said = play(
    state,
    setMember("bob", { userId: "cy", mutedUntilMs: 9 }),
    setMember("bob", { userId: "ann", nickname: "Boss" }),
    setMember("dan", { userId: "bob", nickname: "Bobby" }),
    setMember("bob", { userId: "dan", nickname: "Danny" }),
    setMember("dan", { userId: "dan", nickname: "Dan D." }),
    setMember("bob", { userId: "bob", mutedUntilMs: 9 }),
    members("bob", true, "cy"),
    members("bob", true, "dan", "ann"),
    setMember("bob", { userId: "dan", role: "admin" }),
    setMember("ann", { userId: "ann", role: "member" }),
    setMember("ann", { userId: "zoe", role: "admin" }),
    setMember("ann", { userId: "bob", role: "king" }),
  );
  assert.deepEqual(said, [
    ...(["not-allowed", "not-allowed", "not-allowed", "done", "done", "not-allowed", "not-allowed"] as const),
    ...(["not-allowed", "not-allowed", "not-allowed", "bad-request", "bad-request"] as const),
  ]);
});

test("C13: the group is handed over, and an admin follows an owner who leaves", () => {
  const state = team();
  play(state, setMember("ann", { userId: "cy", role: "owner" }));
  assert.deepEqual(rolesOf(state), { ann: "admin", bob: "admin", cy: "owner", dan: "member" });
  play(state, members("cy", true, "cy"));
  assert.deepEqual(rolesOf(state), { ann: "owner", bob: "admin", dan: "member" });
  assert.equal(infoOf(state.head!).ownerId, "ann");
});

test(`a group has at most ${ADMINS_MAX} admins`, () => {
  const names = Array.from({ length: ADMINS_MAX + 1 }, (_, index) => `u${index}`);
  const state = begun(create("ann", ...names));
  const said = play(state, ...names.slice(1).map((userId) => setMember("ann", { userId, role: "admin" })));
  assert.deepEqual(
    [said.filter((each) => each === "done").length, said.at(-1)],
    [ADMINS_MAX - 1, "group-full"],
  );
  assert.deepEqual(play(state, setMember("ann", { userId: "u1", role: "owner" })), ["done"]);
});

test("what does not change is done and tells nobody", () => {
  const state = team();
  const again = [set("ann", { title: "Test" }), setMember("ann", { userId: "bob", role: "admin" })];
  const outcomes = again.map((each) => applyLoaded(state, each, state.head!.applied));
  assert.deepEqual(
    outcomes.map(({ verdict, emissions, changes }) => [verdict.kind, emissions, changes?.members]),
    [
      ["done", [], []],
      ["done", [], []],
    ],
  );
});

test("requests wait for an admin, who lets in or not; asking again changes the request", () => {
  const state = begun(createAs("ann", ["bob"], { settings: { joinPolicy: "approval" } }));
  const said = play(
    state,
    join("cy", "May I?"),
    join("cy", "Please!"),
    join("dan", "Me too"),
    answer("bob", true, "cy"),
    answer("ann", true, "cy", "zoe"),
    answer("ann", false, "dan"),
    answer("ann", true, "dan"),
    join("cy", "again"),
  );
  assert.deepEqual(said, ["done", "done", "done", "not-allowed", "done", "done", "done", "done"]);
  assert.deepEqual(Object.keys(rolesOf(state)), ["ann", "bob", "cy"]);
  assert.equal(state.head!.group!.requestCount, 0);
});

test("only the admins learn who asks", () => {
  const state = begun(createAs("ann", ["bob"], { settings: { joinPolicy: "approval" } }));
  const { emissions } = applyLoaded(state, join("cy", "May I?"), state.head!.applied);
  assert.deepEqual(
    emissions.map(({ userIds, event }) => [userIds, decode(EventSchema, event).group?.request?.text]),
    [[["ann"], "May I?"]],
  );
});

test(`at most ${JOIN_REQUESTS_MAX} requests wait, each for ${JOIN_REQUEST_DAYS} days`, () => {
  const state = begun(createAs("ann", [], { settings: { joinPolicy: "approval" } }));
  for (let index = 0; index < JOIN_REQUESTS_MAX; index++)
    assert.deepEqual(play(state, join(`u${index}`, "", { timeMs: 1_000 })), ["done"]);
  const over = 1_001 + JOIN_REQUEST_DAYS * DAY_MS;
  assert.deepEqual(play(state, join("last", "", { timeMs: over - 1 }), join("last", "", { timeMs: over })), [
    "group-full",
    "done",
  ]);
  assert.deepEqual([...state.requests.keys()], ["last"]);
});

test("who knows the id comes into an open group, and into no other", () => {
  const open = begun(createAs("ann", [], { settings: { joinPolicy: "open" } }));
  const invite = begun(createAs("ann", [], {}));
  assert.deepEqual(
    [play(open, join("bob", "")), play(invite, join("bob", ""))],
    [["done"], ["not-a-member"]],
  );
  assert.deepEqual(Object.keys(rolesOf(open)), ["ann", "bob"]);
});

test("a dissolved group has nobody, and nobody comes or says anything", () => {
  const state = begun(createAs("ann", ["bob"], { settings: { joinPolicy: "open" } }));
  assert.deepEqual(
    play(
      state,
      dissolve("bob"),
      dissolve("ann"),
      send("ann", 1),
      join("bob", ""),
      join("cy", ""),
      dissolve("ann"),
    ),
    ["not-allowed", "done", "not-a-member", "not-a-member", "not-a-member", "not-a-member"],
  );
  assert.deepEqual([state.members.size, state.head!.memberCount], [0, 0]);
});

test("members of a scenario are what it says: fields, composed nicknames, who adds whom", () => {
  const state = begun(createAs("ann", [], { scenario: CLASS, settings: { joinPolicy: "approval" } }));
  const said = play(
    state,
    addAs("ann", "bob", "parent"),
    addAs("ann", "bob", "parent", [
      { name: "child", value: "Ida" },
      { name: "relation", value: "cat" },
    ]),
    addAs("ann", "bob", "parent", FIELDS),
    addAs("ann", "cy", ""),
    addAs("cy", "dan", "parent", FIELDS),
    addAs("bob", "dan", "student"),
    setMember("bob", { userId: "bob", nickname: "The King" }),
    setMember("ann", { userId: "bob", nickname: "The King" }),
    setMember("bob", { userId: "bob", fields: [{ name: "child", value: "Max" }] }),
    setMember("ann", { userId: "bob", fields: [{ name: "child", value: "Max" }] }),
    setMember("ann", { userId: "bob", fields: [{ name: "child", value: "" }] }),
    setMember("cy", { userId: "cy", nickname: "C." }),
    set("ann", { joinPolicy: "open" }),
    addAs("ann", "eve", "king"),
  );
  assert.deepEqual(said, [
    ...(["bad-request", "bad-request", "done", "done", "not-allowed", "not-allowed", "not-allowed"] as const),
    ...(["not-allowed", "not-allowed", "done", "bad-request", "done", "not-allowed", "bad-request"] as const),
  ]);
  assert.deepEqual(nicknames(state), { ann: "", bob: "Max's father", cy: "C." });
});

test("a role of a scenario sends only the kinds that it may", () => {
  const scenario = filled(Scenario, {
    ...CLASS,
    roles: CLASS.roles.map((role) => (role.name === "student" ? { ...role, kinds: ["image"] } : role)),
  });
  const state = begun(createAs("ann", ["bob"], { scenario }));
  assert.deepEqual(play(state, send("bob", 1), send("ann", 1)), ["not-allowed", "sent"]);
});

test("a group keeps its copy of the scenario until its owner updates it, to a higher version only", () => {
  const state = begun(createAs("ann", ["bob"], { scenario: CLASS }));
  const newer = { ...CLASS, version: 2, locked: [] };
  assert.deepEqual(
    play(
      state,
      set("bob", {}, { scenario: newer }),
      set("ann", {}, { scenario: { ...newer, name: "other" } }),
      set("ann", {}, { scenario: newer }),
      set("ann", {}, { scenario: CLASS }),
      set("ann", { joinPolicy: "open" }),
    ),
    ["not-allowed", "bad-request", "done", "done", "done"],
  );
  assert.equal(state.head!.group!.scenario!.version, 2);
});

test("the review takes back at any time and is no member", () => {
  const state = begun(create("ann", "bob"), send("bob", 1));
  const review = { actorId: user("review"), sequence: 2, limitMs: 0 };
  assert.deepEqual(
    play(
      state,
      record({ recall: { ...review, isReview: false } }),
      record({ recall: { ...review, sequence: 9, isReview: true } }),
      record({ recall: { ...review, isReview: true } }, 10 ** 12),
    ),
    ["not-a-member", "message-unknown", "done"],
  );
});

const NAMES = ["ann", "bob", "cy", "dan", "eve"];
const anyName = fc.constantFrom(...NAMES);
const timeMs = fc.integer({ min: 0, max: 100 });
const circle = fc.constantFrom("", "all", "admins", "owner");
const anyRecord: fc.Arbitrary<ConversationRecord> = fc.oneof(
  fc
    .tuple(anyName, fc.boolean(), fc.uniqueArray(anyName, { minLength: 1 }))
    .map(([actor, isRemoval, names]) => members(actor, isRemoval, ...names)),
  fc
    .tuple(
      anyName,
      fc.record(
        {
          title: anyName,
          postBy: circle,
          addBy: circle,
          editBy: circle,
          joinPolicy: fc.constantFrom("open", "invite", "approval"),
          mutedUntilMs: timeMs,
        },
        { requiredKeys: [] },
      ),
      timeMs,
    )
    .map(([actor, settings, at]) => set(actor, settings, { timeMs: at })),
  fc
    .tuple(
      anyName,
      anyName,
      fc.record(
        { role: fc.constantFrom("owner", "admin", "member"), nickname: anyName, mutedUntilMs: timeMs },
        { requiredKeys: [] },
      ),
      timeMs,
    )
    .map(([actor, userId, values, at]) => setMember(actor, { userId, ...values }, at)),
  fc.tuple(anyName, timeMs).map(([actor, at]) => join(actor, "", { timeMs: at })),
  fc
    .tuple(anyName, fc.boolean(), fc.uniqueArray(anyName, { minLength: 1 }))
    .map(([actor, isAccepted, names]) => answer(actor, isAccepted, ...names)),
  fc.tuple(anyName, timeMs).map(([actor, at]) => send(actor, 1, { timeMs: at })),
);

test("C4, C13, C14: whatever is asked, there is one owner, and what was told equals what is", () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 40 }), (records) => {
      const state = begun(create("ann", "bob", "cy"));
      const told = new Map<string, Member>([...state.members].map(([id, row]) => [id, memberOf(id, row)]));
      let revision = state.head!.group!.membersRevision;
      let info = infoOf(state.head!);
      for (const each of records) {
        const before = structuredClone(state);
        const { verdict, emissions } = applyLoaded(state, each, state.head!.applied);
        if (verdict.kind === "refused") assert.deepEqual(state, before);
        for (const event of emissions.map((emission) => decode(EventSchema, emission.event))) {
          if (event.group?.info !== undefined) info = event.group.info;
          if (event.members === undefined) continue;
          assert.equal(event.members.revision, revision + 1);
          revision = event.members.revision;
          for (const member of event.members.changed) told.set(member.userId, member);
          for (const userId of event.members.removed) told.delete(userId);
          assert.equal(event.members.memberCount, state.members.size);
        }
        const rows = [...state.members];
        // Nobody is left who could be told, and nobody comes back.
        if (rows.length === 0) {
          assert.deepEqual(
            play(state, join("eve", ""), members("ann", false, "eve")),
            Array(2).fill("not-a-member"),
          );
          return;
        }
        const owners = rows.filter(([, { role }]) => role === "owner").map(([userId]) => userId);
        const staff = rows.filter(([, { role }]) => role !== "member").map(([userId]) => userId);
        assert.equal(owners.length, 1);
        assert.deepEqual(new Set(state.head!.group!.staffIds), new Set(staff));
        assert.deepEqual(told, new Map(rows.map(([userId, row]) => [userId, memberOf(userId, row)])));
        assert.deepEqual(info, infoOf(state.head!));
        assert.deepEqual(
          [revision, state.requests.size],
          [state.head!.group!.membersRevision, state.head!.group!.requestCount],
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("who may pin and mention everybody is a setting, and a role of a scenario may be denied to react", () => {
  const scenario = filled(Scenario, {
    ...CLASS,
    roles: CLASS.roles.map((role) =>
      role.name === "student" ? { ...role, kinds: [], denied: ["react"] } : role,
    ),
  });
  const state = begun(createAs("ann", ["bob"], { scenario }), send("ann", 1));
  assert.deepEqual(
    play(
      state,
      pin("bob", 2),
      set("ann", { pinBy: "admins", mentionBy: "admins" }),
      pin("bob", 2),
      pin("ann", 2),
      react("bob", 2, "👍"),
      react("ann", 2, "👍"),
      toAll("bob", 1),
      toAll("ann", 2),
    ),
    ["done", "done", "not-allowed", "done", "not-allowed", "done", "not-allowed", "sent"],
  );
});

/** A text that mentions everybody. */
function toAll(name: string, number: number): ConversationRecord {
  const one = send(name, number);
  const body = filled(Body, { text: { text: "all!" }, mentions: { userIds: [], isAll: true } });
  return { ...one, send: { ...one.send!, body } };
}
