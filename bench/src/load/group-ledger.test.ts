import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { GroupLedger } from "./group-ledger.js";

function judged(play: (ledger: GroupLedger) => void): readonly unknown[] {
  const ledger = new GroupLedger();
  play(ledger);
  const { lost, duplicated, misordered, delivered } = ledger.verdict();
  return [lost, duplicated, misordered, delivered];
}

test("what everybody hears once and in order is right, notices included", () => {
  const verdict = judged((ledger) => {
    const hearers = [ledger.addHearer(1), ledger.addHearer(2)];
    for (const sequence of [3, 4]) ledger.acknowledge(ledger.send(0), sequence);
    hearers[0]!.hear(2, 0, true);
    for (const hearer of hearers) {
      hearer.hear(3, 1, true);
      hearer.hear(4, 2, true);
      hearer.hear(5, 0, true);
    }
  });
  deepEqual(verdict, [0, 0, 0, 4]);
});

test("what somebody does not hear is lost, and the hole is out of order", () => {
  const verdict = judged((ledger) => {
    const hearer = ledger.addHearer(0);
    for (const sequence of [1, 2]) ledger.acknowledge(ledger.send(0), sequence);
    hearer.hear(2, 2, true);
  });
  deepEqual(verdict, [1, 0, 1, 1]);
});

test("what comes twice, in another place, or with another text is told", () => {
  const twice = judged((ledger) => {
    const hearer = ledger.addHearer(0);
    ledger.acknowledge(ledger.send(0), 1);
    hearer.hear(1, 1, true);
    hearer.hear(1, 1, true);
  });
  const moved = judged((ledger) => {
    const hearers = [ledger.addHearer(0), ledger.addHearer(4)];
    ledger.acknowledge(ledger.send(0), 1);
    hearers[0]!.hear(1, 1, true);
    hearers[1]!.hear(5, 1, true);
  });
  const changed = judged((ledger) => {
    const hearer = ledger.addHearer(0);
    ledger.acknowledge(ledger.send(0), 1);
    hearer.hear(1, 1, false);
  });
  deepEqual(
    [twice, moved, changed],
    [
      [0, 1, 0, 1],
      [0, 0, 1, 2],
      [0, 0, 1, 1],
    ],
  );
});
