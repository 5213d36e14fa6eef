/** Searching one conversation: filters, pages, budgets, and changes that come in between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "@parley/base";
import {
  type Body,
  type ConversationId,
  type Init,
  type MediaId,
  type UserId,
  filled,
  MediaBody,
  NoticeBody,
  PAGE_BYTES_MAX,
  SEARCH_PAGE_MAX,
  TEXT_BYTES_MAX,
  encodeFrame,
} from "@parley/protocol";
import { CONVERSATION_SEARCH, conversationPartition } from "../conversation-tables.js";
import { SESSION } from "../testing/history-bench.js";
import { SearchBench, sequencesOf } from "../testing/search-bench.js";
import { CHUNK_SEQUENCES } from "./chunk-changes.js";

const GROUP = "g:team" as ConversationId;
const PARTITION = conversationPartition({ tenantId: SESSION.tenantId, conversationId: GROUP });

/** Every message says who it is, and some of them `word`. */
function textsOf(count: number, said: Readonly<Record<number, string>> = {}): readonly string[] {
  return Array.from({ length: count }, (_, index) => `message n${index + 1} ${said[index + 1] ?? ""}`);
}

async function filteredChunks(bench: SearchBench): Promise<readonly number[]> {
  const rows = await bench.tables.range({ table: CONVERSATION_SEARCH, partition: PARTITION, limit: 100 });
  return rows.map(({ sort }) => sort[0] as number);
}

test("messages are found in full chunks and beside them, the newest first, with their places", async () => {
  const bench = new SearchBench();
  bench.write(GROUP, textsOf(600, { 1: "项目", 256: "Proj", 257: "project 项目", 600: "the 新项目" }));
  assert.deepEqual(
    [
      await bench.hits({ conversationId: GROUP, text: "proj" }),
      await bench.hits({ conversationId: GROUP, text: "项目" }),
    ].map((hits) => hits.map(({ message, spans }) => [message.sequence, ...spans])),
    [
      [
        [257, 13, 17],
        [256, 13, 17],
      ],
      [
        [600, 18, 20],
        [257, 21, 23],
        [1, 11, 13],
      ],
    ],
  );
});

test("a chunk that was read once is read no more for words that it has not", async () => {
  const bench = new SearchBench();
  bench.write(GROUP, textsOf(1000, { 300: "apple" }));
  await bench.tables.flush();
  const counts = [];
  for (const text of ["apple", "apple", "pear", "n300 apple"]) {
    const before = bench.engine.messageRows;
    const found = sequencesOf(await bench.hits({ conversationId: GROUP, text }));
    counts.push([bench.engine.messageRows - before, ...found]);
    await bench.tables.flush();
  }
  // 232 messages follow the last full chunk. Those that are found are read by nobody a second time.
  assert.deepEqual(counts, [[1000, 300], [232 + 256, 300], [232], [232 + 256, 300]]);
});

test("a filter is neither made nor asked for a chunk in which a user may not see everything", async () => {
  const bench = new SearchBench();
  bench.write(GROUP, textsOf(600, { 5: "secret", 256: "secret" }), { firstVisible: 200 });
  await bench.tables.flush();
  const found = sequencesOf(await bench.hits({ conversationId: GROUP, text: "secret" }));
  assert.deepEqual([found, await filteredChunks(bench)], [[256], [1]]);
  assert.equal(bench.engine.messageRows, 600 - 199);
});

test("filters are looked for and time is kept, by sender and by time", async () => {
  const bench = new SearchBench();
  bench.write(GROUP, textsOf(700));
  const hits = async (request: object): Promise<readonly number[]> =>
    sequencesOf(await bench.hits({ conversationId: GROUP, text: "message", limit: 7, ...request }));
  assert.deepEqual(
    await hits({ fromMs: 250, untilMs: 261, senderId: "ann" as UserId }),
    [260, 258, 256, 254, 252, 250],
  );
  assert.deepEqual((await hits({ untilMs: 10 })).length, 9);
  assert.deepEqual(await hits({ fromMs: 699 }), [700, 699]);
  assert.deepEqual(await hits({ fromMs: 701 }), []);
  assert.deepEqual((await hits({})).length, 700);
});

test("messages of a kind or a sender are found without words, and chunks without any are skipped", async () => {
  const bench = new SearchBench();
  const media = (kind: string, caption = ""): Init<Body> => ({
    media: filled(MediaBody, { mediaId: `m-${kind}` as MediaId, kind, caption }),
  });
  bench.write(GROUP, textsOf(1000, { 20: "see https://parley.example/a", 600: "http:// is none" }), {
    bodies: {
      30: media("image"),
      40: media("hologram"),
      310: media("image", "from http://x.example"),
      999: { notice: filled(NoticeBody, { code: "renamed", text: "https://parley.example" }) },
    },
  });
  await bench.tables.flush();
  const found = [];
  for (const request of [
    { kind: "link" },
    { kind: "image" },
    { kind: "file" },
    { kind: "image", text: "from" },
    { kind: "video" },
    { kind: "link", senderId: "bob" as UserId },
    { senderId: "eve" as UserId },
    { senderId: "bob" as UserId, fromMs: 996 },
  ]) {
    const before = bench.engine.messageRows;
    const hits = await bench.hits({ conversationId: GROUP, ...request });
    found.push([bench.engine.messageRows - before, ...sequencesOf(hits)]);
    await bench.tables.flush();
  }
  // The last 232 are in no full chunk.
  assert.deepEqual(found, [
    [1000, 310, 20],
    [232 + 512, 310, 30],
    [232 + 256, 40],
    [232 + 256, 310],
    [232],
    // Somebody's link is in both chunks, and something of bob's: a filter knows of messages only together.
    [232 + 512],
    [232],
    [5, 997],
  ]);
});

test("a page ends with its limit, its bytes or the work of one request, and the next one goes on", async () => {
  const many = new SearchBench();
  many.write(GROUP, textsOf(300));
  const large = new SearchBench();
  large.write(GROUP, Array<string>(40).fill(`find ${"x".repeat(TEXT_BYTES_MAX - 5)}`));
  const costly = new SearchBench({ workMax: 300 });
  costly.write(GROUP, textsOf(3000, { 1: "apple" }));
  const filters = new SearchBench({ filtersMax: 4 });
  filters.write(GROUP, textsOf(3000, { 1: "apple" }));
  await filters.pages({ conversationId: GROUP, text: "apple" });
  const outcome = [];
  for (const [bench, text] of [
    [many, "message"],
    [large, "find"],
    [costly, "apple"],
    [filters, "apple"],
  ] as const) {
    const pages = await bench.pages({ conversationId: GROUP, text });
    const sizes = pages.map(({ hits }) => hits.length);
    const bytes = Math.max(...pages.map((page) => encodeFrame("searchPage", page).length));
    const sequences = sequencesOf(pages.flatMap(({ hits }) => hits));
    assert.deepEqual(
      sequences,
      sequences.toSorted((one, other) => other - one),
    );
    outcome.push([pages.length, Math.max(...sizes), sequences.length, bytes < PAGE_BYTES_MAX * 2]);
  }
  assert.deepEqual(outcome, [
    [6, SEARCH_PAGE_MAX, 300, true],
    [8, 5, 40, true],
    [6, 1, 1, true],
    [3, 1, 1, true],
  ]);
});

test("an edit, a recall and what I hide are found as they are now, before and after filters are made", async () => {
  const bench = new SearchBench();
  bench.write(GROUP, textsOf(600, { 10: "apple", 20: "apple", 30: "apple", 300: "apple" }));
  const apples = async (): Promise<unknown> => [
    sequencesOf(await bench.hits({ conversationId: GROUP, text: "apple" })),
    sequencesOf(await bench.hits({ conversationId: GROUP, text: "pear" })),
  ];
  const seen = [await apples()];
  bench.change(GROUP, 10, "now a pear");
  seen.push(await apples(), await filteredChunks(bench));
  bench.change(GROUP, 20, undefined);
  bench.hidden.add(`${GROUP} 30`);
  bench.change(GROUP, 299, "another apple");
  seen.push(await filteredChunks(bench), await apples());
  assert.deepEqual(seen, [[[300, 30, 20, 10], []], [[300, 30, 20], [10]], [0, 1], [], [[300, 299], [10]]]);
});

test("a filter that is made while a message changes does not hide what it says then", async () => {
  const kept = [];
  for (let turn = 0; turn < 80; turn++) {
    const bench = new SearchBench();
    bench.write(GROUP, textsOf(CHUNK_SEQUENCES, { 10: "apple" }));
    await bench.tables.flush();
    const searching = bench.hits({ conversationId: GROUP, text: "apple" });
    for (let each = 0; each < turn; each++) await Promise.resolve();
    bench.change(GROUP, 10, "pear");
    await searching;
    kept.push((await filteredChunks(bench)).length);
    const outcome = [];
    for (const text of ["apple", "pear"])
      outcome.push(sequencesOf(await bench.hits({ conversationId: GROUP, text })));
    assert.deepEqual(outcome, [[], [10]], `the change came in turn ${turn}`);
  }
  // The change came before the filter was begun, while it was made, and after it was there.
  assert.deepEqual([kept[0], kept.includes(0), kept.at(-1)], [1, true, 0]);
});

test("a directed message is found by those who see it, and changes nothing for others", async () => {
  const said = { 10: "apple", 20: "apple", 300: "apple" };
  const outcomes = [];
  for (const words of [said, { ...said, 20: "pear ".repeat(500) }]) {
    const bench = new SearchBench({ workMax: 100 });
    bench.write(GROUP, textsOf(600, words), { directed: [20, 300] });
    await bench.tables.flush();
    const seen = [];
    // Without filters, and with them.
    for (let turn = 0; turn < 2; turn++) {
      const pages = await bench.pages({ conversationId: GROUP, text: "apple" });
      seen.push(pages.map(({ hits, next }) => [next, ...sequencesOf(hits)]));
    }
    const rows = await bench.tables.range({ table: CONVERSATION_SEARCH, partition: PARTITION, limit: 9 });
    const found = await Promise.all(
      ["bob", "cy"].map(async (userId) =>
        sequencesOf(await bench.hits({ conversationId: GROUP, text: "apple" }, userId)),
      ),
    );
    outcomes.push({ seen, filters: rows.map(({ value }) => Buffer.from(value).toString("hex")), found });
  }
  const [first, second] = outcomes;
  assert.deepEqual(
    [first!.seen.map((pages) => pages.flatMap(([, ...sequences]) => sequences)), first!.found, second!.found],
    [
      [[10], [10]],
      [
        [300, 20, 10],
        [300, 20, 10],
      ],
      [
        [300, 10],
        [300, 10],
      ],
    ],
  );
  // Nothing that others see tells what it says: neither pages nor filters.
  assert.deepEqual([second!.seen, second!.filters], [first!.seen, first!.filters]);
});

test("two searches at a time make one filter, and it is right", async () => {
  const bench = new SearchBench();
  bench.write(GROUP, textsOf(CHUNK_SEQUENCES, { 10: "apple" }));
  const both = await Promise.all(
    ["apple", "pear"].map((text) => bench.hits({ conversationId: GROUP, text })),
  );
  assert.deepEqual([both.map(sequencesOf), await filteredChunks(bench)], [[[10], []], [0]]);
});

test("a user runs a few searches at a time, and more later", async () => {
  const bench = new SearchBench();
  bench.write(GROUP, textsOf(10));
  const search = (): Promise<unknown> =>
    bench.page({ conversationId: GROUP, text: "n1" }).then(({ hits }) => hits.length, failureCode);
  assert.deepEqual(await Promise.all([search(), search(), search()]), [2, 2, "too-many-requests"]);
  assert.deepEqual(await Promise.all([search(), search()]), [2, 2]);
});

test("strangers, wrong cursors and wrong times are refused", async () => {
  const bench = new SearchBench();
  bench.write(GROUP, textsOf(10));
  const codes = [];
  for (const request of [
    { conversationId: "g:other" as ConversationId },
    { conversationId: GROUP, cursor: "x" },
    { conversationId: GROUP, cursor: "c/1/2" },
    { conversationId: GROUP, cursor: "c/99999999999999999" },
    { conversationId: GROUP, cursor: "a//0/5" },
    { cursor: "c/5" },
    { cursor: "a//2/5" },
    { cursor: "a//0/5/g:x" },
    { cursor: "a//0/5/nobody/1/1/1" },
    { cursor: "a/x/0/5" },
    { conversationId: GROUP, fromMs: 5, untilMs: 5 },
    { conversationId: GROUP, text: "" },
    { conversationId: GROUP, text: "", kind: "sculpture" },
    { conversationId: GROUP, text: "", fromMs: 5 },
  ]) {
    codes.push(await bench.page({ text: "n1", ...request }).then(() => "ok", failureCode));
  }
  assert.deepEqual(codes, ["not-a-member", ...Array<string>(13).fill("bad-request")]);
});
