import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, UserId } from "@parley/protocol";
import { matches, type Naming, otherOf, titleOf, unreadOf } from "./conversation-title.js";

const ADA = "ada" as UserId;
const DIRECT = "d:ada:bob" as ConversationId;
const GROUP = "g:one" as ConversationId;
const naming: Naming = { self: ADA, nameOf: (userId) => userId.toUpperCase(), untitled: "Group" };

test("a direct chat is called by the other person, a group by its title", () => {
  deepEqual(
    [
      titleOf({ conversationId: DIRECT, title: "" }, naming),
      titleOf({ conversationId: DIRECT, title: "" }, { ...naming, self: "bob" as UserId }),
      titleOf({ conversationId: GROUP, title: "Launch" }, naming),
      titleOf({ conversationId: GROUP, title: "" }, naming),
      otherOf(GROUP, ADA),
    ],
    ["BOB", "ADA", "Launch", "Group", undefined],
  );
});

test("a conversation is found by any part of its words, whatever the case and the accents", () => {
  const found = (title: string, query: string): boolean => matches(title, query);
  deepEqual(
    [
      found("Zoë Müller", "muller"),
      found("Zoë Müller", "MÜL zo"),
      found("Launch · 发布", "发"),
      found("Launch · 发布", " "),
      found("Launch", "lunch"),
      found("Launch", "launch now"),
    ],
    [true, true, true, true, false, false],
  );
});

test("nothing is unread in a group that one has left", () => {
  deepEqual([unreadOf({ unread: 3, isMember: true }), unreadOf({ unread: 3, isMember: false })], [3, 0]);
});
