import assert from "node:assert/strict";
import { test } from "node:test";
import type { UserId } from "@parley/protocol";
import fc from "fast-check";
import { ReadIndex } from "./read-index.js";

const user = (name: string | number): UserId => `u${name}` as UserId;

test("rows that are read late do not undo what the machine has said meanwhile", () => {
  const index = new ReadIndex();
  index.set(user(1), { firstVisible: 1, readSequence: 5 });
  index.set(user(2), undefined);
  for (const name of [1, 2, 3]) index.load(user(name), { firstVisible: 1, readSequence: 0 });
  index.finishLoading();
  assert.deepEqual(index.countOf({ sequence: 5, senderId: user(9), audience: [] }), {
    sequence: 5,
    read: 1,
    unread: 1,
  });
});

test("counts and pages are those of a walk over all members, whatever changes", () => {
  const change = fc.record({
    name: fc.nat({ max: 12 }),
    isGone: fc.boolean(),
    firstVisible: fc.integer({ min: 1, max: 9 }),
    ahead: fc.nat({ max: 9 }),
    sequence: fc.integer({ min: 1, max: 12 }),
    isUnread: fc.boolean(),
    limit: fc.integer({ min: 1, max: 4 }),
    audience: fc.oneof(
      fc.constant<UserId[]>([]),
      fc.array(fc.nat({ max: 14 }).map(user), { minLength: 1, maxLength: 5 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const index = new ReadIndex();
      index.finishLoading();
      const rows = new Map<UserId, { firstVisible: number; readSequence: number }>();
      for (const { name, isGone, firstVisible, ahead, sequence, isUnread, limit, audience } of changes) {
        const row = isGone ? undefined : { firstVisible, readSequence: firstVisible - 1 + ahead };
        index.set(user(name), row);
        if (row === undefined) rows.delete(user(name));
        else rows.set(user(name), row);
        const senderId = user(3);
        const message = { sequence, senderId, audience };
        const isFor = (id: UserId): boolean =>
          id !== senderId && (audience.length === 0 || audience.includes(id));
        const seeing = [...rows].filter(([id, each]) => isFor(id) && each.firstVisible <= sequence);
        const having = seeing.filter(([, each]) => each.readSequence >= sequence).map(([id]) => id);
        const lacking = seeing.map(([id]) => id).filter((id) => !having.includes(id));
        assert.deepEqual(index.countOf(message), {
          sequence,
          read: having.length,
          unread: lacking.length,
        });
        const listed: UserId[] = [];
        let after = "";
        do {
          const page = index.page(message, { isUnread, after, limit });
          assert.ok(page.userIds.length <= limit);
          listed.push(...page.userIds);
          after = page.next;
        } while (after !== "");
        assert.deepEqual(listed, (isUnread ? lacking : having).toSorted());
      }
    }),
  );
});
