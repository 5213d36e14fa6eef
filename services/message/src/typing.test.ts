import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ConversationId,
  type UserId,
  GroupSettings,
  Member,
  TYPING_MEMBERS_MAX,
  filled,
} from "@parley/protocol";
import { MessageBench } from "./testing/message-bench.js";

async function told(
  bench: MessageBench,
  userId: string,
  conversationId: ConversationId,
): Promise<readonly string[]> {
  return bench.run(bench.message.typingAudience(bench.session(userId), conversationId));
}

test("the others in a conversation are told, and a stranger is refused", async () => {
  const bench = new MessageBench();
  const group = await bench.group("ann", "bob", "cy");
  const direct = await bench.run(bench.message.createDirect(bench.session("ann"), "bob" as UserId));
  assert.deepEqual(
    [
      await told(bench, "ann", group),
      await told(bench, "bob", direct),
      await bench.codeOf(bench.message.typingAudience(bench.session("dan"), group)),
      await bench.codeOf(bench.message.typingAudience(bench.session("cy"), direct)),
    ],
    [["bob", "cy"], ["ann"], "not-a-member", "not-a-member"],
  );
});

test("whoever may not write does not type", async () => {
  const bench = new MessageBench();
  const ann = bench.session("ann");
  const group = await bench.group("ann", "bob", "cy");
  const mutedUntilMs = bench.time.nowMs() + 60_000;
  const member = filled(Member, { userId: "bob" as UserId, mutedUntilMs });
  await bench.run(
    bench.message.groups.updateMember(ann, { conversationId: group, names: ["mutedUntilMs"], member }),
  );
  const muted = await told(bench, "bob", group);
  await bench.time.advance(60_001);
  const later = await told(bench, "bob", group);
  const settings = filled(GroupSettings, { postBy: "admins" });
  await bench.run(
    bench.message.groups.update(ann, { conversationId: group, names: ["postBy"], settings, scenario: "" }),
  );
  assert.deepEqual(
    [muted, later, await told(bench, "cy", group), await told(bench, "ann", group)],
    [[], ["ann", "cy"], [], ["bob", "cy"]],
  );
});

test("in a conversation of more than so many members nobody is told", async () => {
  const bench = new MessageBench();
  const names = Array.from({ length: TYPING_MEMBERS_MAX - 1 }, (_, index) => `u${index}`);
  for (const name of [...names, "last"]) bench.users.add(name);
  const group = await bench.group("ann", ...names);
  const full = await told(bench, "ann", group);
  const change = { conversationId: group, userIds: ["last" as UserId], isRemoval: false };
  await bench.run(bench.message.changeMembers(bench.session("ann"), change));
  assert.deepEqual([full.length, await told(bench, "ann", group)], [TYPING_MEMBERS_MAX - 1, []]);
});
