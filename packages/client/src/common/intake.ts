/**
 * What the server pushes, applied in order: write, then show, then confirm.
 *
 *   1. Nothing is confirmed before the commit that holds it.
 *   2. A gap is never stepped over: the connection ends and the next one begins at the stored position.
 *   3. After a Rebase nothing is applied until the whole list is stored, and what is held was compared with the server; of a
 *      topic until its entry is.
 */
import { type Ambient, Failure, messageOf, sleep, type Timer } from "@parley/base";
import {
  type ConversationEntry,
  type ConversationId,
  decode,
  Event,
  type FramePayload,
  LIST_PAGE_MAX,
} from "@parley/protocol";
import { applyRun, type EventRun, type RunOutcome } from "./apply-push.js";
import { CommitPace } from "./commit-pace.js";
import {
  COMMIT_EVENTS_MAX,
  CONFIRM_BYTES,
  CONFIRM_DELAY_MS,
  CONFIRM_EVENTS,
  LIST_WAIT_MS_MAX,
  LIST_WAIT_STEP_MS,
  INTAKE_EVENTS_MAX,
  LIST_PAGES_MAX,
  NEWEST_ENTRIES,
} from "./limits.js";
import type { ClientOptions } from "./client-options.js";
import type { History } from "./history.js";
import { ownEntry, ownEvent } from "./own-bytes.js";
import { checkHeld, checkHeldOf, giveUpRest, giveUpRestOf } from "./rebase-check.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import type { Session } from "./session.js";
import type { Topics } from "./topics.js";

interface ReceivedRun extends EventRun {
  /** Of all its events. */
  readonly bytes: number;
  /** On the monotonic clock. */
  readonly receivedMs: number;
}

/** The topic cannot be continued: its entry is fetched again. */
interface TopicRebase {
  readonly rebased: ConversationId;
}

export interface IntakeParts {
  readonly options: Pick<ClientOptions, "userId" | "ambient" | "hasLateTimers">;
  readonly replica: Replica;
  readonly session: Pick<Session, "write" | "fail" | "ping" | "reportCaughtUp" | "reportFellBehind">;
  readonly requests: Pick<Requests, "call" | "isIdle">;
  readonly history: History;
  readonly topics: Pick<Topics, "isIdle" | "followAll">;
  /** There is nothing left to do. */
  readonly onIdle: () => void;
}

export class Intake {
  readonly #parts: IntakeParts;
  readonly #ambient: Ambient;
  #queue: (ReceivedRun | TopicRebase)[] = [];
  #queuedEvents = 0;
  #isApplying = false;
  /** The server owes a Rebase, or the list is being fetched. */
  #isRebasing = false;
  #hasPong = false;
  /** What comes from now on is news; what came before is stored as fast as it goes. */
  #hasCaughtUp = false;
  readonly #pace = new CommitPace();
  /** Work of an earlier connection carries an earlier number and ends without effect on this one. */
  #generation = 0;
  #unconfirmed = 0;
  #unconfirmedBytes = 0;
  /** When the newest came of what is applied of the queue; on the monotonic clock. */
  #receivedMs = 0;
  /** Topics of which something was applied and not confirmed, and when the newest of it came. */
  readonly #unconfirmedTopics = new Map<ConversationId, number>();
  #confirmTimer: Timer | undefined;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#ambient = parts.options.ambient;
  }

  get isIdle(): boolean {
    return !this.#isApplying && !this.#isRebasing && this.#queue.length === 0 && this.#parts.topics.isIdle;
  }

  get isRebasing(): boolean {
    return this.#isRebasing;
  }

  /** A connection was welcomed. */
  onUp(): void {
    const generation = this.#generation;
    // A device without a position always gets a Rebase.
    this.#isRebasing = this.#parts.replica.state.position.epoch === 0;
    this.#hasPong = false;
    this.#hasCaughtUp = false;
    if (!this.#isRebasing) this.#parts.topics.followAll();
    // Welcome does not say how much follows. What was on its way before the answer to this Ping counts as the rest.
    this.#parts.session.ping(() => {
      if (generation !== this.#generation) return;
      this.#hasPong = true;
      this.#checkCaughtUp();
    });
  }

  /** The connection is gone; what was queued comes again. */
  onDown(): void {
    this.#generation += 1;
    this.#queue = [];
    this.#queuedEvents = 0;
    this.#isApplying = false;
    this.#isRebasing = false;
    this.#unconfirmed = 0;
    this.#unconfirmedBytes = 0;
    this.#unconfirmedTopics.clear();
    this.#confirmTimer?.cancel();
    this.#confirmTimer = undefined;
  }

  /** What was asked for on this connection failed: the next one begins where the store is. */
  fail(error: unknown): void {
    this.#failed(error, this.#generation);
  }

  /** The topics have caught up. */
  onTopicsIdle(): void {
    this.#checkCaughtUp();
  }

  /** Takes a Push frame. Errors: "malformed" for an event that cannot be decoded. */
  takePush(push: FramePayload<"push">): void {
    this.#queuedEvents += push.events.length;
    if (this.#queuedEvents > INTAKE_EVENTS_MAX) {
      this.#parts.session.fail("intake-full");
      return;
    }
    const events = push.events.map((bytes) => ownEvent(decode(Event, bytes)));
    const { epoch, firstPts } = push;
    const topic = push.conversationId === "" ? undefined : push.conversationId;
    const bytes = push.events.reduce((sum, event) => sum + event.length, 0);
    this.#queue.push({ epoch, firstPts, events, topic, bytes, receivedMs: this.#nowMs() });
    this.#begin();
  }

  /**
   * Takes a Rebase frame: the list is fetched anew, what is held is checked, and what is pushed meanwhile waits. Of a topic its
   * entry alone.
   */
  takeRebase(rebase: FramePayload<"rebase">): void {
    if (rebase.conversationId !== "") {
      this.#queue.push({ rebased: rebase.conversationId });
      this.#begin();
      return;
    }
    this.#isRebasing = true;
    this.#parts.session.reportFellBehind();
    this.#ambient.logger.info("rebase", { reason: rebase.reason });
    const generation = this.#generation;
    this.#rebase(rebase, generation).catch((error: unknown) => this.#failed(error, generation));
  }

  async #rebase(rebase: FramePayload<"rebase">, generation: number): Promise<void> {
    const { entries: known, spans } = this.#parts.replica.state;
    // What such a device fetches from now on is as the server has it after the Rebase; it has nothing of before.
    const isNew = spans.size === 0 && this.#parts.history.isIdle;
    const newest = known.size === 0 ? await this.#showNewest(generation) : undefined;
    const entries = newest ?? (await this.#fetchList());
    if (generation !== this.#generation) return;
    const trusted = isNew
      ? undefined
      : await checkHeld(this.#parts, entries, () => generation === this.#generation);
    if (generation !== this.#generation) return;
    const { epoch, pts } = rebase;
    await this.#parts.replica.edit((draft) => {
      if (trusted !== undefined) giveUpRest(draft, trusted);
      draft.replaceEntries(entries);
      draft.setPosition({ epoch, pts });
    });
    if (generation !== this.#generation) return;
    this.#isRebasing = false;
    this.#parts.topics.followAll();
    this.#confirmNow();
    this.#begin();
    this.#checkCaughtUp();
  }

  /**
   * Shows what is newest while the whole list is on its way. Without a position: whoever stops here begins anew. Returns the
   * list when that is all of it.
   */
  async #showNewest(generation: number): Promise<readonly ConversationEntry[] | undefined> {
    const { entries, isPartial, next } = await this.#parts.requests.call("listConversations", {
      limit: NEWEST_ENTRIES,
      isNewestFirst: true,
    });
    const own = entries.map(ownEntry);
    if ((!isPartial && next === "") || generation !== this.#generation) return own;
    await this.#parts.replica.edit((draft) => {
      for (const entry of own) draft.putEntry(entry);
    });
    await this.#letOthersFirst(generation);
    return undefined;
  }

  /** What is looked at now is fetched before the rest of a long list, which takes the network for itself. */
  async #letOthersFirst(generation: number): Promise<void> {
    const { requests } = this.#parts;
    for (let waitedMs = 0; waitedMs < LIST_WAIT_MS_MAX; waitedMs += LIST_WAIT_STEP_MS) {
      await sleep(this.#ambient.scheduler, LIST_WAIT_STEP_MS);
      if (requests.isIdle || generation !== this.#generation) return;
    }
  }

  async #rebaseTopic(conversationId: ConversationId, generation: number): Promise<void> {
    const { entries } = await this.#parts.requests.call("listConversations", { conversationId });
    const [entry] = entries;
    if (generation !== this.#generation || entry === undefined) return;
    const trusted = entry.isMember
      ? await checkHeldOf(this.#parts, entry)
      : new Map<ConversationId, undefined>();
    if (generation !== this.#generation) return;
    await this.#parts.replica.edit((draft) => {
      giveUpRestOf(draft, conversationId, trusted);
      draft.noteRebased(conversationId);
      draft.putEntry(entry);
    });
    this.#unconfirmedTopics.set(conversationId, this.#nowMs());
    this.#confirmSoon(0, 0);
  }

  async #fetchList(): Promise<readonly ConversationEntry[]> {
    // By id: an entry that comes twice counts once.
    const entries = new Map<string, ConversationEntry>();
    let cursor = "";
    for (let page = 0; page < LIST_PAGES_MAX; page++) {
      const answer = await this.#parts.requests.call("listConversations", { cursor, limit: LIST_PAGE_MAX });
      for (const entry of answer.entries) {
        const known = entries.get(entry.conversationId);
        if (known === undefined || known.lastSequence <= entry.lastSequence)
          entries.set(entry.conversationId, ownEntry(entry));
      }
      if (answer.next === "") return [...entries.values()];
      cursor = answer.next;
    }
    this.#ambient.logger.error("conversation list cut", { pages: LIST_PAGES_MAX });
    return [...entries.values()];
  }

  #begin(): void {
    if (this.#isApplying || this.#isRebasing || this.#queue.length === 0) return;
    this.#isApplying = true;
    const generation = this.#generation;
    this.#applyAll(generation).catch((error: unknown) => this.#failed(error, generation));
  }

  async #applyAll(generation: number): Promise<void> {
    while (generation === this.#generation && !this.#isRebasing && this.#queue.length > 0) {
      const next = this.#queue[0]!;
      if ("rebased" in next) {
        this.#queue.shift();
        await this.#rebaseTopic(next.rebased, generation);
        continue;
      }
      const waitMs = this.#gatherMs();
      if (waitMs > 0) {
        await sleep(this.#ambient.scheduler, waitMs);
        continue;
      }
      const runs = this.#takeRuns();
      const count = sumOf(runs, ({ events }) => events.length);
      const outcome = await this.#parts.replica.edit((draft): RunOutcome => {
        for (const run of runs) {
          if (applyRun(draft, run, this.#parts.options.userId) === "gap") return "gap";
        }
        return "applied";
      });
      if (generation !== this.#generation) return;
      this.#pace.note(this.#nowMs());
      this.#queuedEvents -= count;
      if (outcome === "gap") {
        this.#parts.session.fail("gap");
        return;
      }
      for (const { topic, receivedMs } of runs) {
        if (topic === undefined) this.#receivedMs = receivedMs;
        else this.#unconfirmedTopics.set(topic, receivedMs);
      }
      this.#confirmSoon(
        count,
        sumOf(runs, ({ bytes }) => bytes),
      );
    }
    if (generation !== this.#generation) return;
    this.#isApplying = false;
    this.#checkCaughtUp();
  }

  /** How long what came waits for what comes; a commit that is full waits for nothing. */
  #gatherMs(): number {
    const isFull = this.#queuedEvents >= COMMIT_EVENTS_MAX;
    if (!this.#hasCaughtUp || isFull || this.#parts.options.hasLateTimers?.() === true) return 0;
    return this.#pace.waitMs(this.#nowMs());
  }

  /** The next runs that fit in one commit. */
  #takeRuns(): readonly ReceivedRun[] {
    const runs: ReceivedRun[] = [];
    let count = 0;
    for (const item of this.#queue) {
      if ("rebased" in item) break;
      count += item.events.length;
      if (runs.length > 0 && count > COMMIT_EVENTS_MAX) break;
      runs.push(item);
    }
    this.#queue.splice(0, runs.length);
    return runs;
  }

  /** The store or the list failed: the next connection begins where the store is. */
  #failed(error: unknown, generation: number): void {
    if (generation !== this.#generation) return;
    const { logger } = this.#ambient;
    // A server that refuses for now, such as one that is stopping, is nothing that somebody has to look at.
    if (error instanceof Failure && error.retry === "same")
      logger.info("intake put off", { code: error.code });
    else logger.error("intake failed", { reason: messageOf(error) });
    this.#parts.session.fail("intake-failed");
  }

  #checkCaughtUp(): void {
    if (!this.#hasPong || !this.isIdle) return;
    this.#hasCaughtUp = true;
    this.#parts.session.reportCaughtUp();
    this.#parts.onIdle();
  }

  #confirmSoon(count: number, bytes: number): void {
    this.#unconfirmed += count;
    this.#unconfirmedBytes += bytes;
    if (this.#unconfirmed >= CONFIRM_EVENTS || this.#unconfirmedBytes >= CONFIRM_BYTES) {
      this.#confirmNow();
      return;
    }
    if (this.#unconfirmed === 0 && this.#unconfirmedTopics.size === 0) return;
    this.#confirmTimer ??= this.#ambient.scheduler.after(CONFIRM_DELAY_MS, () => this.#confirmNow());
  }

  #confirmNow(): void {
    this.#confirmTimer?.cancel();
    this.#confirmTimer = undefined;
    this.#unconfirmed = 0;
    this.#unconfirmedBytes = 0;
    const { epoch, pts } = this.#parts.replica.state.position;
    this.#parts.session.write("confirm", { epoch, pts, heldMs: this.#heldMs(this.#receivedMs) });
    for (const [conversationId, receivedMs] of this.#unconfirmedTopics) {
      const entry = this.#parts.replica.entry(conversationId);
      if (entry?.isShared !== true || !entry.isMember) continue;
      const heldMs = this.#heldMs(receivedMs);
      this.#parts.session.write("confirm", { epoch, pts: entry.topicPts, conversationId, heldMs });
    }
    this.#unconfirmedTopics.clear();
  }

  #nowMs(): number {
    return this.#ambient.clock.monotonicMs();
  }

  #heldMs(receivedMs: number): number {
    return Math.max(0, Math.round(this.#nowMs() - receivedMs));
  }
}

function sumOf(runs: readonly ReceivedRun[], figure: (run: ReceivedRun) => number): number {
  return runs.reduce((sum, run) => sum + figure(run), 0);
}
