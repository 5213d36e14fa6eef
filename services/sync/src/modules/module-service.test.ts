/** What modules publish, over the user log and a conversation log that is a list. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@parley/base";
import type { ModulePublication, ModuleQuota } from "@parley/contracts";
import { type ConversationRecord, DONE, refused, type Verdict } from "@parley/domain";
import {
  type ConversationId,
  COLLAPSE_KEY_BYTES_MAX,
  type DeviceId,
  MODULE_DATA_BYTES_MAX,
  MODULE_DEVICES_MAX,
  MODULE_USERS_MAX,
  type ModuleName,
  PUSH_TEXT_BYTES_MAX,
  PUSH_TITLE_BYTES_MAX,
  User,
  filled,
  type UserId,
} from "@parley/protocol";
import { EPOCH, Sink, SyncBench, TENANT } from "../testing/sync-bench.js";
import { ModuleService } from "./module-service.js";

const TODO = "todo" as ModuleName;
const GROUP = "g:team" as ConversationId;
const ann = "ann" as UserId;
const bob = "bob" as UserId;

class ModuleBench {
  readonly sync = new SyncBench();
  readonly records: ConversationRecord[] = [];
  readonly service: ModuleService;
  verdict: Verdict = DONE;

  constructor(quota?: ModuleQuota) {
    this.service = new ModuleService({
      processor: this.sync.life.processor,
      submit: (record) => {
        this.records.push(record);
        return Promise.resolve(this.verdict);
      },
      receiversIn: ({ conversationId }) => Promise.resolve(conversationId === GROUP ? 3 : undefined),
      accounts: { findUsers: (_, userIds) => Promise.resolve(userIds.map(userOf)) },
      clock: this.sync.time,
      ...(quota === undefined ? {} : { quota }),
    });
  }

  publish(id: string, more: Partial<ModulePublication> = {}): Promise<{ readonly isDuplicate: boolean }> {
    const publication = { module: TODO, id, data: new Uint8Array([1]), to: { userIds: [ann] }, ...more };
    return this.sync.run(this.service.publish(TENANT, publication));
  }

  /** The code of what it comes to, and the field that it names. */
  async refusal(more: Partial<ModulePublication>, id = "e-1"): Promise<string> {
    try {
      await this.publish(id, more);
      return "ok";
    } catch (error) {
      const { code, details } = error as Failure;
      return [code, details["field"]].filter((each) => each !== undefined).join(" ");
    }
  }

  async told(name: string): Promise<readonly (string | undefined)[]> {
    const sink = new Sink({ epoch: EPOCH, pts: 0 });
    await this.sync.attach(this.sync.session(name), sink);
    return sink.events.map(({ module }) => module?.id);
  }
}

function userOf(userId: UserId): User | undefined {
  if (userId === "nobody") return undefined;
  return filled(User, { userId, name: userId, isSystem: userId === "news" });
}

test("an event to users is in the queue of each when it resolves, and once", async () => {
  const bench = new ModuleBench();
  const userIds = ["ann", "bob", "cy", "dora", "ann"] as UserId[];
  const first = await bench.publish("e-1", { to: { userIds } });
  const again = await bench.publish("e-1", { to: { userIds } });
  const told = await Promise.all(["ann", "bob", "cy", "dora"].map((name) => bench.told(name)));
  assert.deepEqual(
    [first, again, told],
    [{ isDuplicate: false }, { isDuplicate: true }, [["e-1"], ["e-1"], ["e-1"], ["e-1"]]],
  );
});

test("a publication that was done for some is completed by its repetition", async () => {
  const bench = new ModuleBench();
  await bench.publish("e-1", { to: { userIds: [ann] } });
  const rest = await bench.publish("e-1", { to: { userIds: [ann, bob] } });
  const told = [await bench.told("ann"), await bench.told("bob")];
  assert.deepEqual([rest, told], [{ isDuplicate: false }, [["e-1"], ["e-1"]]]);
});

test("an event that the log refuses is there after it was published again", async () => {
  const bench = new ModuleBench();
  bench.sync.life.log.refusal = new Failure("storage-full", "full", { retry: "same" });
  const refusal = await bench.refusal({});
  bench.sync.life.log.refusal = undefined;
  await bench.publish("e-1");
  assert.deepEqual([refusal, await bench.told("ann")], ["outcome-unknown", ["e-1"]]);
});

test("an event to a conversation is one record of it", async () => {
  const bench = new ModuleBench();
  await bench.publish("e-1", { to: { conversationId: GROUP } });
  bench.verdict = { kind: "done", isRepeat: true };
  const again = await bench.publish("e-1", { to: { conversationId: GROUP } });
  bench.verdict = refused("not-a-member");
  const gone = await bench.refusal({ to: { conversationId: GROUP } });
  const unknown = await bench.refusal({ to: { conversationId: "g:none" as ConversationId } });
  assert.deepEqual(
    [bench.records.map(({ conversationId, module }) => [conversationId, module?.id]), again, gone, unknown],
    [
      Array.from({ length: 3 }, () => [GROUP, "e-1"]),
      { isDuplicate: true },
      "conversation-unknown conversationId",
      "conversation-unknown conversationId",
    ],
  );
});

const FIELDS: readonly (readonly [string, Partial<ModulePublication>, Partial<ModulePublication>])[] = [
  ["bad-request module", { module: "To do" as ModuleName }, {}],
  ["bad-request userIds", { to: { userIds: [] } }, { to: { userIds: [ann] } }],
  [
    "bad-request userIds",
    { to: { userIds: users(MODULE_USERS_MAX + 1) } },
    { to: { userIds: users(MODULE_USERS_MAX) } },
  ],
  ["bad-request userIds", { to: { userIds: ["a/b" as UserId] } }, {}],
  ["bad-request userIds", { to: { userIds: ["news" as UserId] } }, {}],
  ["user-not-found userIds", { to: { userIds: [ann, "nobody" as UserId] } }, {}],
  [
    "bad-request deviceIds",
    { to: { userIds: [ann, bob], deviceIds: devices(1) } },
    { to: { userIds: [ann], deviceIds: devices(1) } },
  ],
  [
    "bad-request deviceIds",
    { to: { userIds: [ann], deviceIds: devices(MODULE_DEVICES_MAX + 1) } },
    { to: { userIds: [ann], deviceIds: devices(MODULE_DEVICES_MAX) } },
  ],
  ["bad-request conversationId", { to: { conversationId: "team" as ConversationId } }, {}],
  ["bad-request deviceKinds", { deviceKinds: ["fridge"] }, { deviceKinds: ["phone", "web"] }],
  ["bad-request priority", { priority: 3 }, { priority: 2 }],
  ["bad-request expiresAtMs", { expiresAtMs: -1 }, { expiresAtMs: 1 }],
  [
    "bad-request collapseKey",
    { collapseKey: "k".repeat(COLLAPSE_KEY_BYTES_MAX + 1) },
    { collapseKey: "k".repeat(COLLAPSE_KEY_BYTES_MAX) },
  ],
  ["bad-request collapseKey", { collapseKey: "\ud800" }, {}],
  [
    "message-too-large data",
    { data: new Uint8Array(MODULE_DATA_BYTES_MAX + 1) },
    { data: new Uint8Array(MODULE_DATA_BYTES_MAX) },
  ],
  ["bad-request push.policy", { push: pushOf("loud", "", "") }, { push: pushOf("alert", "", "") }],
  [
    "bad-request push.title",
    { push: pushOf("alert", "t".repeat(PUSH_TITLE_BYTES_MAX + 1), "") },
    { push: pushOf("alert", "t".repeat(PUSH_TITLE_BYTES_MAX), "") },
  ],
  [
    "bad-request push.text",
    { push: pushOf("data", "", "t".repeat(PUSH_TEXT_BYTES_MAX + 1)) },
    { push: pushOf("data", "", "t".repeat(PUSH_TEXT_BYTES_MAX)) },
  ],
];

for (const [expected, wrong, right] of FIELDS) {
  test(`what passes its bound is refused by its name: ${expected} ${Object.keys(wrong).join()}`, async () => {
    const bench = new ModuleBench();
    assert.deepEqual([await bench.refusal(wrong), await bench.refusal(right)], [expected, "ok"]);
  });
}

test("an id that is none is refused", async () => {
  assert.equal(await new ModuleBench().refusal({}, "a b"), "bad-request id");
});

test("a module publishes a burst and then as fast as its quota; others are not held up", async () => {
  const bench = new ModuleBench({ eventsPerSecond: 10, receiversPerSecond: 1_000 });
  const outcomes: string[] = [];
  for (let index = 0; index < 22; index++) outcomes.push(await bench.refusal({}, `e-${index}`));
  const retryAfterMs = await retryAfter(bench.publish("late"));
  const other = await bench.refusal({ module: "calls" as ModuleName }, "e-0");
  await bench.sync.time.advance(retryAfterMs);
  assert.deepEqual(
    [
      outcomes.indexOf("too-many-requests"),
      retryAfterMs > 0 && retryAfterMs <= 100,
      other,
      await bench.refusal({}, "late"),
    ],
    [20, true, "ok", "ok"],
  );
});

test("receivers count, and a quota is another one at once when it is set", async () => {
  const bench = new ModuleBench({ eventsPerSecond: 1_000, receiversPerSecond: 10 });
  const to = { userIds: users(20) };
  const first = await bench.refusal({ to }, "e-1");
  const second = await bench.refusal({ to }, "e-2");
  bench.service.setQuota(TENANT, TODO, { eventsPerSecond: 1_000, receiversPerSecond: 1_000_000 });
  await bench.sync.time.advance(500);
  const third = await bench.refusal({ to }, "e-2");
  bench.service.setQuota(TENANT, TODO, undefined);
  const fourth = await bench.refusal({ to }, "e-3");
  assert.deepEqual([first, second, third, fourth], ["ok", "too-many-requests", "ok", "too-many-requests"]);
});

test("an event for more than a burst is taken when nothing else waits", async () => {
  const bench = new ModuleBench({ eventsPerSecond: 1_000, receiversPerSecond: 10 });
  const to = { userIds: users(100) };
  const first = await bench.refusal({ to }, "e-1");
  const early = await bench.refusal({ to }, "e-2");
  await bench.sync.time.advance(10_000);
  assert.deepEqual([first, early, await bench.refusal({ to }, "e-2")], ["ok", "too-many-requests", "ok"]);
});

test("what was accepted and refused is counted", async () => {
  const bench = new ModuleBench();
  await bench.publish("e-1", { data: new Uint8Array(7) });
  await bench.refusal({ priority: 9 });
  assert.deepEqual(bench.service.counts, { accepted: 1, refused: 1, bytes: 7 });
});

function users(count: number): readonly UserId[] {
  return Array.from({ length: count }, (_, index) => `user-${index}` as UserId);
}

function devices(count: number): readonly DeviceId[] {
  return Array.from({ length: count }, (_, index) => `d-${index}` as DeviceId);
}

function pushOf(policy: string, title: string, text: string) {
  return { policy, title, text };
}

async function retryAfter(promise: Promise<unknown>): Promise<number> {
  return promise.then(
    () => 0,
    (error: unknown) => (error as Failure).retryAfterMs,
  );
}
