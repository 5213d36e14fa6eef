/** Held spans: ascending, disjoint and never adjacent, for two that touch are one. */
import { SPANS_MAX } from "./limits.js";
import type { Span } from "./store.js";

/** `spans` and `added` together. Beyond SPANS_MAX the oldest claims are given up, but for the added one. */
export function withSpan(spans: readonly Span[], added: Span): readonly Span[] {
  if (added.first > added.last) return spans;
  let { first, last } = added;
  const before: Span[] = [];
  const after: Span[] = [];
  for (const span of spans) {
    if (span.last < first - 1) before.push(span);
    else if (span.first > last + 1) after.push(span);
    else {
      first = Math.min(first, span.first);
      last = Math.max(last, span.last);
    }
  }
  const excess = before.length + 1 + after.length - SPANS_MAX;
  const kept = [...before.slice(Math.max(0, excess)), { first, last }];
  return [...kept, ...after.slice(Math.max(0, excess - before.length))];
}

/** The parts of `spans` that lie within `bounds`; a span that does so whole is the same object. */
export function within(spans: readonly Span[], bounds: Span): readonly Span[] {
  return spans.flatMap((span) => {
    if (span.first >= bounds.first && span.last <= bounds.last) return [span];
    const cut = { first: Math.max(span.first, bounds.first), last: Math.min(span.last, bounds.last) };
    return cut.first > cut.last ? [] : [cut];
  });
}

/** The parts of `spans` from `first` on; the same array when that is all of them. */
export function spansFrom(spans: readonly Span[], first: number): readonly Span[] {
  if (spans.every((span) => span.first >= first)) return spans;
  return within(spans, { first, last: Number.MAX_SAFE_INTEGER });
}

/** The span that holds `sequence`. */
export function findSpan(spans: readonly Span[], sequence: number): Span | undefined {
  return spans.findLast((span) => span.first <= sequence && sequence <= span.last);
}

/**
 * The newest span that begins at or before `lastSequence`. A span that begins above it is a message of mine whose
 * predecessors are still on their way, so it is not the end of a timeline yet.
 */
export function newestSpan(spans: readonly Span[], lastSequence: number): Span | undefined {
  return (
    spans.findLast((span) => span.first <= lastSequence) ?? (lastSequence === 0 ? spans.at(0) : undefined)
  );
}

/** The missing sequences right below the newest span and above an older one. */
export function newestGap(spans: readonly Span[], lastSequence: number): Span | undefined {
  const index = spans.findLastIndex((span) => span.first <= lastSequence);
  const upper = spans[index];
  const lower = spans[index - 1];
  if (upper === undefined || lower === undefined) return undefined;
  return { first: lower.last + 1, last: upper.first - 1 };
}
