/** Groups through the service: what it refuses before a record, what it reads, and that a replay decides alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstalledScenario, Session } from "@parley/contracts";
import {
  type ConversationId,
  type GroupSettings,
  type Init,
  type Member,
  type UserId,
  GroupSettings as Settings,
  Member as MemberSchema,
  MEMBER_FIELDS_MAX,
  NICKNAME_BYTES_MAX,
  NOTICE_BYTES_MAX,
  Scenario,
  ScenarioField,
  ScenarioRole,
  TITLE_BYTES_MAX,
  filled,
} from "@parley/protocol";
import { MEMBER_CHANGES_KEPT } from "@parley/domain";
import { MessageBench, outcomeOf } from "../testing/message-bench.js";

const ALL = { after: "", limit: 0, sinceRevision: 0, prefix: "" };
const CLASS: InstalledScenario = {
  declared: filled(Scenario, {
    name: "class",
    version: 1,
    roles: [
      filled(ScenarioRole, { name: "teacher", base: "admin", addedBy: ["owner"] }),
      filled(ScenarioRole, {
        name: "parent",
        base: "member",
        fields: [filled(ScenarioField, { name: "child", isRequired: true, setBy: "admins" })],
        nickname: "Parent of {child}",
        addedBy: ["teacher"],
      }),
      filled(ScenarioRole, { name: "student", base: "member" }),
    ],
    creatorRole: "teacher",
    defaultRole: "student",
    settings: filled(Settings, { joinPolicy: "approval", addBy: "admins" }),
    locked: ["joinPolicy"],
  }),
  checkFields: (_role, fields) =>
    fields.some(({ value }) => value === "Nobody") ? "There is no such child." : undefined,
};

function update(
  bench: MessageBench,
  session: Session,
  conversationId: ConversationId,
  settings: Init<GroupSettings>,
): Promise<void> {
  const names = Object.keys(settings);
  return bench.message.groups.update(session, {
    conversationId,
    names,
    settings: filled(Settings, settings),
    scenario: "",
  });
}

function updateMember(
  bench: MessageBench,
  session: Session,
  conversationId: ConversationId,
  { userId, ...values }: Omit<Init<Member>, "userId"> & { readonly userId: string },
): Promise<void> {
  const member = filled(MemberSchema, { ...values, userId: userId as UserId });
  return bench.message.groups.updateMember(session, { conversationId, names: Object.keys(values), member });
}

async function membersOf(
  bench: MessageBench,
  session: Session,
  conversationId: ConversationId,
): Promise<string[]> {
  const page = await bench.run(bench.message.groups.members(session, { ...ALL, conversationId }));
  return page.members.map(({ userId, role, nickname }) => [userId, role, nickname].join(" ").trim());
}

test("members see what their group is and what they are in it", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob");
  await bench.run(update(bench, bench.session("ann"), group, { title: " Ours ", notice: "Monday" }));
  await bench.run(updateMember(bench, bench.session("bob"), group, { userId: "bob", nickname: "B." }));
  const view = await bench.run(bench.message.groups.get(bench.session("bob"), group));
  assert.deepEqual(
    [view.info?.settings?.title, view.info?.settings?.notice, view.info?.ownerId, view.info?.revision],
    ["Ours", "Monday", "ann", 2],
  );
  assert.deepEqual(
    [view.self, view.memberCount, view.membersRevision],
    [filled(MemberSchema, { userId: "bob" as UserId, role: "member", nickname: "B." }), 2, 2],
  );
});

test("settings, mutes, roles and requests are the same after a crash and a restart", async () => {
  const bench = new MessageBench();
  const [ann, bob, cy] = ["ann", "bob", "cy"].map((name) => bench.session(name)) as [
    Session,
    Session,
    Session,
  ];
  const group = await bench.group("ann", "bob");
  await bench.run(update(bench, ann, group, { joinPolicy: "approval", postBy: "all" }));
  const ask = { conversationId: group, text: "Please", scenarioRole: "", fields: [] };
  await bench.run(bench.message.groups.join(cy, ask));
  const untilMs = bench.time.nowMs() + 60_000;
  await bench.run(updateMember(bench, ann, group, { userId: "bob", mutedUntilMs: untilMs }));
  assert.equal(await bench.codeOf(bench.send(bob, group, 1)), "muted");
  const rows = await bench.rows([group]);
  await bench.time.advance(120_000);
  // The mute is over by now: what was refused then stays refused, and what comes now is taken.
  await bench.crash();
  assert.equal(await bench.codeOf(bench.send(ann, group, 1)), "ok");
  await bench.restart();
  assert.deepEqual(
    Object.entries(await bench.rows([group])).filter(
      ([name, value]) =>
        name in rows &&
        rows[name] !== value &&
        !name.startsWith("conversation-head") &&
        !name.startsWith("conversation-member/"),
    ),
    [],
  );
  const { requests } = await bench.run(
    bench.message.groups.joinRequests(ann, { conversationId: group, after: "" }),
  );
  assert.deepEqual(
    requests.map(({ userId, text }) => [userId, text]),
    [["cy", "Please"]],
  );
  await bench.run(
    bench.message.groups.answerJoin(ann, {
      conversationId: group,
      userIds: ["cy" as UserId],
      isAccepted: true,
    }),
  );
  assert.deepEqual(await membersOf(bench, cy, group), ["ann owner", "bob member", "cy member"]);
  assert.equal(await bench.codeOf(bench.send(bob, group, 1)), "ok");
});

test("a refused send is muted with until when", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob");
  const untilMs = bench.time.nowMs() + 60_000;
  await bench.run(update(bench, bench.session("ann"), group, { mutedUntilMs: untilMs }));
  const failure = await bench.run(
    bench.send(bench.session("bob"), group, 1).catch((error: unknown) => error as { details: object }),
  );
  assert.deepEqual("details" in failure && failure.details, { untilMs });
});

test("a device that was away gets what changed, page by page, and the list when that is too much", async () => {
  const bench = new MessageBench();
  const ann = bench.session("ann");
  for (let index = 0; index < 300; index++) bench.users.add(`u${index}`);
  const group = await bench.group("ann", "bob");
  const { groups } = bench.message;
  const change = (userId: string, isRemoval: boolean): Promise<void> =>
    bench.run(
      bench.message.changeMembers(ann, { conversationId: group, userIds: [userId as UserId], isRemoval }),
    );
  for (let index = 0; index < 150; index++) await change(`u${index}`, false);
  await change("u7", true);
  const known = new Map<string, string>();
  let revision = 1;
  let pages = 0;
  for (; pages < 9; pages++) {
    const page = await bench.run(
      groups.members(ann, { ...ALL, conversationId: group, sinceRevision: revision }),
    );
    for (const { userId, role } of page.members) known.set(userId, role);
    for (const userId of page.removed) known.delete(userId);
    revision = page.revision;
    if (revision === page.membersRevision) break;
  }
  assert.deepEqual(
    [pages, revision, known.size, known.has("u7"), known.has("ann")],
    [1, 152, 149, false, false],
  );
  for (let turn = 0; turn < MEMBER_CHANGES_KEPT; turn++) await change("u8", turn % 2 === 0);
  const states = [];
  for (const sinceRevision of [152, 151, 1_153]) {
    const page = await bench.run(groups.members(ann, { ...ALL, conversationId: group, sinceRevision }));
    states.push([page.isReset, page.members.length]);
  }
  assert.deepEqual(states, [
    [false, 1],
    [true, 0],
    [true, 0],
  ]);
});

test("members are found by how their ids begin", async () => {
  const bench = new MessageBench();
  const names = ["ann", "anna", "annika", "bob", "an"];
  for (const name of names) bench.users.add(name);
  const group = await bench.group("bob", "ann", "anna", "annika", "an");
  const bob = bench.session("bob");
  const find = async (prefix: string, after = "", limit = 2): Promise<readonly string[]> => {
    const request = { conversationId: group, after, limit, sinceRevision: 0, prefix };
    return (await bench.run(bench.message.groups.members(bob, request))).members.map(({ userId }) => userId);
  };
  assert.deepEqual(
    [await find("ann"), await find("ann", "anna"), await find("z"), await find("b", "", 9)],
    [["ann", "anna"], ["annika"], [], ["bob"]],
  );
});

test("a scenario is installed on the server, and its program checks what data cannot say", async () => {
  const bench = new MessageBench({ scenarios: [CLASS] });
  const ann = bench.session("ann");
  const make = (scenario: string): Promise<ConversationId> =>
    bench.message.createGroup(ann, {
      name: scenario,
      title: "4b",
      userIds: [],
      isHistoryOpen: false,
      scenario,
    });
  assert.equal(await bench.codeOf(make("unknown")), "bad-request");
  const group = await bench.run(make("class"));
  const add = (userId: string, child: string): Promise<string> =>
    bench.codeOf(
      bench.message.changeMembers(ann, {
        conversationId: group,
        userIds: [userId as UserId],
        isRemoval: false,
        scenarioRole: "parent",
        fields: [{ name: "child", value: child }],
      }),
    );
  assert.deepEqual(
    [
      await add("bob", "Nobody"),
      await add("bob", "Ida"),
      await bench.codeOf(update(bench, ann, group, { joinPolicy: "open" })),
    ],
    ["bad-request", "ok", "not-allowed"],
  );
  assert.deepEqual(await membersOf(bench, ann, group), ["ann owner", "bob member Parent of Ida"]);
  const view = await bench.run(bench.message.groups.get(bench.session("bob"), group));
  assert.deepEqual(
    [view.scenario, view.info?.scenario, view.info?.settings?.addBy, view.self?.scenarioRole],
    [CLASS.declared, "class", "admins", "parent"],
  );
});

test("what is malformed is refused and costs no record", async () => {
  const bench = new MessageBench();
  const ann = bench.session("ann");
  const group = await bench.group("ann", "bob");
  const before = await bench.rows([group]);
  const { groups } = bench.message;
  const fields = Array.from({ length: MEMBER_FIELDS_MAX + 1 }, (_, index) => ({
    name: `f${index}`,
    value: "x",
  }));
  const codes = await Promise.all(
    [
      update(bench, ann, group, { title: " " }),
      update(bench, ann, group, { title: "t".repeat(TITLE_BYTES_MAX + 1) }),
      update(bench, ann, group, { notice: "n".repeat(NOTICE_BYTES_MAX + 1) }),
      update(bench, ann, group, { notice: "n".repeat(10 * 1024 * 1024) }),
      update(bench, ann, group, { joinPolicy: "maybe" }),
      update(bench, ann, group, { postBy: "nobody" }),
      groups.update(ann, { conversationId: group, names: ["revision"], settings: undefined, scenario: "" }),
      groups.update(ann, {
        conversationId: group,
        names: Array(17).fill("title"),
        settings: undefined,
        scenario: "",
      }),
      groups.update(ann, { conversationId: group, names: [], settings: undefined, scenario: "class" }),
      updateMember(bench, ann, group, { userId: "bob", role: "king" }),
      updateMember(bench, ann, group, { userId: "bob", nickname: "n".repeat(NICKNAME_BYTES_MAX + 1) }),
      updateMember(bench, ann, group, { userId: "bob", fields }),
      updateMember(bench, ann, group, { userId: "bob", fields: [{ name: "", value: "x" }] }),
      updateMember(bench, ann, group, { userId: "zoe", role: "admin" }),
      groups.updateMember(ann, { conversationId: group, names: ["role"], member: undefined }),
      groups.answerJoin(ann, { conversationId: group, userIds: [], isAccepted: true }),
      groups.join(ann, { conversationId: group, text: "t".repeat(401), scenarioRole: "", fields: [] }),
    ].map((each) => bench.codeOf(each)),
  );
  assert.deepEqual(codes, Array(codes.length).fill("bad-request"));
  assert.deepEqual(await bench.rows([group]), before);
});

test("who is not in, is out again, may not, or asks where nobody is any more is refused, and nothing changes", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob", "cy");
  const ended = await bench.group("ann", "bob");
  const direct = await bench.run(bench.message.createDirect(bench.session("ann"), "bob" as UserId));
  const leave = { conversationId: group, userIds: ["cy" as UserId], isRemoval: true };
  await bench.run(bench.message.changeMembers(bench.session("cy"), leave));
  await bench.run(updateMember(bench, bench.session("ann"), group, { userId: "bob", mutedUntilMs: 9e15 }));
  await bench.run(bench.message.groups.dissolve(bench.session("ann"), ended));
  const before = await bench.rows([group, ended, direct]);
  const asked = async (name: string, conversationId: ConversationId): Promise<Record<string, string>> => {
    const session = bench.session(name);
    const { groups } = bench.message;
    const calls: Record<string, () => Promise<unknown>> = {
      update: () => update(bench, session, conversationId, { title: "Mine" }),
      mute: () => updateMember(bench, session, conversationId, { userId: "ann", mutedUntilMs: 9 }),
      role: () => updateMember(bench, session, conversationId, { userId: name, role: "admin" }),
      answer: () =>
        groups.answerJoin(session, { conversationId, userIds: ["eve" as UserId], isAccepted: true }),
      requests: () => groups.joinRequests(session, { conversationId, after: "" }),
      dissolve: () => groups.dissolve(session, conversationId),
      remove: () =>
        bench.message.changeMembers(session, {
          conversationId,
          userIds: ["ann" as UserId],
          isRemoval: true,
        }),
      send: () => bench.send(session, conversationId, 1),
      join: () => groups.join(session, { conversationId, text: "", scenarioRole: "", fields: [] }),
      get: () => groups.get(session, conversationId),
      members: () => groups.members(session, { ...ALL, conversationId, sinceRevision: 1 }),
    };
    const codes: Record<string, string> = {};
    for (const [what, call] of Object.entries(calls)) codes[what] = await bench.run(outcomeOf(call()));
    return codes;
  };
  const stranger = Object.fromEntries(
    [
      "update",
      "mute",
      "role",
      "answer",
      "requests",
      "dissolve",
      "remove",
      "send",
      "join",
      "get",
      "members",
    ].map((what) => [what, "not-a-member"]),
  );
  const refusedAll = {
    ...Object.fromEntries(
      ["update", "mute", "role", "answer", "requests", "dissolve", "remove"].map((what) => [
        what,
        "not-allowed",
      ]),
    ),
    members: "ok",
  };
  assert.deepEqual(await asked("eve", group), stranger);
  assert.deepEqual(await asked("cy", group), stranger);
  assert.deepEqual(await asked("bob", group), { ...refusedAll, send: "muted", join: "ok", get: "ok" });
  assert.deepEqual(await asked("ann", ended), stranger);
  assert.deepEqual(await asked("bob", ended), stranger);
  const direct1 = await asked("bob", direct);
  assert.deepEqual(
    { ...direct1, send: "" },
    { ...refusedAll, send: "", join: "not-a-member", get: "bad-request" },
  );
  const after = await bench.rows([group, ended]);
  // Only the offset of the head moves with what the machine refuses, or found done.
  const changed = Object.keys(after).filter(
    (name) => after[name] !== before[name] && !name.startsWith("conversation-head"),
  );
  assert.deepEqual(changed, []);
});

test("somebody is looked for among the members: a small group tells them all, a large one each who is asked about", async () => {
  const bench = new MessageBench();
  const others = Array.from({ length: 1_000 }, (_, index) => `u${index}`);
  for (const name of ["ann", "bob", "eve", ...others]) bench.users.add(name);
  const [small, large] = [await bench.group("ann", "bob"), await bench.group("ann", ...others.slice(0, 500))];
  const ann = bench.session("ann");
  const added = { conversationId: large, userIds: others.slice(500) as UserId[], isRemoval: false };
  await bench.run(bench.message.changeMembers(ann, added));
  const ids = ["bob", "u7", "eve"] as UserId[];
  const look = async (group: ConversationId): Promise<unknown> => {
    const among = await bench.run(bench.message.groups.among(ann, group));
    return [among.all?.length, await bench.run(among.has(ids))];
  };
  assert.deepEqual(
    [await look(small), await look(large)],
    [
      [2, [true, false, false]],
      [undefined, [false, true, false]],
    ],
  );
  const stranger = bench.run(bench.message.groups.among(bench.session("eve"), small));
  await assert.rejects(stranger, { code: "not-a-member" });
});
