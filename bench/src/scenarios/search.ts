/** Words looked for in one long conversation of an encrypted installation, by searches with and without filters. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import { ChunkChanges, CONVERSATION_SEARCH, HistoryReader, MessageSearch } from "@parley/message";
import { parseConversationId, parseTenantId, parseUserId } from "@parley/protocol";
import { openParley, type Parley } from "@parley/server";
import { Histogram } from "../histogram.js";
import { hundredths, thousandths } from "../rounding.js";
import { measureFilters } from "../searching/filter-cost.js";
import { whatIsSaid, wordsToFind } from "../searching/said.js";
import type { Report } from "./direct-report.js";

export interface SearchPlan {
  readonly messages: number;
  /** Of each kind. */
  readonly words: number;
  /** Where the data directory is made. */
  readonly directory: string | undefined;
}

const TENANT = parseTenantId("main");
const USER = parseUserId("ann");
const GROUP = parseConversationId("g:archive");
const START_MS = 1_700_000_000_000;
const STEP_MS = 1_000;
const IMPORTED_AT_A_TIME = 500;

type Session = Awaited<ReturnType<Parley["accounts"]["issueToken"]>>["session"];
type Search = Pick<MessageSearch, "search">;

type Hits = Awaited<ReturnType<Search["search"]>>["hits"];

/** What searches of one kind of words took. */
interface Measured {
  /** Up to the end of the conversation; of frequent words the first page. */
  readonly took: Histogram;
  readonly pages: number;
  readonly rows: number;
  readonly found: readonly string[];
}

export async function measureSearch(plan: SearchPlan, say: (line: string) => void): Promise<Report> {
  const dataDirectory = mkdtempSync(join(plan.directory ?? tmpdir(), "parley-bench-"));
  try {
    return await measureIn(dataDirectory, plan, say);
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

async function measureIn(
  dataDirectory: string,
  plan: SearchPlan,
  say: (line: string) => void,
): Promise<Report> {
  const said = whatIsSaid(plan.messages);
  const words = wordsToFind(said.texts, plan.words);
  say(`${plan.messages} messages from ${said.source}`);
  const ambient = systemAmbient();
  const onFatal = (error: unknown): never => {
    throw error instanceof Error ? error : new Error(String(error));
  };
  const parley = await openParley({ dataDirectory, ambient, onFatal });
  const figures: Record<string, number | string> = {
    messages: plan.messages,
    text: said.source,
    ...measureFilters(said.texts),
  };
  const complaints: string[] = [];
  try {
    const session = await importAll(parley, said.texts);
    await parley.checkpoint();
    const reader = countedSearches(parley);
    say("making the filters");
    const beganMs = performance.now();
    await searchAll(reader.filtered, session, "nowordlikethis");
    figures["first_search_ms"] = hundredths(performance.now() - beganMs);
    await parley.checkpoint();
    for (const [kind, looked] of Object.entries(words) as [keyof typeof words, readonly string[]][]) {
      say(`${looked.length} ${kind} words`);
      const isWhole = kind !== "frequent";
      const run = (search: Search): Promise<Measured> =>
        measureWords(search, session, { words: looked, isWhole, rows: reader.rows });
      const plain = await run(reader.plain);
      const filtered = await run(reader.filtered);
      if (plain.found.join() !== filtered.found.join())
        complaints.push(`Searches for ${kind} words found other messages with filters than without.`);
      Object.assign(figures, figuresOf(kind, plain, filtered, looked.length));
    }
  } finally {
    await parley.close();
  }
  return { figures: { ...figures, node: process.version }, complaints };
}

async function importAll(parley: Parley, texts: readonly string[]): Promise<Session> {
  await parley.accounts.addUser({ tenantId: TENANT, userId: USER, name: "Ann" });
  const { session } = await parley.accounts.issueToken({
    tenantId: TENANT,
    userId: USER,
    deviceName: "bench",
  });
  const group = { conversationId: GROUP, title: "Archive", userIds: [USER], timeMs: START_MS };
  await parley.importing.openImportedGroup(TENANT, group);
  for (let index = 0; index < texts.length; index += IMPORTED_AT_A_TIME) {
    const items = texts.slice(index, index + IMPORTED_AT_A_TIME).map((text, place) => ({
      senderId: USER,
      timeMs: START_MS + (index + place) * STEP_MS,
      text,
    }));
    const isLast = index + items.length === texts.length;
    await parley.importing.importHistory(TENANT, GROUP, { index, items, isLast });
  }
  return session;
}

/** The same search twice, one that sees no filters and makes none; both count the rows of messages that they read. */
function countedSearches(parley: Parley): {
  readonly plain: Search;
  readonly filtered: Search;
  readonly rows: () => number;
} {
  const { tables } = parley.tableStack;
  let rows = 0;
  const searchOf = (hasFilters: boolean): Search => {
    const counted: ConstructorParameters<typeof HistoryReader>[0] = {
      find: (table, partition, sort) => tables.find(table, partition, sort),
      findMany: (table, keys) => tables.findMany(table, keys),
      queryIndex: (query) => tables.queryIndex(query),
      range: async (query) => {
        const isFilter = query.table.name === CONVERSATION_SEARCH.name;
        const found = isFilter && !hasFilters ? [] : await tables.range(query);
        if (!isFilter) rows += found.length;
        return found;
      },
    };
    return new MessageSearch({
      tables: {
        range: counted.range,
        stage: (batch) => tables.stage(batch),
        // Then no filters are made.
        isOverloaded: !hasFilters,
      },
      history: new HistoryReader(counted, parley.sync),
      sync: parley.sync,
      clock: systemAmbient().clock,
      changes: new ChunkChanges(),
      budget: {},
    });
  };
  return { plain: searchOf(false), filtered: searchOf(true), rows: () => rows };
}

async function measureWords(
  search: Search,
  session: Session,
  plan: { readonly words: readonly string[]; readonly isWhole: boolean; readonly rows: () => number },
): Promise<Measured> {
  const took = new Histogram();
  const rowsBefore = plan.rows();
  const found: string[] = [];
  let pages = 0;
  for (const word of plan.words) {
    const beganMs = performance.now();
    const outcome = await searchAll(search, session, word, plan.isWhole ? Infinity : 1);
    took.add(performance.now() - beganMs);
    pages += outcome.pages;
    found.push(...outcome.hits.map(({ message }) => `${word} ${message.sequence}`));
  }
  return { took, pages, rows: plan.rows() - rowsBefore, found };
}

async function searchAll(
  search: Search,
  session: Session,
  text: string,
  pagesMax = Infinity,
): Promise<{ readonly hits: Hits; readonly pages: number }> {
  const hits: Hits[number][] = [];
  let cursor = "";
  for (let pages = 1; ; pages++) {
    const page = await search.search(session, {
      text,
      conversationId: GROUP,
      senderId: undefined,
      kind: "",
      fromMs: 0,
      untilMs: 0,
      cursor,
      limit: 0,
    });
    hits.push(...page.hits);
    if (page.next === "" || pages >= pagesMax) return { hits, pages };
    cursor = page.next;
  }
}

function figuresOf(
  kind: string,
  plain: Measured,
  filtered: Measured,
  words: number,
): Readonly<Record<string, number>> {
  const figures: Record<string, number> = { [`${kind}_words`]: words };
  for (const [name, { took, pages, rows, found }] of [
    ["plain", plain],
    ["filtered", filtered],
  ] as const) {
    figures[`${kind}_${name}_p50_ms`] = thousandths(took.quantileMs(0.5));
    figures[`${kind}_${name}_p99_ms`] = thousandths(took.quantileMs(0.99));
    figures[`${kind}_${name}_rows_per_search`] = Math.round(rows / words);
    figures[`${kind}_${name}_pages_per_search`] = hundredths(pages / words);
    figures[`${kind}_${name}_found_per_search`] = hundredths(found.length / words);
  }
  for (const figure of ["p50_ms", "p99_ms", "rows_per_search"]) {
    const ratio = figures[`${kind}_filtered_${figure}`]! / figures[`${kind}_plain_${figure}`]!;
    figures[`ratio_${kind}_${figure}`] = thousandths(ratio);
  }
  return figures;
}
