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
 *   P1  Rows are staged with the events that cause them, in one batch: what a crash leaves of the queue it leaves of them.
 *   P2  Nobody is told of what a device confirmed in time, nor of what the rules forbid when it goes out.
 *   P3  Everything else is sent to every target at least once, and then says so in its row, or becomes a dead letter.
 *   P4  Memory, tries, and what is under way are bounded, each by a constant of this file.
 */
import { type Ambient, messageOf } from "@parley/base";
import type { AccountCalls, NotifySource, UserKey } from "@parley/contracts";
import { type UserOutcome, type UserStep, whyNotify } from "@parley/domain";
import { PendingRows } from "./pending-rows.js";
import { SendQueue } from "./send-queue.js";
import type { ConversationEntry, ConversationId, TenantId } from "@parley/protocol";
import type { Write, WriteBackTables } from "@parley/tables";
import type { Delivery, Notification } from "./channels/channel.js";
import { composeAlert, composeModule, composeWithdrawal, type Composed } from "./composing.js";
import type { DeadLetters } from "./dead-letters.js";
import type { Deliver } from "./delivering.js";
import type { ModulePush } from "./module-push.js";
import {
  EVENTS_MAX,
  eventsOf,
  isDue,
  newPending,
  NOTHING,
  NOTIFY_PENDING,
  type Pending,
  type PendingEvent,
  type PendingRow,
  readPendingRow,
  withEvents,
  writeOf,
} from "./pending.js";
import type { TenantPush } from "./credentials.js";
import type { KnownTarget, PushTargets } from "./push-targets.js";

/** How long devices that are connected have, to confirm an event before the user is told of it otherwise. */
export const CONFIRM_MS = 5_000;
/** Between two notifications of one conversation to one user: what comes in between is told together. */
export const GAP_MS = 2_000;
/** Rows in memory: about 100 MB. Of one tenant half of them. */
export const PENDING_MAX = 200_000;
/** Tries, the first counted; with the waits between them about an hour. */
export const ATTEMPTS_MAX = 12;
export const RETRY_MS = 2_000;
export const RETRY_MS_MAX = 15 * 60 * 1000;
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
  /** To be sent, and being sent. */
  readonly waiting: number;
}

type Counter = Exclude<keyof NotificationCounts, "waiting">;

export class NotificationService {
  readonly #options: NotificationOptions;
  readonly #rows: PendingRows;
  readonly #queue: SendQueue;
  #isRunning = false;
  readonly #counts = new Map<Counter, number>();

  constructor(options: NotificationOptions) {
    this.#options = options;
    this.#rows = new PendingRows(options.pendingMax ?? PENDING_MAX);
    this.#queue = new SendQueue(options.ambient, (pending) =>
      this.#send(pending).catch((error: unknown) => this.#end(error)),
    );
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
    }
  }

  /** Begins to tell, after the time that devices have to come back. */
  start(): void {
    this.#isRunning = true;
    for (const pending of this.#rows.all()) {
      if (isDue(pending.row)) this.#wait(pending, this.#confirmMs);
      else this.#rest(pending);
    }
  }

  /** Waits for what is under way; the rest is found by the next start. Idempotent. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#queue.stop();
    for (const { timer } of this.#rows.all()) timer?.cancel();
    await this.#queue.ended();
  }

  counts(): NotificationCounts {
    const of = (name: Counter): number => this.#counts.get(name) ?? 0;
    let waiting = 0;
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
    if (!this.#options.targets.has(tenantId, userId)) return [];
    const changed = new Set<Pending>();
    for (const [index, step] of outcome.steps.entries()) {
      const pending = this.#noteStep(state, step, { pts: outcome.firstPts + index, timeMs });
      if (pending !== undefined) changed.add(pending);
    }
    return [...changed].map((pending) => {
      const write = writeOf(pending);
      this.#settle(pending);
      return write;
    });
  }

  /** A device has everything up to `pts` (P2). */
  onConfirmed(user: UserKey, pts: number): void {
    for (const pending of this.#rows.ofUser(user)) {
      const rest = eventsOf(pending.row).filter((event) => event.pts > pts);
      if (!this.#change(pending, withEvents(pending.row, rest))) continue;
      this.#add("confirmed");
      this.#stage(pending);
      this.#settle(pending);
    }
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
      return this.#noteNew(state, key, { pts: at.pts, sequence: 0 });
    }
    if (event === undefined || conversationId === undefined) return undefined;
    const entry = state.entries.get(conversationId);
    if (entry === undefined) return undefined;
    const { message } = event;
    const isTold = message !== undefined && whyNotify(message, entry, state.userId, at.timeMs) !== undefined;
    if (isTold) return this.#noteNew(state, conversationId, { pts: at.pts, sequence: message.sequence });
    return this.#noteGone(state, entry);
  }

  #noteNew(user: UserKey, key: string, event: PendingEvent): Pending | undefined {
    const pending = this.#rows.find(user, key) ?? this.#make(user, key);
    if (pending === undefined) return undefined;
    const events = [...eventsOf(pending.row), event].slice(-EVENTS_MAX);
    this.#change(pending, { ...pending.row, events: events.flatMap(({ pts, sequence }) => [pts, sequence]) });
    return pending;
  }

  /** What was read, hidden or recalled is told no more, and taken away where it is shown. */
  #noteGone(user: UserKey, entry: ConversationEntry): Pending | undefined {
    const pending = this.#rows.find(user, entry.conversationId);
    if (pending === undefined) return undefined;
    const { row } = pending;
    const rest = eventsOf(row).filter(({ sequence }) => isUnread(entry, sequence));
    const isGone = row.shownSequence > 0 && !row.isWithdrawn && !isUnread(entry, row.shownSequence);
    const after = withEvents(row, rest);
    return this.#change(pending, isGone ? { ...after, isWithdrawn: true } : after) ? pending : undefined;
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

  /** Goes on with a row that changed. */
  #settle(pending: Pending): void {
    if (pending.state === "sending" || !this.#isRunning) return;
    if (!isDue(pending.row)) {
      this.#rest(pending);
      return;
    }
    // What waits keeps its time: others must not put it off for ever.
    if (pending.state !== "resting") return;
    const { source, ambient } = this.#options;
    const gapMs = pending.toldMs + GAP_MS - ambient.clock.monotonicMs();
    const isHeard = pending.row.events.length > 0 && source.isConnected(pending);
    this.#wait(pending, Math.max(0, gapMs, isHeard ? this.#confirmMs : 0));
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
      else if (targets.length > 0) retryMs = await this.#sendAll(pending, targets, composed);
      if (retryMs === undefined) this.#noteSent(pending, row, composed);
    }
    pending.state = "resting";
    if (retryMs === undefined) this.#settle(pending);
    else this.#wait(pending, retryMs);
  }

  /** It was sent, or is not to be; of what came meanwhile nothing is forgotten. */
  #noteSent(pending: Pending, sent: PendingRow, notification: Notification | undefined): void {
    pending.toldMs = this.#options.ambient.clock.monotonicMs();
    const isShown = notification?.kind === "alert" && sent.events.length > 0;
    const isTakenAway = notification?.kind === "withdraw";
    const last = isShown ? sent.events.at(-1)! : isTakenAway ? 0 : sent.shownSequence;
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

  /** Sends to each target; returns when to try the others again, if there are any. */
  async #sendAll(
    pending: Pending,
    targets: readonly KnownTarget[],
    notification: Notification,
  ): Promise<number | undefined> {
    let retryMs: number | undefined;
    const isLast = pending.attempts + 1 >= ATTEMPTS_MAX;
    for (const target of targets.filter(({ sessionId }) => !pending.done.has(sessionId))) {
      if (pending.hasChanged) return undefined;
      const delivery = await this.#deliver(pending, target, notification);
      const isRetried = delivery.kind === "retry" && !isLast;
      if (isRetried) retryMs = Math.max(retryMs ?? 0, delivery.afterMs);
      else await this.#done(pending, { target, delivery, kind: notification.kind });
    }
    if (retryMs === undefined || pending.hasChanged) return undefined;
    pending.attempts += 1;
    this.#add("retried");
    const backOffMs = RETRY_MS * 2 ** (pending.attempts - 1);
    // Up to half as much more, so that what failed together does not come back together.
    const jitter = 1 + this.#options.ambient.random.unit() / 2;
    return Math.round(Math.min(RETRY_MS_MAX, Math.max(backOffMs, retryMs)) * jitter);
  }

  async #deliver(user: Pending, target: KnownTarget, notification: Notification): Promise<Delivery> {
    try {
      return await this.#options.deliver(user, target, notification);
    } catch (error) {
      // A channel that breaks must not take the others with it.
      const { channel } = target;
      this.#options.ambient.logger.error("notification-channel-broke", { channel, reason: messageOf(error) });
      return { kind: "retry", afterMs: 0, reason: "internal" };
    }
  }

  async #done(
    pending: Pending,
    {
      target,
      delivery,
      kind,
    }: { readonly target: KnownTarget; readonly delivery: Delivery; readonly kind: string },
  ): Promise<void> {
    const { tenantId, userId } = pending;
    pending.done.add(target.sessionId);
    if (delivery.kind === "delivered") {
      this.#add(kind === "withdraw" ? "withdrawn" : "delivered");
    } else if (delivery.kind === "gone") {
      this.#add("gone");
      await this.#options.targets.remove(tenantId, userId, target.sessionId);
    } else {
      this.#add("dead");
      const { deviceId, channel, appId } = target;
      const timeMs = this.#options.ambient.clock.nowMs();
      const attempts = pending.attempts + 1;
      const { reason } = delivery;
      this.#options.dead.add({ tenantId, userId, deviceId, channel, appId, reason, attempts, timeMs });
    }
  }

  async #compose(pending: Pending): Promise<Composed> {
    const { key, row } = pending;
    if (key.startsWith("~")) return composeModule(this.#options, pending);
    const alert =
      row.events.length === 0 ? undefined : await composeAlert(this.#options, pending, key as ConversationId);
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

function isUnread({ unreadRanges }: ConversationEntry, sequence: number): boolean {
  for (let index = 0; index < unreadRanges.length; index += 2)
    if (sequence >= unreadRanges[index]! && sequence <= unreadRanges[index + 1]!) return true;
  return false;
}
