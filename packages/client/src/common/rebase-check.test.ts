import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { digestOf, emptyEntry } from "@parley/protocol";
import { GROUP, GROUP_2 } from "../testing/client-bench.js";
import { Draft, type ReplicaState } from "./draft.js";
import { checkHeld, giveUpRest } from "./rebase-check.js";
import type { VerifyParts } from "./verify.js";

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

test("what is held above the end of the list is neither compared nor trusted: a restored server has lost it", async () => {
  const asked: unknown[] = [];
  const parts = {
    replica: {
      state: {
        spans: new Map([
          [GROUP, [{ first: 1, last: 9 }]],
          [GROUP_2, [{ first: 4, last: 5 }]],
        ]),
      },
      store: { readMessages: () => Promise.resolve([]) },
    },
    requests: {
      call: (name: string, { first, last }: { readonly first: number; readonly last: number }) => {
        asked.push([name, first, last]);
        return Promise.resolve({ count: 0, digest: digestOf([]) });
      },
    },
  } as unknown as VerifyParts;
  const list = [
    { ...emptyEntry(GROUP), lastSequence: 6 },
    { ...emptyEntry(GROUP_2), lastSequence: 3 },
  ];
  const trusted = await checkHeld(parts, list, () => true);
  deepEqual(
    [asked, [...trusted]],
    [
      [["getDigest", 1, 6]],
      [
        [GROUP, { first: 1, last: 6 }],
        [GROUP_2, undefined],
      ],
    ],
  );
});
