/**
 * The web chat in a browser while 200 people's worth of messages come into the conversation that is open: does typing or
 * scrolling stutter? The same page without the flood, right before it, says what of it is the machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processCpuSeconds } from "../process-figures.js";
import { pause } from "../pause.js";
import { hundredths, thousandths } from "../rounding.js";
import { ServerProcess } from "../server-process.js";
import { Chromium, type MeasuredPage, type PageUse } from "../web/chromium.js";
import { type Crowd, LAST_NAME, PASSWORD, prepareCrowd, READER, TITLE } from "../web/crowd.js";
import { countStored, type PageNotes } from "../web/page-probe.js";
import { Person } from "../web/person.js";
import type { Report } from "./direct-report.js";

export interface WebFloodPlan {
  readonly members: number;
  /** Messages a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Other conversations in the list. */
  readonly conversations: number;
  /** Where a profile of the page's processor time during the flood is written. */
  readonly profile: string | undefined;
}

/** Messages before it all begins: more than a screen shows. */
const HISTORY_RATE = 200;
const HISTORY_MS = 500;
/** Of the time, how much is scrolled; then it goes back to the end. */
const SCROLL_SHARE = 0.3;
const END_SHARE = 0.2;
const REST_MS = 2_000;
const SETTLE_MS_MAX = 30_000;
const SETTLE_STEP_MS = 50;
const LONG_MS = 100;
/** What is aimed at. */
const INPUT_DELAY_MS = 50;
const DOM_NODES = 1_500;
const MEGABYTE = 1024 * 1024;

export async function measureWebFlood(plan: WebFloodPlan, say: (line: string) => void): Promise<Report> {
  const chromium = await Chromium.start();
  const dataDirectory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  let server: ServerProcess | undefined;
  let crowd: Crowd | undefined;
  try {
    say(`making ${plan.members} users`);
    crowd = await prepareCrowd({ dataDirectory, members: plan.members });
    server = await ServerProcess.start({ dataDirectory });
    await crowd.open(server.webSocketUrl, plan.conversations);
    const measured = await chromium.open();
    await openConversation(measured, server.url, crowd);
    say(`the page alone for ${plan.seconds} s`);
    const alone = await observe(plan, { measured, server, crowd, isFlooded: false });
    const mention = await observeMention(measured);
    say(`${plan.rate} messages a second for ${plan.seconds} s`);
    if (plan.profile !== undefined) await measured.startProfile();
    const flooded = await observe(plan, { measured, server, crowd, isFlooded: true });
    if (plan.profile !== undefined) writeFileSync(plan.profile, await measured.stopProfile());
    const { figures, complaints } = report(plan, { alone, flooded, crowd });
    return {
      figures: { ...figures, ...mention.figures },
      complaints: [...complaints, ...mention.complaints],
    };
  } finally {
    await crowd?.close();
    await chromium.close();
    await server?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

async function openConversation(measured: MeasuredPage, url: string, crowd: Crowd): Promise<void> {
  const { page } = measured;
  crowd.start(HISTORY_RATE);
  await pause(HISTORY_MS);
  await crowd.stop();
  await page.goto(url);
  await measured.signIn(READER, PASSWORD);
  await page.locator(`nav button:has-text("${TITLE}")`).first().click();
  await page.locator("[role=log] article").first().waitFor();
  // What a page does when it starts is not what is measured.
  await pause(REST_MS);
}

/** Names one of all members, twice: the first time they are not known yet. */
async function observeMention({ page }: MeasuredPage): Promise<Report> {
  const person = new Person(page);
  const takeKeys = async () => (await page.evaluate(() => globalThis.parleyProbe!.take())).keys;
  const beginning = LAST_NAME.slice(0, 5);
  await takeKeys();
  await person.mention("m");
  const first = await takeKeys();
  await pause(REST_MS);
  const offered = await person.mention(beginning);
  const keys = await takeKeys();
  const longest = hundredths(Math.max(...keys));
  return {
    figures: { mention_first_key_max_ms: hundredths(Math.max(...first)), mention_key_max_ms: longest },
    complaints: [
      ...(offered.endsWith(LAST_NAME)
        ? []
        : [`"@${beginning}" offers ${offered || "nobody"} of all members first.`]),
      ...(longest <= INPUT_DELAY_MS ? [] : [`A key of a mention was shown after ${longest} ms.`]),
    ],
  };
}

interface Scene {
  readonly measured: MeasuredPage;
  readonly server: ServerProcess;
  readonly crowd: Crowd;
  readonly isFlooded: boolean;
}

interface Observed {
  readonly notes: PageNotes;
  /** From when a message was due to the first frame that showed it or a later one, while the list was at its end. */
  readonly delays: readonly number[];
  readonly use: PageUse;
  readonly serverSeconds: number;
  readonly heapBytes: number;
  readonly sent: number;
  readonly stored: number;
  readonly isNewestShown: boolean;
  /** Nobody scrolled, and yet it did not follow the newest message. */
  readonly hasLeftEnd: boolean;
  readonly isDraftWhole: boolean;
}

async function observe(plan: WebFloodPlan, { measured, server, crowd, isFlooded }: Scene): Promise<Observed> {
  const { page } = measured;
  const person = new Person(page);
  const take = async (): Promise<PageNotes> => page.evaluate(() => globalThis.parleyProbe!.take());
  const before = { use: await measured.use(), server: processCpuSeconds(server.pid), sent: crowd.sent };
  const scrollMs = plan.seconds * SCROLL_SHARE * 1000;
  const endMs = plan.seconds * END_SHARE * 1000;
  await take();
  if (isFlooded) crowd.start(plan.rate);
  await person.startTyping(crowd.text(0) + crowd.text(1) + crowd.text(2));
  await pause(plan.seconds * 1000 - scrollMs - endMs);
  const following = await take();
  const hasLeftEnd = await person.isAway();
  await person.scroll(scrollMs);
  const scrolling = await take();
  await person.goToEnd();
  await pause(endMs);
  await crowd.stop();
  await person.stopTyping();
  const ending = await take();
  const use = await measured.use();
  const serverSeconds = processCpuSeconds(server.pid) - before.server;
  const isNewestShown = await untilNewest(measured, crowd);
  const { conversationId, range } = crowd;
  const stored = await page.evaluate(countStored, { conversationId, first: range.first, last: range.last });
  const written = await person.written();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  return {
    notes: together([following, scrolling, ending]),
    delays: isFlooded ? delaysOf(following.shown, crowd, before.sent) : [],
    use: {
      taskSeconds: use.taskSeconds - before.use.taskSeconds,
      scriptSeconds: use.scriptSeconds - before.use.scriptSeconds,
      layoutSeconds: use.layoutSeconds - before.use.layoutSeconds,
      processSeconds: use.processSeconds - before.use.processSeconds,
    },
    serverSeconds,
    heapBytes: await measured.heapBytes(),
    sent: crowd.sent,
    stored,
    isNewestShown,
    hasLeftEnd,
    isDraftWhole: written === person.draft,
  };
}

/** Whether the newest message is on the screen in the end. */
async function untilNewest({ page }: MeasuredPage, crowd: Crowd): Promise<boolean> {
  const untilMs = performance.now() + SETTLE_MS_MAX;
  while (performance.now() < untilMs) {
    const [text = ""] = (await page.locator("[role=log] article [dir=auto]").allInnerTexts()).slice(-1);
    if (text.endsWith(`#${crowd.range.newest}`)) return true;
    await pause(SETTLE_STEP_MS);
  }
  return false;
}

function delaysOf(shown: PageNotes["shown"], crowd: Crowd, before: number): readonly number[] {
  const delays: number[] = [];
  let next = before + 1;
  for (const [number, atMs] of shown) {
    for (; next <= number; next++) {
      const dueMs = crowd.dueMs(next);
      if (dueMs !== undefined) delays.push(atMs - dueMs);
    }
  }
  return delays;
}

function together(parts: readonly PageNotes[]): PageNotes {
  return {
    frames: parts.flatMap(({ frames }) => frames),
    keys: parts.flatMap(({ keys }) => keys),
    events: parts.flatMap(({ events }) => events),
    longTasks: parts.flatMap(({ longTasks }) => longTasks),
    shown: parts.flatMap(({ shown }) => shown),
    nodesMax: Math.max(...parts.map(({ nodesMax }) => nodesMax)),
    looksAway: parts.reduce((sum, { looksAway }) => sum + looksAway, 0),
  };
}

function report(
  plan: WebFloodPlan,
  measured: { readonly alone: Observed; readonly flooded: Observed; readonly crowd: Crowd },
): Report {
  const { alone, flooded, crowd } = measured;
  const [now, base] = [figuresOf(flooded), figuresOf(alone)];
  const ratio = (name: keyof typeof now): number => hundredths(now[name] / Math.max(base[name], 0.001));
  return {
    figures: {
      ...now,
      ...Object.fromEntries(Object.entries(base).map(([name, value]) => [`alone_${name}`, value])),
      frame_p99_ratio: ratio("frame_p99_ms"),
      input_delay_p99_ratio: ratio("input_delay_p99_ms"),
      messages_sent: flooded.sent,
      messages_stored: flooded.stored,
      is_newest_shown: String(flooded.isNewestShown),
      screen_delay_p50_ms: quantile(flooded.delays, 0.5),
      screen_delay_p99_ms: quantile(flooded.delays, 0.99),
      server_cpu_s: thousandths(flooded.serverSeconds),
      members: plan.members,
      conversations: plan.conversations,
      rate: plan.rate,
      seconds: plan.seconds,
      texts: crowd.textSource,
      node: process.version,
    },
    complaints: complaintsOf(plan, flooded, crowd),
  };
}

function figuresOf({ notes, use, heapBytes }: Observed) {
  return {
    long_tasks_over_100ms: notes.longTasks.filter((durationMs) => durationMs > LONG_MS).length,
    long_task_max_ms: Math.round(Math.max(0, ...notes.longTasks)),
    frame_p50_ms: quantile(notes.frames, 0.5),
    frame_p99_ms: quantile(notes.frames, 0.99),
    input_delay_p50_ms: quantile(notes.keys, 0.5),
    input_delay_p99_ms: quantile(notes.keys, 0.99),
    input_delay_max_ms: hundredths(Math.max(0, ...notes.keys)),
    keys: notes.keys.length,
    slow_event_max_ms: Math.max(0, ...notes.events),
    dom_nodes_max: notes.nodesMax,
    heap_mb: hundredths(heapBytes / MEGABYTE),
    page_task_s: thousandths(use.taskSeconds),
    page_script_s: thousandths(use.scriptSeconds),
    page_layout_s: thousandths(use.layoutSeconds),
    page_process_cpu_s: thousandths(use.processSeconds),
  };
}

function complaintsOf(plan: WebFloodPlan, flooded: Observed, crowd: Crowd): string[] {
  const { notes, sent, stored, isNewestShown, isDraftWhole } = flooded;
  const complaints: string[] = [];
  if (crowd.refused > 0) complaints.push(`${crowd.refused} messages were refused.`);
  if (stored !== sent) complaints.push(`${sent} messages were sent, and the page holds ${stored}.`);
  if (!isNewestShown) complaints.push("The newest message is not on the screen.");
  if (flooded.hasLeftEnd) complaints.push("The list left its end by itself.");
  if (!isDraftWhole) complaints.push("The field does not hold what was typed.");
  if (sent < plan.rate * plan.seconds * 0.95) complaints.push("The load did not keep up.");
  if (flooded.delays.length === 0) complaints.push("No message was seen on the screen.");
  if (notes.looksAway === 0) complaints.push("Nothing was scrolled.");
  if (notes.nodesMax > DOM_NODES)
    complaints.push(`The page had ${notes.nodesMax} nodes; ${DOM_NODES} is aimed at.`);
  const longest = Math.max(0, ...notes.longTasks);
  if (longest > LONG_MS) complaints.push(`A task took ${Math.round(longest)} ms; ${LONG_MS} is aimed at.`);
  const delayMs = quantile(notes.keys, 0.99);
  if (!(delayMs <= INPUT_DELAY_MS))
    complaints.push(
      `Keys were shown after ${delayMs} ms at the 99th percentile; ${INPUT_DELAY_MS} is aimed at.`,
    );
  return complaints;
}

/** NaN when there is none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return hundredths(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}
