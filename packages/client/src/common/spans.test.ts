import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SPANS_MAX } from "./limits.js";
import { newestGap, newestSpan, spansFrom, within, withSpan } from "./spans.js";
import type { Span } from "./store.js";

test("spans hold exactly what was added, ascending and never touching", () => {
  const span = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 20 }), (added) => {
      const held = new Set<number>();
      let spans: readonly Span[] = [];
      for (const [first, length] of added) {
        for (let sequence = first; sequence < first + length; sequence++) held.add(sequence);
        spans = withSpan(spans, { first, last: first + length - 1 });
      }
      const found = spans.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, at) => first + at),
      );
      deepEqual(
        found,
        [...held].toSorted((one, other) => one - other),
      );
      deepEqual(
        spans.every((one, index) => index === 0 || one.first > (spans[index - 1]?.last ?? 0) + 1),
        true,
      );
    }),
  );
});

test("beyond the limit the oldest spans are given up", () => {
  let spans: readonly Span[] = [];
  for (let index = 0; index <= SPANS_MAX; index++)
    spans = withSpan(spans, { first: index * 10, last: index * 10 });
  deepEqual([spans.length, spans[0]], [SPANS_MAX, { first: 10, last: 10 }]);
});

test("a span that was just fetched stays, however old it is", () => {
  let spans: readonly Span[] = [];
  for (let index = 1; index <= SPANS_MAX; index++)
    spans = withSpan(spans, { first: index * 10, last: index * 10 });
  spans = withSpan(spans, { first: 2, last: 3 });
  deepEqual(
    [spans.length, ...spans.slice(0, 2)],
    [SPANS_MAX, { first: 2, last: 3 }, { first: 20, last: 20 }],
  );
});

test("a span ahead of what events told is not the newest", () => {
  const spans = [
    { first: 1, last: 3 },
    { first: 6, last: 7 },
    { first: 12, last: 12 },
  ];
  deepEqual(
    [newestSpan(spans, 8), newestGap(spans, 8)],
    [
      { first: 6, last: 7 },
      { first: 4, last: 5 },
    ],
  );
});

test("what lies within bounds is cut to them, and left as it is when it lies there whole", () => {
  const whole = { first: 4, last: 6 };
  const found = within([{ first: 1, last: 2 }, whole, { first: 8, last: 20 }], { first: 3, last: 10 });
  deepEqual([found, found[0] === whole], [[whole, { first: 8, last: 10 }], true]);
  deepEqual(within([whole], { first: 7, last: 6 }), []);
});

test("spans from a sequence on lose what is below it, and stay the same object when nothing is", () => {
  const spans = [
    { first: 1, last: 3 },
    { first: 5, last: 9 },
    { first: 12, last: 12 },
  ];
  deepEqual(
    [spansFrom(spans, 1) === spans, spansFrom(spans, 4), spansFrom(spans, 7), spansFrom(spans, 13)],
    [true, spans.slice(1), [{ first: 7, last: 9 }, spans[2]], []],
  );
});
