import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { Message, UserId } from "@parley/protocol";
import { ENGLISH } from "../language/english.js";
import { previewOf, type PreviewOptions } from "./preview.js";

const options: PreviewOptions = {
  strings: ENGLISH,
  self: "ada" as UserId,
  nameOf: (userId) => userId.toUpperCase(),
  isGroup: true,
  draft: "",
};

function entryWith(senderId: string, body: unknown): { readonly lastMessage: Message } {
  return { lastMessage: { senderId, body } as Message };
}

test("the preview says who said what in one line, or what was begun to be written", () => {
  const text = { text: { text: "one\n\n  two" } };
  const notice = { notice: { code: "created", actorId: "bob", userIds: [], text: "" } };
  deepEqual(
    [
      previewOf(entryWith("bob", text), options),
      previewOf(entryWith("bob", text), { ...options, isGroup: false }),
      previewOf(entryWith("ada", text), options),
      previewOf(entryWith("bob", notice), options),
      previewOf(entryWith("bob", {}), options),
      previewOf({ lastMessage: undefined }, options),
      previewOf(entryWith("bob", text), { ...options, draft: " well\nthen" }),
      previewOf(entryWith("bob", text), { ...options, draft: " \n" }),
    ],
    [
      "BOB: one two",
      "one two",
      "You: one two",
      "BOB created the group",
      "BOB: This version cannot show this message.",
      "No message to show",
      "Draft: well then",
      "BOB: one two",
    ],
  );
});

test("of a recalled message it says who recalled it", () => {
  const recall = { actorId: "ada", timeMs: 1 };
  const lastMessage = { senderId: "bob", body: undefined, recall } as Message;
  deepEqual(previewOf({ lastMessage }, options), "ADA recalled a message");
});

test("a long text is cut", () => {
  const preview = previewOf(entryWith("ada", { text: { text: "x".repeat(16_000) } }), options);
  deepEqual([preview.length, preview.at(-1)], ["You: ".length + 121, "…"]);
});
