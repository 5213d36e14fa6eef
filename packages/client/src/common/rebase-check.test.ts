import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { GROUP, GROUP_2 } from "../testing/client-bench.js";
import { Draft, type ReplicaState } from "./draft.js";
import { giveUpRest } from "./rebase-check.js";

test("what was placed while a rebase checked what is held is given up with the rest", () => {
  // A repeated send of mine was answered meanwhile, in a conversation of which nothing was held when the check began.
  const spans = new Map([
    [GROUP, [{ first: 1, last: 9 }]],
    [GROUP_2, [{ first: 2, last: 2 }]],
  ]);
  const draft = new Draft({ spans } as unknown as ReplicaState);
  giveUpRest(draft, new Map([[GROUP, { first: 5, last: 9 }]]));
  deepEqual([draft.spans(GROUP), draft.spans(GROUP_2)], [[{ first: 5, last: 9 }], []]);
});
