/** Searching all conversations: the order, what is shown of each, and a list that changes meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConversationId, SEARCH_PAGE_MAX, TEXT_BYTES_MAX, encodeFrame } from "@parley/protocol";
import fc from "fast-check";
import { SearchBench } from "../testing/search-bench.js";

function idOf(index: number): ConversationId {
  return `g:${String(index).padStart(4, "0")}` as ConversationId;
}

function placesOf(hits: Awaited<ReturnType<SearchBench["hits"]>>): readonly string[] {
  return hits.map(({ message }) => `${message.conversationId} ${message.sequence}`);
}

test("the conversations that changed last come first, each with its newest messages", async () => {
  const bench = new SearchBench();
  bench.write(idOf(1), ["apple", "pear", "apple"], { fromMs: 100 });
  bench.write(idOf(2), Array<string>(300).fill("apple"), { fromMs: 1000 });
  bench.write(idOf(3), ["pear"], { fromMs: 5000 });
  bench.write(idOf(4), Array<string>(5).fill("apple"), { fromMs: 10 });
  bench.write(idOf(5), ["apple"], { fromMs: 9000 });
  bench.entries = bench.entries.map((entry) => ({ ...entry, isMember: entry.conversationId !== idOf(5) }));
  const page = await bench.page({ text: "apple" });
  assert.deepEqual(
    [placesOf(page.hits), page.next, page.truncated],
    [
      [300, 299, 298, 297, 296]
        .map((sequence) => `g:0002 ${sequence}`)
        .concat(["g:0001 3", "g:0001 1"])
        .concat([5, 4, 3, 2, 1].map((sequence) => `g:0004 ${sequence}`)),
      "",
      [idOf(2)],
    ],
  );
});

test("who left a conversation since the list was read finds nothing there", async () => {
  const bench = new SearchBench();
  bench.write(idOf(1), ["apple"]);
  bench.entries.push({ ...bench.entries[0]!, conversationId: idOf(2) });
  assert.deepEqual(placesOf(await bench.hits({ text: "apple" })), ["g:0001 1"]);
});

test("pages end with their limit and their bytes, and show each conversation once", async () => {
  const small = new SearchBench();
  const large = new SearchBench();
  for (let index = 0; index < 60; index++) {
    small.write(idOf(index), Array<string>(7).fill("apple"), { fromMs: index });
    large.write(idOf(index), Array<string>(2).fill(`apple ${"x".repeat(TEXT_BYTES_MAX - 6)}`));
  }
  const outcome = [];
  for (const bench of [small, large]) {
    // Nothing changed for long: what is searched again in the end is nothing.
    bench.time.jump(3_600_000);
    const pages = await bench.pages({ text: "apple" });
    const places = placesOf(pages.flatMap(({ hits }) => hits));
    const bytes = Math.max(...pages.map((page) => encodeFrame("searchPage", page).length));
    outcome.push([
      places.length,
      new Set(places).size,
      Math.max(...pages.map(({ hits }) => hits.length)) <= SEARCH_PAGE_MAX,
      pages.flatMap(({ truncated }) => truncated).length,
      bytes < 200 * 1024,
    ]);
  }
  assert.deepEqual(outcome, [
    [300, 300, true, 60, true],
    [120, 120, true, 0, true],
  ]);
});

test("whatever moves in the list between pages, no conversation is missed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ moved: fc.nat(29), sinceMs: fc.nat(100) }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 8, max: 60 }),
      async (moves, limit, workMax) => {
        const bench = new SearchBench({ workMax });
        bench.time.jump(3_600_000);
        const nowMs = bench.time.nowMs();
        for (let index = 0; index < 30; index++) {
          // Some have more than a page, some nothing.
          const texts = ["apple", "x", "apple", "apple"].slice(0, 1 + (index % 4));
          bench.write(idOf(index), index % 5 === 0 ? ["pear"] : texts, {
            fromMs: nowMs - 3_000_000 + index * 1000,
          });
        }
        const found = new Set<string>();
        let cursor = "";
        let pages = 0;
        do {
          const page = await bench.page({ text: "apple", cursor, limit });
          assert.ok(page.hits.length <= limit);
          for (const place of placesOf(page.hits)) found.add(place);
          cursor = page.next;
          const move = moves[pages];
          pages += 1;
          if (move === undefined) continue;
          bench.time.jump(1000);
          const entry = bench.entries[move.moved]!;
          bench.entries[move.moved] = { ...entry, updatedMs: bench.time.nowMs() - move.sinceMs };
        } while (cursor !== "" && pages < 1000);
        const expected = Array.from({ length: 30 }, (_, index) => {
          if (index % 5 === 0) return [];
          return ["apple", "x", "apple", "apple"]
            .slice(0, 1 + (index % 4))
            .flatMap((text, place) => (text === "apple" ? [`${idOf(index)} ${place + 1}`] : []));
        }).flat();
        assert.deepEqual([...found].toSorted(), expected.toSorted());
      },
    ),
    { numRuns: 60 },
  );
});
