/** The table of docs/protocol/sending.md is what the conversation machine answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readDoc, rowsOf, sectionOf } from "@parley/base/testing";
import { applyConversationRecord } from "./conversation-machine.js";
import type { Verdict } from "./verdict.js";
import { create, send, stateFor } from "./testing/records.js";

function wordsOf(verdict: Verdict): string {
  if (verdict.kind === "sent") return `sent, sequence ${verdict.sequence}`;
  return verdict.kind === "refused" ? `${verdict.code}, expected ${verdict.expected}` : verdict.kind;
}

test("sending.md answers numbers and client message ids as the machine does", () => {
  const rows = rowsOf(sectionOf(readDoc("protocol/sending.md"), "Two names for one message"));
  const state = stateFor("ann");
  applyConversationRecord(state, create("ann"), 0);
  const answered = rows.map(([number, name], index) => {
    const record = send("ann", Number(number), { name: name! });
    return [number, name, wordsOf(applyConversationRecord(state, record, index + 1).verdict)];
  });
  assert.deepEqual([rows.length, rows.map((row) => row.slice(0, 3))], [8, answered]);
});
