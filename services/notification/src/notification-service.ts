/**
 * Tells people of what no device of theirs has. For each user and conversation there is one row at most, which says what is to be told,
 * and what devices may show already.
 *
 *                 a message that is to be told                no device confirms it in time, or none is connected
 *   (no row) ───────────────────────────────────► WAITING ──────────────────────────────────► QUEUED ──► SENDING
 *      ▲  ▲                                        │   ▲                                                   │
 *      │  └──── a device confirms it, it is read ──┘   └────────── a try failed; something new came ───────┤
 *      │                                                                                                   ▼
 *      └──────── taken away from the screens ◄── WAITING (withdrawn) ◄── it is read, or recalled ──── RESTING (shown)
 *
 *   P1  Rows are staged with the events that cause them, in one batch: what a crash leaves of the queue it leaves of them. Those of
 *       messages of large groups lie elsewhere than the topic: G1 of large-groups.ts.
 *   P2  Nobody is told of what a device confirmed in time, nor of what the rules forbid when it goes out.
 *   P3  Everything else is sent to every target at least once, and then says so in its row, or becomes a dead letter.
 *   P4  Memory, tries, and what is under way are bounded, each by a constant of this file, of sending.ts and of send-queue.ts.
 */
import { type Ambient, messageOf } from "@parley/base";
import type { AccountCalls, NotifySource, UserKey } from "@parley/contracts";
import { type UserOutcome, type UserStep, whyNotify } from "@parley/domain";
import { PendingRows } from "./pending-rows.js";
import { SendQueue } from "./send-queue.js";
import type { ConversationEntry, ConversationId, Event, Message, TenantId } from "@parley/protocol";
import type { Write, WriteBackTables } from "@parley/tables";
import type { Notification } from "./channels/channel.js";
import { composeAlert, composeModule, composeWithdrawal, type Composed } from "./composing.js";
import type { DeadLetters } from "./dead-letters.js";
import type { Deliver } from "./delivering.js";
import { Everything } from "./everything.js";
import { LargeGroups } from "./large-groups.js";
import type { ModulePush } from "./module-push.js";
import {
  eventsOf,
  hasEvents,
  isDue,
  newPending,
  NOTHING,
  NOTIFY_PENDING,
  type Pending,
  type PendingEvent,
  type PendingRow,
  readPendingRow,
  withEvent,
  withEvents,
  writeOf,
} from "./pending.js";
import type { TenantPush } from "./credentials.js";
import type { PushTargets } from "./push-targets.js";
import { Sending } from "./sending.js";

/** How long devices that are connected have, to confirm an event before the user is told of it otherwise. */
export const CONFIRM_MS = 5_000;
/** Between two notifications of one conversation to one user: what comes in between is told together. */
export const GAP_MS = 2_000;
/** Rows in memory: about 100 MB. Of one tenant half of them. */
export const PENDING_MAX = 200_000;
const ROWS_PER_USER_MAX = 10_000;

export interface NotificationOptions {
  readonly ambient: Ambient;
  readonly tables: Pick<WriteBackTables, "range" | "stage">;
  readonly targets: PushTargets;
  readonly source: NotifySource;
  readonly accounts: Pick<AccountCalls, "findUsers">;
  readonly deliver: Deliver;
  readonly dead: DeadLetters;
  /** What the operator set for a tenant. */
  readonly tenantPush: (tenantId: TenantId) => TenantPush | undefined;
  /** What a module's event asks for; undefined for other events. */
  readonly modulePushOf?: (event: Uint8Array) => ModulePush | undefined;
  /** Default CONFIRM_MS. */
  readonly confirmMs?: number;
  /** Default PENDING_MAX. */
  readonly pendingMax?: number;
  /** As in LargeGroupsOptions. */
  readonly notedPerTurn?: number;
}

export interface NotificationCounts {
  readonly delivered: number;
  readonly withdrawn: number;
  /** Confirmed by a device in time. */
  readonly confirmed: number;
  /** Forbidden by the rules when it was to go out. */
  readonly forbidden: number;
  readonly retried: number;
  /** Targets that are gone. */
  readonly gone: number;
  readonly dead: number;
  /** Left out, for too many wait. */
  readonly skipped: number;
  /** To be sent, and being sent; messages of large groups of which it is not known yet to whom. */
  readonly waiting: number;
}

type Counter = Exclude<keyof NotificationCounts, "waiting">;

export class NotificationService {
  readonly #options: NotificationOptions;
  readonly #rows: PendingRows;
  readonly #queue: SendQueue;
  readonly #sending: Sending;
  readonly #everything: Everything;
  readonly #groups: LargeGroups;
  #isRunning = false;
  readonly #counts = new Map<Counter, number>();

  constructor(options: NotificationOptions) {
    this.#options = options;
    this.#rows = new PendingRows(options.pendingMax ?? PENDING_MAX);
    this.#queue = new SendQueue(options.ambient, (pending) =>
      this.#send(pending).catch((error: unknown) => this.#end(error)),
    );
    this.#sending = new Sending(options, (counter) => this.#add(counter));
    const { ambient, targets, source } = options;
    this.#everything = new Everything(targets, ambient.logger);
    this.#groups = new LargeGroups({
      ambient,
      targets,
      source,
      everything: this.#everything,
      rows: this.#rows,
      onSaid: (user, message, how) => this.#onSaid(user, message, how),
      onRecalled: (pending, sequence) => this.#stageGone(pending, (each) => each !== sequence),
      onSkipped: () => this.#add("skipped"),
      onFailure: (error) => this.#end(error),
      notedPerTurn: options.notedPerTurn,
    });
  }

  /** Reads what waits. Call before anything is applied. */
  async open(): Promise<void> {
    const { targets, tables } = this.#options;
    for (const user of targets.users()) {
      const rows = await tables.range({
        table: NOTIFY_PENDING,
        partition: [user.tenantId, user.userId],
        limit: ROWS_PER_USER_MAX,
      });
      for (const { sort, value } of rows)
        this.#rows.put(newPending(user, String(sort[0]), readPendingRow(value)));
      await this.#everything.load(tables, user);
    }
  }

  /** Begins to tell, after the time that devices have to come back. */
  start(): void {
    this.#isRunning = true;
    for (const pending of this.#rows.all()) {
      if (isDue(pending.row)) this.#wait(pending, this.#confirmMs);
      else this.#rest(pending);
    }
    this.#groups.start();
  }

  /** Waits for what is under way; the rest is found by the next start. Idempotent. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#queue.stop();
    for (const { timer } of this.#rows.all()) timer?.cancel();
    await this.#groups.stop();
    await this.#queue.ended();
  }

  counts(): NotificationCounts {
    const of = (name: Counter): number => this.#counts.get(name) ?? 0;
    let waiting = this.#groups.waiting;
    for (const { row } of this.#rows.all()) if (isDue(row)) waiting += 1;
    return {
      delivered: of("delivered"),
      withdrawn: of("withdrawn"),
      confirmed: of("confirmed"),
      forbidden: of("forbidden"),
      retried: of("retried"),
      gone: of("gone"),
      dead: of("dead"),
      skipped: of("skipped"),
      waiting,
    };
  }

  /** What one record did to one user: returns what is to be written with it (P1). Cost: one look-up for whoever has no target. */
  onOutcome(outcome: UserOutcome, timeMs: number): readonly Write[] {
    const { state } = outcome;
    const { tenantId, userId } = state;
    const writes: Write[] = [];
    for (const { event } of outcome.steps) {
      const write = event?.settings && this.#everything.onSettings(state, event.settings);
      if (write !== undefined) writes.push(write);
    }
    if (!this.#options.targets.has(tenantId, userId)) return writes;
    const changed = new Set<Pending>();
    for (const [index, step] of outcome.steps.entries()) {
      const pending = this.#noteStep(state, step, { pts: outcome.firstPts + index, timeMs });
      if (pending !== undefined) changed.add(pending);
    }
    for (const pending of changed) {
      writes.push(writeOf(pending));
      this.#settle(pending);
    }
    return writes;
  }

  /** As `LargeGroups.onApplied`. */
  readonly onApplied: LargeGroups["onApplied"] = (...passed) => this.#groups.onApplied(...passed);

  /** As `LargeGroups.settledEnd`. */
  settledEnd(partition: number, end: number): number {
    return this.#groups.settledEnd(partition, end);
  }

  /** A user has a target, maybe its first. */
  onTarget(user: UserKey): Promise<void> {
    return this.#everything.load(this.#options.tables, user);
  }

  /** A device has everything up to `pts` (P2). */
  onConfirmed(user: UserKey, pts: number): void {
    for (const pending of this.#rows.ofUser(user))
      this.#confirm(pending, (event) => !event.isTopic && event.pts <= pts);
  }

  /** A device has everything of a topic up to `pts` (P2). */
  onTopicConfirmed(user: UserKey, conversationId: ConversationId, pts: number): void {
    const pending = this.#rows.find(user, conversationId);
    if (pending !== undefined) this.#confirm(pending, (event) => event.isTopic && event.pts <= pts);
  }

  #confirm(pending: Pending, isConfirmed: (event: PendingEvent) => boolean): void {
    const rest = eventsOf(pending.row).filter((event) => !isConfirmed(event));
    if (!this.#change(pending, withEvents(pending.row, rest))) return;
    this.#add("confirmed");
    this.#stage(pending);
    this.#settle(pending);
  }

  /** A message of a large group: it is not told again that it is to be told, nor what was told. */
  #onSaid(
    user: UserKey,
    { conversationId, sequence }: Pick<Message, "conversationId" | "sequence">,
    { pts, isAgain }: { readonly pts: number; readonly isAgain: boolean },
  ): void {
    const before = this.#rows.find(user, conversationId)?.row;
    if (before !== undefined && sequence <= before.shownSequence) return;
    const pending = this.#noteNew(user, conversationId, { pts, sequence, isTopic: true });
    if (pending === undefined || pending.row === before) return;
    this.#stage(pending);
    this.#settle(pending, isAgain ? this.#confirmMs : 0);
  }

  #stageGone(pending: Pending, isThere: (sequence: number) => boolean): void {
    if (!this.#noteGone(pending, isThere)) return;
    this.#stage(pending);
    this.#settle(pending);
  }

  #noteStep(
    state: UserOutcome["state"],
    { event, bytes, conversationId }: UserStep,
    at: { readonly pts: number; readonly timeMs: number },
  ): Pending | undefined {
    const module = this.#options.modulePushOf?.(bytes);
    if (module !== undefined) {
      if (module.push === "none") return undefined;
      const key = `~${module.collapseKey === "" ? at.pts : module.collapseKey}`;
      return this.#noteNew(state, key, { pts: at.pts, sequence: 0, isTopic: false });
    }
    if (event === undefined || conversationId === undefined) return undefined;
    const entry = state.entries.get(conversationId);
    if (entry === undefined) return undefined;
    const pending = this.#rows.find(state, conversationId);
    if (entry.isShared) {
      const isThere = (sequence: number): boolean => !isGoneOfGroup(event, sequence);
      return pending !== undefined && this.#noteGone(pending, isThere) ? pending : undefined;
    }
    const { message } = event;
    const isTold = message !== undefined && whyNotify(message, entry, state.userId, at.timeMs) !== undefined;
    if (isTold)
      return this.#noteNew(state, conversationId, {
        pts: at.pts,
        sequence: message.sequence,
        isTopic: false,
      });
    const isGone = pending !== undefined && this.#noteGone(pending, (sequence) => isUnread(entry, sequence));
    return isGone ? pending : undefined;
  }

  #noteNew(user: UserKey, key: string, event: PendingEvent): Pending | undefined {
    const pending = this.#rows.find(user, key) ?? this.#make(user, key);
    if (pending === undefined) return undefined;
    this.#change(pending, withEvent(pending.row, event));
    return pending;
  }

  /** What was read, hidden or recalled is told no more, and taken away where it is shown. False when nothing is. */
  #noteGone(pending: Pending, isThere: (sequence: number) => boolean): boolean {
    const { row } = pending;
    const rest = eventsOf(row).filter(({ sequence }) => isThere(sequence));
    const isGone = row.shownSequence > 0 && !row.isWithdrawn && !isThere(row.shownSequence);
    const after = withEvents(row, rest);
    return this.#change(pending, isGone ? { ...after, isWithdrawn: true } : after);
  }

  /** Takes what is new into the row; what was begun for the old one is of no use. False when nothing is. */
  #change(pending: Pending, row: PendingRow): boolean {
    if (row === pending.row) return false;
    pending.row = row;
    pending.attempts = 0;
    pending.done.clear();
    pending.hasChanged = true;
    return true;
  }

  /** Writes a row by itself. */
  #stage(pending: Pending): void {
    const { tenantId, userId } = pending;
    this.#options.tables.stage({ partition: [tenantId, userId], writes: [writeOf(pending)] });
  }

  /** Goes on with a row that changed, after `delayMs` at least. */
  #settle(pending: Pending, delayMs = 0): void {
    if (pending.state === "sending" || !this.#isRunning) return;
    if (!isDue(pending.row)) {
      this.#rest(pending);
      return;
    }
    // What waits keeps its time: others must not put it off for ever.
    if (pending.state !== "resting") return;
    const { source, ambient } = this.#options;
    const gapMs = pending.toldMs + GAP_MS - ambient.clock.monotonicMs();
    const isHeard = hasEvents(pending.row) && source.isConnected(pending);
    this.#wait(pending, Math.max(delayMs, gapMs, isHeard ? this.#confirmMs : 0));
  }

  #wait(pending: Pending, delayMs: number): void {
    pending.timer?.cancel();
    this.#rows.wake(pending);
    pending.state = "waiting";
    pending.timer = this.#options.ambient.scheduler.after(delayMs, () => {
      pending.timer = undefined;
      this.#queue.add(pending);
    });
  }

  /** There is nothing to be sent. */
  #rest(pending: Pending): void {
    pending.timer?.cancel();
    pending.timer = undefined;
    this.#queue.remove(pending);
    pending.state = "resting";
    this.#rows.rest(pending);
  }

  /** Undefined when no more may wait. */
  #make(user: UserKey, key: string): Pending | undefined {
    const oldest = this.#rows.inTheWay(user.tenantId);
    if (oldest !== undefined) {
      // Its notification stays until another takes its place: better than that somebody is not told.
      oldest.row = NOTHING;
      this.#stage(oldest);
      this.#rest(oldest);
    }
    const pending = this.#rows.make(user, key);
    if (pending !== undefined) return pending;
    if (!this.#counts.has("skipped"))
      this.#options.ambient.logger.warn("notifications-skipped", { waiting: this.#rows.count });
    this.#add("skipped");
    return undefined;
  }

  /** Nothing can be staged any more; the tables have said so to whoever ends the process. What waits is found by the next one. */
  #end(error: unknown): void {
    this.#isRunning = false;
    this.#options.ambient.logger.error("notifications-ended", { reason: messageOf(error) });
  }

  /** Errors: "tables-failed", "tables-closed". */
  async #send(pending: Pending): Promise<void> {
    pending.hasChanged = false;
    const { row } = pending;
    const [composed, targets] = await Promise.all([
      this.#compose(pending),
      this.#options.targets.find(pending.tenantId, pending.userId),
    ]);
    if (composed === "later" && !pending.hasChanged) {
      pending.isLow = true;
      this.#queue.add(pending);
      return;
    }
    let retryMs: number | undefined;
    if (!pending.hasChanged && composed !== "later") {
      if (composed === undefined) this.#add("forbidden");
      else if (targets.length > 0) retryMs = await this.#sending.send(pending, targets, composed);
      if (retryMs === undefined) this.#noteSent(pending, row, composed);
    }
    pending.state = "resting";
    if (retryMs === undefined) this.#settle(pending);
    else this.#wait(pending, retryMs);
  }

  /** It was sent, or is not to be; of what came meanwhile nothing is forgotten. */
  #noteSent(pending: Pending, sent: PendingRow, notification: Notification | undefined): void {
    pending.toldMs = this.#options.ambient.clock.monotonicMs();
    const isShown = notification?.kind === "alert" && hasEvents(sent);
    const isTakenAway = notification?.kind === "withdraw";
    const last = isShown ? eventsOf(sent).at(-1)!.sequence : isTakenAway ? 0 : sent.shownSequence;
    const shownSequence = Math.max(last, isTakenAway ? 0 : sent.shownSequence);
    if (pending.hasChanged) {
      // Whom it reached of several is not known: what came last goes to all of them.
      pending.row = { ...pending.row, shownSequence: Math.max(shownSequence, pending.row.shownSequence) };
    } else {
      pending.row = { ...NOTHING, shownSequence };
    }
    pending.attempts = 0;
    pending.done.clear();
    this.#stage(pending);
  }

  async #compose(pending: Pending): Promise<Composed> {
    const { key, row } = pending;
    if (key.startsWith("~")) return composeModule(this.#options, pending);
    const alert = hasEvents(row)
      ? await composeAlert(this.#options, pending, key as ConversationId)
      : undefined;
    // What takes its place takes it away, too.
    if (alert !== undefined || !row.isWithdrawn) return alert;
    return composeWithdrawal(this.#options, pending, key as ConversationId);
  }

  #add(name: Counter): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  get #confirmMs(): number {
    return this.#options.confirmMs ?? CONFIRM_MS;
  }
}

/** Of a large group the queue says only how far the user has read it, and what it has deleted or left. */
function isGoneOfGroup({ read, hidden, left }: Event, sequence: number): boolean {
  if (left !== undefined) return true;
  return sequence <= (read?.sequence ?? 0) || hidden?.sequences.includes(sequence) === true;
}

function isUnread({ unreadRanges }: ConversationEntry, sequence: number): boolean {
  for (let index = 0; index < unreadRanges.length; index += 2)
    if (sequence >= unreadRanges[index]! && sequence <= unreadRanges[index + 1]!) return true;
  return false;
}
