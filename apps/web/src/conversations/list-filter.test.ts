import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId } from "@parley/protocol";
import { LIST_FILTERS, passesFilter } from "./list-filter.js";

const quiet = { unread: 0, unreadMentions: [], isMember: true };
const ENTRIES = {
  direct: { ...quiet, conversationId: "d:ada:bob" as ConversationId },
  group: { ...quiet, conversationId: "g:one" as ConversationId, unread: 2 },
  asked: { ...quiet, conversationId: "g:two" as ConversationId, unread: 2, unreadMentions: [7] },
  left: {
    conversationId: "g:three" as ConversationId,
    unread: 2,
    unreadMentions: [7],
    isMember: false,
  },
};

test("each filter shows its conversations; in a group that one has left nothing waits", () => {
  const shown = LIST_FILTERS.map((filter) => [
    filter,
    Object.entries(ENTRIES).flatMap(([name, entry]) => (passesFilter(entry, filter) ? [name] : [])),
  ]);
  deepEqual(Object.fromEntries(shown), {
    all: ["direct", "group", "asked", "left"],
    unread: ["group", "asked"],
    mentions: ["asked"],
    groups: ["group", "asked", "left"],
    direct: ["direct"],
  });
});
