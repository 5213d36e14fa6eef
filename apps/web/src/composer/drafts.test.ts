import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { ConversationId, UserId } from "@parley/protocol";
import { memoryStorage } from "../session/browser-storage.js";
import { DRAFT_CHARACTERS_MAX, Drafts } from "./drafts.js";

const ONE = "g:one" as ConversationId;
const TWO = "g:two" as ConversationId;
const ADA = "ada" as UserId;

test("each conversation of each person keeps its own draft, also over a reload", () => {
  const storage = memoryStorage();
  const drafts = new Drafts(storage, ADA);
  drafts.keep(ONE, "first");
  drafts.keep(TWO, "second");
  drafts.keep(TWO, "");
  const reloaded = new Drafts(storage, ADA);
  const other = new Drafts(storage, "bob" as UserId);
  deepEqual([reloaded.read(ONE), reloaded.read(TWO), other.read(ONE)], ["first", "", ""]);
});

test("a draft beyond the limit is not kept, and neither is its beginning", () => {
  const drafts = new Drafts(memoryStorage(), ADA);
  drafts.keep(ONE, "x".repeat(DRAFT_CHARACTERS_MAX));
  const atLimit = drafts.read(ONE).length;
  drafts.keep(ONE, "x".repeat(DRAFT_CHARACTERS_MAX + 1));
  deepEqual([atLimit, drafts.read(ONE)], [DRAFT_CHARACTERS_MAX, ""]);
});

test("who listens is told of each change until it stops listening", () => {
  const drafts = new Drafts(memoryStorage(), ADA);
  const told: string[] = [];
  const stop = drafts.subscribe(() => told.push(drafts.read(ONE)));
  drafts.keep(ONE, "a");
  drafts.keep(ONE, "b");
  stop();
  drafts.keep(ONE, "c");
  deepEqual([told, drafts.read(ONE)], [["a", "b"], "c"]);
});

test("a full storage loses nothing but the new draft", () => {
  const storage = memoryStorage();
  const drafts = new Drafts(storage, ADA);
  drafts.keep(ONE, "old");
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  drafts.keep(ONE, "new");
  deepEqual(drafts.read(ONE), "old");
});
