import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../check.js";
import { append, drop, type Edit } from "../testing/edits.js";
import { type Call, record } from "../testing/script.js";
import { ANN, BOB, BOBS, CAST, CAT, content, PHONE, placed, seen, SMALL } from "../testing/small-history.js";
import { LateAssignments } from "./late-assignments.js";

const SEND = { conversation: 0, clientMessageId: "c-1", content: content("text 1"), timeMs: 1 };
const ASSIGNING = new Set<Call[0]>(["messagePlaced", "memberJoined", "memberLeft", "eventAssigned"]);

/** The codes of what is found when all assignments are told first, as they are read from logs. */
function found(calls: readonly Call[]): readonly string[] {
  const isAssigning = ([name]: Call): boolean => ASSIGNING.has(name);
  const recorder = new LateAssignments();
  record(CAST, [...calls.filter(isAssigning), ...calls.filter((call) => !isAssigning(call))], recorder);
  recorder.ended();
  return check(recorder.history).anomalies.map(({ code }) => code);
}

test("a correct history whose assignments are told first has no anomaly", () => {
  assert.deepEqual(found(SMALL), []);
});

test("an assignment is taken down just before the first thing that shows it", () => {
  const recorder = new LateAssignments();
  const messages = [1, 2, 3].map((sequence) =>
    placed(sequence, BOB, { device: BOBS, name: `c-${sequence}` }),
  );
  record(
    CAST,
    [
      ...messages,
      ["sendInvoked", { ...SEND, device: BOBS }],
      ["sendOk", 0, { messageId: "m-1", sequence: 1, timeMs: 2 }],
      ["shown", { device: BOBS, conversation: 0, ...seen(2)[0]! }],
    ],
    recorder,
  );
  const { operations, placed: rows, views } = recorder.history;
  const before = [rows.at.length, rows.at.at(0) - operations.at.at(0), views.at.at(0) - rows.at.at(1)];
  recorder.ended();
  recorder.ended();
  assert.deepEqual([before, rows.at.length], [[2, 1, 1], 3]);
});

test("a removal may have come before a message if it began before the message was acknowledged", () => {
  const change = { device: PHONE, conversation: 0, users: [CAT] };
  const removal: Call = ["membersInvoked", { ...change, isRemoval: true }];
  const sendOk: Call = ["sendOk", 1, { messageId: "m-1", sequence: 1, timeMs: 2 }];
  const withoutCat = (...calls: readonly Call[]): readonly string[] =>
    found([
      placed(1, ANN, { device: PHONE, name: "c-1" }),
      ["membersInvoked", { ...change, isRemoval: false }],
      ["ok", 0],
      ["sendInvoked", { ...SEND, device: PHONE }],
      ...calls,
    ]);
  assert.deepEqual([withoutCat(removal, sendOk), withoutCat(sendOk, removal)], [[], ["stale-members"]]);
});

test("what no log has is found", () => {
  const isFound = (code: string, edit: Edit): boolean => found(edit(SMALL)).includes(code);
  assert.deepEqual(
    [
      isFound("lost", drop("messagePlaced", { sequence: 5 })),
      isFound("event-unknown", drop("eventAssigned", { user: BOB, pts: 8 })),
      isFound("never-placed", append(["shown", { device: BOBS, conversation: 0, ...seen(7)[0]! }])),
    ],
    [true, true, true],
  );
});
