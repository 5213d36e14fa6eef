/**
 * What the server pushes, applied in order: write, then show, then confirm.
 *
 *   1. Nothing is confirmed before the commit that holds it.
 *   2. A gap is never stepped over: the connection ends and the next one begins at the stored position.
 *   3. After a Rebase nothing is applied until the whole list is stored, and what is held was compared with the server.
 */
import { type Ambient, Failure, messageOf, type Timer } from "@parley/base";
import {
  type ConversationEntry,
  decode,
  Event,
  type FramePayload,
  LIST_PAGE_MAX,
  type UserId,
} from "@parley/protocol";
import { applyRun, type EventRun, type RunOutcome } from "./apply-push.js";
import {
  COMMIT_EVENTS_MAX,
  CONFIRM_DELAY_MS,
  CONFIRM_EVENTS,
  INTAKE_EVENTS_MAX,
  LIST_PAGES_MAX,
} from "./limits.js";
import type { History } from "./history.js";
import { checkHeld, giveUpRest } from "./rebase-check.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import type { Session } from "./session.js";

export interface IntakeParts {
  readonly self: UserId;
  readonly ambient: Ambient;
  readonly replica: Replica;
  readonly session: Pick<Session, "write" | "fail" | "ping" | "reportCaughtUp" | "reportFellBehind">;
  readonly requests: Pick<Requests, "call">;
  readonly history: History;
}

export class Intake {
  readonly #parts: IntakeParts;
  #queue: EventRun[] = [];
  #queuedEvents = 0;
  #isApplying = false;
  /** The server owes a Rebase, or the list is being fetched. */
  #isRebasing = false;
  #hasPong = false;
  /** Work of an earlier connection carries an earlier number and ends without effect on this one. */
  #generation = 0;
  #unconfirmed = 0;
  #confirmTimer: Timer | undefined;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  get isIdle(): boolean {
    return !this.#isApplying && !this.#isRebasing && this.#queue.length === 0;
  }

  /** A connection was welcomed. */
  onUp(): void {
    const generation = this.#generation;
    // A device without a position always gets a Rebase.
    this.#isRebasing = this.#parts.replica.state.position.epoch === 0;
    this.#hasPong = false;
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
    this.#confirmTimer?.cancel();
    this.#confirmTimer = undefined;
  }

  /** Takes a Push frame. Errors: "malformed" for an event that cannot be decoded. */
  takePush(push: FramePayload<"push">): void {
    this.#queuedEvents += push.events.length;
    if (this.#queuedEvents > INTAKE_EVENTS_MAX) {
      this.#parts.session.fail("intake-full");
      return;
    }
    const events = push.events.map((bytes) => decode(Event, bytes));
    this.#queue.push({ epoch: push.epoch, firstPts: push.firstPts, events });
    this.#begin();
  }

  /** Takes a Rebase frame: the list is fetched anew, what is held is checked, and what is pushed meanwhile waits. */
  takeRebase(rebase: FramePayload<"rebase">): void {
    this.#isRebasing = true;
    this.#parts.session.reportFellBehind();
    this.#parts.ambient.logger.info("rebase", { reason: rebase.reason });
    const generation = this.#generation;
    this.#rebase(rebase, generation).catch((error: unknown) => this.#failed(error, generation));
  }

  async #rebase(rebase: FramePayload<"rebase">, generation: number): Promise<void> {
    const entries = await this.#fetchList();
    if (generation !== this.#generation) return;
    const trusted = await checkHeld(this.#parts, entries, () => generation === this.#generation);
    if (generation !== this.#generation) return;
    const { epoch, pts } = rebase;
    await this.#parts.replica.edit((draft) => {
      giveUpRest(draft, trusted);
      draft.replaceEntries(entries);
      draft.setPosition({ epoch, pts });
    });
    if (generation !== this.#generation) return;
    this.#isRebasing = false;
    this.#confirmNow();
    this.#begin();
    this.#checkCaughtUp();
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
          entries.set(entry.conversationId, entry);
      }
      if (answer.next === "") return [...entries.values()];
      cursor = answer.next;
    }
    this.#parts.ambient.logger.error("conversation list cut", { pages: LIST_PAGES_MAX });
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
      const runs = this.#takeRuns();
      const count = eventCount(runs);
      const outcome = await this.#parts.replica.edit((draft): RunOutcome => {
        for (const run of runs) {
          if (applyRun(draft, run, this.#parts.self) === "gap") return "gap";
        }
        return "applied";
      });
      if (generation !== this.#generation) return;
      this.#queuedEvents -= count;
      if (outcome === "gap") {
        this.#parts.session.fail("gap");
        return;
      }
      this.#confirmSoon(count);
    }
    if (generation !== this.#generation) return;
    this.#isApplying = false;
    this.#checkCaughtUp();
  }

  /** The next runs that fit in one commit. */
  #takeRuns(): readonly EventRun[] {
    let count = 0;
    let taken = 0;
    while (taken < this.#queue.length) {
      count += this.#queue[taken]?.events.length ?? 0;
      if (taken > 0 && count > COMMIT_EVENTS_MAX) break;
      taken += 1;
    }
    return this.#queue.splice(0, taken);
  }

  /** The store or the list failed: the next connection begins where the store is. */
  #failed(error: unknown, generation: number): void {
    if (generation !== this.#generation) return;
    const { logger } = this.#parts.ambient;
    // A server that refuses for now, such as one that is stopping, is nothing that somebody has to look at.
    if (error instanceof Failure && error.retry === "same")
      logger.info("intake put off", { code: error.code });
    else logger.error("intake failed", { reason: messageOf(error) });
    this.#parts.session.fail("intake-failed");
  }

  #checkCaughtUp(): void {
    if (this.#hasPong && this.isIdle) this.#parts.session.reportCaughtUp();
  }

  #confirmSoon(count: number): void {
    this.#unconfirmed += count;
    if (this.#unconfirmed >= CONFIRM_EVENTS) {
      this.#confirmNow();
      return;
    }
    if (this.#unconfirmed === 0) return;
    this.#confirmTimer ??= this.#parts.ambient.scheduler.after(CONFIRM_DELAY_MS, () => this.#confirmNow());
  }

  #confirmNow(): void {
    this.#confirmTimer?.cancel();
    this.#confirmTimer = undefined;
    this.#unconfirmed = 0;
    const { epoch, pts } = this.#parts.replica.state.position;
    this.#parts.session.write("confirm", { epoch, pts });
  }
}

function eventCount(runs: readonly EventRun[]): number {
  return runs.reduce((count, run) => count + run.events.length, 0);
}
