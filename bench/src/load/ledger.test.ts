import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { Ledger } from "./ledger.js";

/** A ledger with `count` messages sent and acknowledged as sequences 11, 12 … */
function acknowledged(count: number): Ledger {
  const ledger = new Ledger();
  for (let number = 1; number <= count; number++) {
    ledger.send(number);
    ledger.acknowledge(number, number + 10);
  }
  return ledger;
}

function faults(ledger: Ledger): readonly number[] {
  const { lost, duplicated, misordered, unanswered } = ledger.verdict();
  return [lost, duplicated, misordered, unanswered];
}

test("messages delivered once and in order have no fault", () => {
  const ledger = acknowledged(3);
  for (const number of [1, 2, 3]) ledger.deliver(number, number + 10, true);
  deepEqual([faults(ledger), ledger.isComplete], [[0, 0, 0, 0], true]);
});

test("an acknowledged message that does not come is lost, and the hole it leaves is seen", () => {
  const ledger = acknowledged(3);
  ledger.deliver(1, 11, true);
  ledger.deliver(3, 13, true);
  deepEqual([faults(ledger), ledger.isComplete], [[1, 0, 1, 0], false]);
});

test("a message that comes twice is duplicated", () => {
  const ledger = acknowledged(2);
  for (const number of [1, 1, 2]) ledger.deliver(number, number + 10, true);
  deepEqual(faults(ledger), [0, 1, 0, 0]);
});

test("messages that change places are misordered", () => {
  const ledger = acknowledged(3);
  for (const number of [1, 3, 2]) ledger.deliver(number, number + 10, true);
  deepEqual(faults(ledger), [0, 0, 2, 0]);
});

test("another sequence than the acknowledged one, a changed text and a message nobody sent are misordered", () => {
  const ledger = acknowledged(2);
  ledger.deliver(1, 11, false);
  ledger.deliver(2, 14, true);
  ledger.deliver(7, 15, true);
  deepEqual(faults(ledger), [0, 0, 4, 0]);
});

test("a send without an answer is unanswered, and a second answer to one is a fault", () => {
  const ledger = acknowledged(1);
  ledger.acknowledge(1, 11);
  ledger.send(5);
  deepEqual([faults(ledger), ledger.inFlight], [[1, 0, 1, 1], 1]);
});
