import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { RoomLedger } from "./room-ledger.js";

function faults(ledger: RoomLedger): readonly number[] {
  const { lost, duplicated, misordered, unanswered } = ledger.verdict();
  return [lost, duplicated, misordered, unanswered];
}

/** Two members, three messages that are sent and acknowledged. */
function started(): RoomLedger {
  const ledger = new RoomLedger(2, true);
  for (let number = 1; number <= 3; number++) {
    ledger.send(number);
    ledger.acknowledge(number);
  }
  return ledger;
}

test("a message is finished when all have heard it and it is acknowledged", () => {
  const ledger = new RoomLedger(2, true);
  ledger.send(5);
  deepEqual([ledger.hear(0, 1, true), ledger.hear(1, 1, true), ledger.acknowledge(1)], [false, false, true]);
  deepEqual([ledger.finished, ledger.isComplete, faults(ledger)], [1, true, [0, 0, 0, 0]]);
});

test("without acknowledgements it is finished when all have heard it, and lost when not", () => {
  const ledger = new RoomLedger(2, false);
  ledger.send(5);
  ledger.send(6);
  deepEqual(
    [ledger.hear(0, 1, true), ledger.hear(1, 1, true), ledger.hear(0, 2, true)],
    [false, true, false],
  );
  deepEqual(faults(ledger), [1, 0, 0, 0]);
});

test("the order in which the first one heard them holds for all", () => {
  const ledger = started();
  for (const number of [3, 1, 2]) ledger.hear(0, number, true);
  for (const number of [3, 2, 1]) ledger.hear(1, number, true);
  deepEqual(faults(ledger), [0, 0, 1, 0]);
});

test("what is heard twice, changed, never sent or not at all is counted", () => {
  const ledger = started();
  for (const number of [1, 1, 2]) ledger.hear(0, number, true);
  ledger.hear(1, 1, false);
  ledger.hear(1, 7, true);
  deepEqual(faults(ledger), [3, 1, 2, 0]);
});

test("a message without an answer is unanswered, and not lost", () => {
  const ledger = new RoomLedger(1, true);
  ledger.send(5);
  deepEqual(faults(ledger), [0, 0, 0, 1]);
});
