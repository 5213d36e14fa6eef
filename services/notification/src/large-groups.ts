/**
 * Who is to be told of a message of a large group. It comes once, with the topic, and not for each member; so those are looked for here
 * whom it mentions, or who asked for everything, and of them those who have a target.
 *
 *   record passes the conversation machine ──► whoever it concerns is noted: rows in their partitions ──► as in notification-service.ts
 *        │                                          ▲
 *        └── before the start, also when the rows contain it ──► the topic is read back for it
 *
 *   G1  A checkpoint does not pass a record whose rows are not all staged (`settledEnd`), and says that a record is applied only when
 *       what was staged before is durable. So of a record whose rows a crash can lose, whatever it leaves of the topic, the record is
 *       read again; and every message that is read again before the start is noted again.
 *   G2  Noting twice is as noting once: a row names places, and what was shown.
 *   G3  A message that mentions nobody, where nobody asked for everything, costs two look-ups.
 *   G4  What is done in one turn, and what waits, is bounded by the constants of this file; beyond, it is left out and counted.
 */
import { type Ambient, messageOf } from "@parley/base";
import type { NotifySource, UserKey } from "@parley/contracts";
import {
  type ConversationChanges,
  type ConversationKey,
  type ConversationRecord,
  type ConversationState,
  seesMessage,
} from "@parley/domain";
import { decode, Event, isSignal, type Message, mentionsUser, type UserId } from "@parley/protocol";
import type { Everything } from "./everything.js";
import { eventsOf, type Pending } from "./pending.js";
import type { PendingRows } from "./pending-rows.js";
import type { PushTargets } from "./push-targets.js";

/** Users who are noted in one turn, some 20 ms; the others in the turns after it. */
export const NOTED_PER_TURN = 2_000;
/** Messages whose users are not all noted. */
export const SPREADS_MAX = 1_000;
/** Messages that are noted again after a start, and rows of one topic that are read for them. */
export const AGAIN_MAX = 500_000;
const AGAIN_ROWS_MAX = 100_000;
const AGAIN_PAGE = 500;

type Members = ConversationState["members"];

/** A place in the conversation log. */
interface Place {
  readonly partition: number;
  readonly offset: number;
}

export interface LargeGroupsOptions {
  readonly ambient: Ambient;
  readonly targets: PushTargets;
  readonly everything: Everything;
  readonly rows: PendingRows;
  readonly source: NotifySource;
  /** A message is to be told to a user; `isAgain`: devices get the time to come back. Errors: those of `stage`. */
  readonly onSaid: (
    user: UserKey,
    message: Pick<Message, "conversationId" | "sequence">,
    how: { readonly pts: number; readonly isAgain: boolean },
  ) => void;
  /** A message is not to be told any more, and taken away where it is shown. Errors: those of `stage`. */
  readonly onRecalled: (pending: Pending, sequence: number) => void;
  /** Something was left out, for too much waits. */
  readonly onSkipped: () => void;
  /** Nothing can be staged any more. */
  readonly onFailure: (error: unknown) => void;
  /** Default NOTED_PER_TURN. */
  readonly notedPerTurn?: number | undefined;
}

/** What is noted in turns. */
interface Spread {
  readonly at: Place;
  readonly steps: Iterator<unknown>;
}

/** What passed in one conversation before the start. */
interface Again {
  readonly at: Place;
  readonly key: ConversationKey;
  readonly members: Members;
  /** Messages that may have to be noted. */
  readonly said: Set<string>;
  /** No message of them is older. */
  sinceMs: number;
  readonly recalled: Set<number>;
}

export class LargeGroups {
  readonly #options: LargeGroupsOptions;
  readonly #spreads: Spread[] = [];
  readonly #again = new Map<string, Again>();
  #againCount = 0;
  #state: "opened" | "running" | "stopped" = "opened";
  #reading: Promise<void> = Promise.resolve();

  constructor(options: LargeGroupsOptions) {
    this.#options = options;
  }

  /** A record has passed the conversation machine, applied now or found applied at a replay. Call in the turn in which it is staged. */
  onApplied(
    at: Place & { readonly record: ConversationRecord },
    { key, head, members }: ConversationState,
    changes: ConversationChanges | undefined,
  ): void {
    if (head?.isShared !== true) return;
    if (this.#state === "opened") this.#noteAgain(at, key, members);
    else if (changes !== undefined) this.#noteChanges(at, { key, members, topicPts: head.topicPts }, changes);
  }

  /** How far a checkpoint may go that would go to `end` (G1). */
  settledEnd(partition: number, end: number): number {
    let settled = end;
    for (const { at } of this.#spreads)
      if (at.partition === partition) settled = Math.min(settled, at.offset);
    for (const { at } of this.#again.values())
      if (at.partition === partition) settled = Math.min(settled, at.offset);
    return settled;
  }

  /** Messages, and conversations to be read back, of which not everybody is noted. */
  get waiting(): number {
    return this.#spreads.length + this.#again.size;
  }

  /** Begins to note what passes, and reads back what passed before. */
  start(): void {
    this.#state = "running";
    this.#reading = this.#readBack();
  }

  /** What is noted by turns is left to the next start. Idempotent. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    await this.#reading;
  }

  #noteChanges(
    at: Place,
    { key, members, topicPts }: { key: ConversationKey; members: Members; topicPts: number },
    { messages, changed, topic }: ConversationChanges,
  ): void {
    for (const message of messages) {
      const index = topic.findIndex(({ sequence }) => sequence === message.sequence);
      if (index === -1) continue;
      const users = this.#users(key, members, message);
      if (users === undefined) continue;
      const how = { pts: topicPts - topic.length + 1 + index, isAgain: false };
      this.#spread({ at, steps: this.#noting(key, message, users, how) });
    }
    for (const { sequence, recall } of changed) {
      if (recall === undefined) continue;
      const shown = this.#options.rows.ofKey(key.tenantId, key.conversationId);
      if (shown.size > 0) this.#spread({ at, steps: this.#recalling(shown, sequence) });
    }
  }

  /** Who may have to be told; undefined: nobody (G3). */
  #users(key: ConversationKey, members: Members, message: Message): Iterable<UserId> | undefined {
    const { targets, everything } = this.#options;
    const mentions = message.body?.mentions;
    const asked = everything.usersOf(key.tenantId, key.conversationId);
    if (mentions === undefined && asked.size === 0) return undefined;
    if (!message.isCountable || message.recall !== undefined || isSignal(message.body)) return undefined;
    const withTarget = targets.usersOf(key.tenantId);
    if (withTarget.size === 0) return undefined;
    const { audience, senderId } = message;
    const all = members.size < withTarget.size ? members.keys() : withTarget;
    const named = mentions?.isAll === true ? all : new Set([...(mentions?.userIds ?? []), ...asked]);
    const isConcerned = (userId: UserId): boolean =>
      userId !== senderId &&
      members.has(userId) &&
      withTarget.has(userId) &&
      (asked.has(userId) || mentionsUser(message.body, userId)) &&
      seesMessage(message, userId);
    return filtered(audience.length > 0 ? audience : named, isConcerned);
  }

  *#noting(
    { tenantId }: ConversationKey,
    message: Message,
    users: Iterable<UserId>,
    how: { readonly pts: number; readonly isAgain: boolean },
  ): Generator {
    for (const userId of users) {
      this.#options.onSaid({ tenantId, userId }, message, how);
      yield;
    }
  }

  *#recalling(rows: Iterable<Pending>, sequence: number): Generator {
    for (const pending of rows) {
      this.#options.onRecalled(pending, sequence);
      yield;
    }
  }

  /** Takes the first steps now, and the others in their turn. */
  #spread(spread: Spread): void {
    if (this.#spreads.length >= SPREADS_MAX) {
      this.#options.onSkipped();
      return;
    }
    const isFirst = this.#spreads.length === 0;
    if (isFirst && this.#takeSteps(spread.steps)) return;
    this.#spreads.push(spread);
    if (isFirst) this.#goOnLater();
  }

  #goOnLater(): void {
    this.#options.ambient.scheduler.after(0, () => {
      if (this.#state === "stopped") return;
      try {
        const [first] = this.#spreads;
        if (first !== undefined && this.#takeSteps(first.steps)) this.#spreads.shift();
      } catch (error) {
        this.#state = "stopped";
        this.#options.onFailure(error);
        return;
      }
      if (this.#spreads.length > 0) this.#goOnLater();
    });
  }

  /** As many as fit in one turn. Returns whether there are no more. */
  #takeSteps(steps: Iterator<unknown>): boolean {
    const max = this.#options.notedPerTurn ?? NOTED_PER_TURN;
    for (let count = 0; count < max; count++) if (steps.next().done === true) return true;
    return false;
  }

  /** Who asked for everything is known when the users' records have passed, too: so nothing is decided before the start. */
  #noteAgain(
    { partition, offset, record }: Place & { readonly record: ConversationRecord },
    key: ConversationKey,
    members: Members,
  ): void {
    const { send, recall, timeMs } = record;
    if (send === undefined && recall === undefined) return;
    if (this.#options.targets.usersOf(key.tenantId).size === 0) return;
    if (this.#againCount >= AGAIN_MAX) {
      this.#options.onSkipped();
      return;
    }
    this.#againCount += 1;
    const name = `${key.tenantId}/${key.conversationId}`;
    const again: Again = this.#again.get(name) ?? {
      at: { partition, offset },
      key,
      members,
      said: new Set(),
      sinceMs: timeMs,
      recalled: new Set(),
    };
    this.#again.set(name, again);
    again.sinceMs = Math.min(again.sinceMs, timeMs);
    if (send !== undefined) again.said.add(send.messageId);
    if (recall !== undefined) again.recalled.add(recall.sequence);
  }

  async #readBack(): Promise<void> {
    for (const [name, again] of this.#again) {
      try {
        await this.#readTopic(again);
        await this.#readRecalled(again);
      } catch (error) {
        // What cannot be read must not keep the log from being forgotten.
        const { tenantId, conversationId } = again.key;
        const { logger } = this.#options.ambient;
        if (this.#state === "running")
          logger.error("topic-not-read-back", { tenantId, conversationId, reason: messageOf(error) });
      }
      if (this.#state !== "running") return;
      this.#again.delete(name);
    }
    this.#againCount = 0;
  }

  /** Notes what the topic has of the messages that passed; of those that were refused, or said before it was there, it has none. */
  async #readTopic({ at, key, members, said, sinceMs }: Again): Promise<void> {
    let before = 0;
    for (let count = 0; said.size > 0 && count < AGAIN_ROWS_MAX; count += AGAIN_PAGE) {
      const rows = await this.#options.source.topicBefore(key, before, AGAIN_PAGE);
      for (const { pts, row } of rows) {
        if (this.#state !== "running") return;
        before = pts;
        const { message } = decode(Event, row.event);
        if (message === undefined) continue;
        // A message is never older than its record.
        if (message.timeMs < sinceMs) return;
        if (!said.delete(message.messageId)) continue;
        const users = this.#users(key, members, message);
        if (users !== undefined)
          this.#spread({ at, steps: this.#noting(key, message, users, { pts, isAgain: true }) });
      }
      if (rows.length < AGAIN_PAGE) return;
    }
  }

  /** What is shown of messages that are recalled may not be known to be so. */
  async #readRecalled({ key, recalled }: Again): Promise<void> {
    const { rows, source, onRecalled } = this.#options;
    for (const sequence of recalled) {
      const concerned = [...rows.ofKey(key.tenantId, key.conversationId)].filter(
        ({ row }) =>
          row.shownSequence === sequence || eventsOf(row).some((each) => each.sequence === sequence),
      );
      for (const pending of concerned) {
        const message = await source.message(pending, key.conversationId, sequence);
        if (this.#state !== "running") return;
        if (message === undefined || message.recall !== undefined) onRecalled(pending, sequence);
      }
    }
  }
}

function* filtered(userIds: Iterable<UserId>, isWanted: (userId: UserId) => boolean): Generator<UserId> {
  for (const userId of userIds) if (isWanted(userId)) yield userId;
}
