import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { ConversationEntry, filled } from "@parley/protocol";
import { unreadCountOf } from "./unread-count.js";

const entry = (fields: Partial<ConversationEntry>): ConversationEntry =>
  filled(ConversationEntry, { isMember: true, ...fields });

test("what is muted or left does not count, and of a large group what mentions one", () => {
  const later = Date.now() + 60_000;
  const entries = [
    entry({ unread: 3 }),
    entry({ unread: 4, notifyLevel: "mentions" }),
    entry({ unread: 10, notifyLevel: "none" }),
    entry({ unread: 20, mutedUntilMs: later }),
    entry({ unread: 5, mutedUntilMs: 1 }),
    entry({ unread: 100, isMember: false }),
    entry({ unread: 1_000, isShared: true, unreadMentions: [7, 9] }),
    entry({ unread: 6, isShared: true, notifyLevel: "all" }),
  ];
  deepEqual([unreadCountOf(entries), unreadCountOf([])], [3 + 4 + 5 + 2 + 6, 0]);
});
