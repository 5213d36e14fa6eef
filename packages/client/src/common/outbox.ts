/**
 * The outbox: messages of mine from the keyboard to their place.
 *
 *   1. Per conversation strictly first in, first out; numbers are consecutive and stored before they are sent.
 *   2. A message leaves the outbox in the commit that stores it under its sequence, or when the user discards it. One
 *      whose place a Rebase has stepped over is not stored: like everything else there it is fetched when it is looked at.
 *      What is sent on is stored with its event: the server made it, and nobody else knows what it says.
 *   3. A number is given to another message only after the server has definitely refused the one that had it.
 *   4. After a refusal nothing more of its conversation goes until everything in flight there is answered.
 */
import { type Ambient, Failure, messageOf, TaskQueue } from "@parley/base";
import {
  type ClientMessageId,
  type ConversationId,
  type Message,
  SENDS_IN_FLIGHT_MAX,
  type UserId,
  AS_SENT,
  isSignal,
} from "@parley/protocol";
import { backoffMs } from "./backoff.js";
import { awaitPlaced, createLane, isQueued, type Lane, place, renumber } from "./lane.js";
import { BUFFERED_BYTES_MAX, OUTBOX_ITEMS_MAX, SENDS_TOTAL_MAX, TAB_CALLS_OPEN_MAX } from "./limits.js";
import type { Relay } from "./relay.js";
import type { Replica } from "./replica.js";
import type { Answer, Requests } from "./requests.js";
import { sendVerdict } from "./send-verdict.js";
import type { Outgoing } from "./sending.js";
import type { Session } from "./session.js";
import { isLeadLost, type OutboxItem } from "./store.js";
import type { Flight } from "./tab-messages.js";

export interface OutboxParts {
  readonly self: UserId;
  readonly ambient: Ambient;
  readonly replica: Replica;
  readonly session: Pick<Session, "isUp" | "bufferedBytes">;
  readonly requests: Pick<Requests, "callOnce">;
  readonly relay: Relay;
  readonly newClientMessageId: () => ClientMessageId;
  /** A message began or ceased to be in flight. */
  readonly onChanged: (conversationId: ConversationId) => void;
  /** A message got its place and is stored there. */
  readonly onPlaced: (message: Message) => void;
}

export class Outbox {
  readonly #parts: OutboxParts;
  #lanes = new Map<ConversationId, Lane>();
  #inFlight = 0;
  #nextOrder = 1;
  /** What the tab that leads has in flight. */
  readonly #mirrored = new Map<ConversationId, ReadonlySet<string>>();
  /** A tab gives its leader one message after another: that one remembers only so many. */
  readonly #giving = new TaskQueue();
  #givingCount = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** No message waits to be sent; failed ones wait for the user and do not count. */
  get isIdle(): boolean {
    for (const items of this.#parts.replica.state.outbox.values()) {
      if (items.some(isQueued)) return false;
    }
    return this.#inFlight === 0;
  }

  isInFlight(item: OutboxItem): boolean {
    if (this.#parts.relay.isFollowing)
      return this.#mirrored.get(item.conversationId)?.has(item.clientMessageId) ?? false;
    return this.#lanes.get(item.conversationId)?.inFlight.has(item.clientMessageId) ?? false;
  }

  /** The store was read. */
  onLoaded(): void {
    for (const items of this.#parts.replica.state.outbox.values()) {
      this.#nextOrder = Math.max(this.#nextOrder, (items.at(-1)?.order ?? 0) + 1);
    }
  }

  onUp(): void {
    this.#pumpAll();
  }

  /** The connection is gone: everything in flight is unknown and will be sent again as it was. */
  onDown(): void {
    const lanes = this.#lanes;
    this.#lanes = new Map();
    this.#inFlight = 0;
    for (const lane of lanes.values()) {
      lane.timer?.cancel();
      if (lane.inFlight.size > 0) this.#parts.onChanged(lane.conversationId);
    }
  }

  /** What is in flight, by conversation; of one or of all. */
  flights(conversationIds: Iterable<ConversationId> = this.#lanes.keys()): readonly Flight[] {
    const inFlight = (conversationId: ConversationId): Iterable<string> =>
      this.#lanes.get(conversationId)?.inFlight ?? [];
    return [...conversationIds].map((conversationId) => ({
      conversationId,
      inFlight: [...inFlight(conversationId)],
    }));
  }

  /** The tab that leads has these in flight. */
  mirror({ conversationId, inFlight }: Flight): void {
    if (inFlight.length === 0) this.#mirrored.delete(conversationId);
    else this.#mirrored.set(conversationId, new Set(inFlight));
    this.#parts.onChanged(conversationId);
  }

  /** Puts a message at the end. Errors: "too-many-requests" at OUTBOX_ITEMS_MAX. */
  async add(conversationId: ConversationId, outgoing: Outgoing): Promise<OutboxItem> {
    const { relay } = this.#parts;
    const clientMessageId = this.#parts.newClientMessageId();
    // Who has just taken the lead may still be giving: what comes now stays behind that.
    if (!relay.isFollowing && this.#givingCount === 0)
      return this.#put(conversationId, outgoing, { clientMessageId, isGiven: false });
    if (this.#givingCount >= TAB_CALLS_OPEN_MAX)
      throw new Failure("too-many-requests", "Too many messages wait to be sent.", { retry: "same" });
    this.#givingCount += 1;
    const values = [conversationId, outgoing, clientMessageId];
    return this.#giving
      .run(async () => (await relay.call("add", values, true)) as OutboxItem)
      .finally(() => {
        this.#givingCount -= 1;
      });
  }

  /** Puts a message of another tab at the end, unless it was given before. */
  take(
    conversationId: ConversationId,
    outgoing: Outgoing,
    clientMessageId: ClientMessageId,
  ): Promise<OutboxItem> {
    return this.#put(conversationId, outgoing, { clientMessageId, isGiven: true });
  }

  async #put(
    conversationId: ConversationId,
    outgoing: Outgoing,
    { clientMessageId, isGiven }: { readonly clientMessageId: ClientMessageId; readonly isGiven: boolean },
  ): Promise<OutboxItem> {
    const order = this.#nextOrder++;
    const createdMs = this.#parts.ambient.clock.nowMs();
    const item = await this.#parts.replica.edit((draft) => {
      if (isGiven && draft.isGiven(clientMessageId)) {
        const known = draft.outbox(conversationId).find((one) => one.clientMessageId === clientMessageId);
        // When it is not there any more it has its place, or was discarded.
        return (
          known ?? {
            conversationId,
            clientMessageId,
            ...outgoing,
            createdMs,
            order,
            number: 0,
            failureCode: "",
          }
        );
      }
      if (draft.outbox(conversationId).length >= OUTBOX_ITEMS_MAX) {
        throw new Failure("too-many-requests", "Too many messages wait to be sent.", { retry: "same" });
      }
      const number = draft.nextNumber(conversationId);
      const added = {
        conversationId,
        clientMessageId,
        ...outgoing,
        createdMs,
        order,
        number,
        failureCode: "",
      };
      draft.putOutboxItem(added);
      if (isGiven) draft.noteGiven(clientMessageId);
      draft.setNextNumber(conversationId, number + 1);
      return added;
    });
    this.#pump(conversationId);
    return item;
  }

  /** Puts a failed message at the end again. Errors: "bad-request" when it is not a failed one. */
  async retry(conversationId: ConversationId, clientMessageId: string): Promise<void> {
    const { relay } = this.#parts;
    if (relay.isFollowing) return void (await relay.call("retry", [conversationId, clientMessageId]));
    const order = this.#nextOrder++;
    await this.#parts.replica.edit((draft) => {
      const item = failedItem(draft.outbox(conversationId), clientMessageId);
      const number = draft.nextNumber(conversationId);
      draft.putOutboxItem({ ...item, order, number, failureCode: "" });
      draft.setNextNumber(conversationId, number + 1);
    });
    this.#pump(conversationId);
  }

  /** Drops a failed message. Errors: "bad-request" when it is not a failed one: another may have been accepted. */
  async discard(conversationId: ConversationId, clientMessageId: string): Promise<void> {
    const { relay } = this.#parts;
    if (relay.isFollowing) return void (await relay.call("discard", [conversationId, clientMessageId]));
    await this.#parts.replica.edit((draft) => {
      const item = failedItem(draft.outbox(conversationId), clientMessageId);
      draft.deleteOutboxItem(conversationId, item.clientMessageId);
    });
  }

  #pumpAll(): void {
    for (const conversationId of this.#parts.replica.state.outbox.keys()) {
      if (this.#isFull()) return;
      this.#pump(conversationId);
    }
  }

  #isFull(): boolean {
    return this.#inFlight >= SENDS_TOTAL_MAX || this.#parts.session.bufferedBytes > BUFFERED_BYTES_MAX;
  }

  #pump(conversationId: ConversationId): void {
    const { session, replica } = this.#parts;
    if (!session.isUp) return;
    let lane = this.#lanes.get(conversationId);
    if (lane === undefined) {
      lane = createLane(conversationId);
      this.#lanes.set(conversationId, lane);
    }
    const queue = (replica.state.outbox.get(conversationId) ?? []).filter(isQueued);
    for (const item of queue) {
      if (lane.isSettling || lane.timer !== undefined || lane.isFirst) break;
      // The server remembers so many numbers: the first one may have been taken without an answer, and has to be known as a repeat.
      if (item.number - queue[0]!.number >= SENDS_IN_FLIGHT_MAX) break;
      // With room for nothing, one may still go when nothing is on its way, or nobody would come back to pump.
      if (this.#isFull() && this.#inFlight > 0) break;
      if (!lane.inFlight.has(item.clientMessageId)) this.#send(lane, item);
    }
    if (lane.inFlight.size === 0 && !lane.isSettling && lane.timer === undefined && lane.attempt === 0) {
      this.#lanes.delete(conversationId);
    }
  }

  #send(lane: Lane, item: OutboxItem): void {
    lane.inFlight.add(item.clientMessageId);
    lane.isFirst = item.number === 1;
    this.#inFlight += 1;
    this.#parts.onChanged(lane.conversationId);
    const { conversationId, clientMessageId, number, body, audience, forward } = item;
    const said = forward === undefined ? { body, audience } : { forward };
    this.#parts.requests
      .callOnce("send", { conversationId, clientMessageId, number, ...said })
      .then(
        (sent) => this.#onSent(lane, item, sent),
        (error: unknown) => this.#onRefused(lane, item, error),
      )
      .catch((error: unknown) => {
        // The store refused the outcome. The server knows it, so the same message goes again later, from whichever tab leads then.
        if (!isLeadLost(error))
          this.#parts.ambient.logger.error("outbox store failed", { reason: messageOf(error) });
        lane.hasUnknown = true;
        this.#settleAfter(lane, this.#backoff(lane));
      })
      .finally(() => this.#answered(lane, item))
      .catch((error: unknown) =>
        this.#parts.ambient.logger.error("outbox failed", { reason: messageOf(error) }),
      );
  }

  async #onSent(lane: Lane, item: OutboxItem, sent: Answer<"send">): Promise<void> {
    lane.attempt = 0;
    const message: Message = {
      conversationId: item.conversationId,
      sequence: sent.sequence,
      messageId: sent.messageId,
      senderId: this.#parts.self,
      clientMessageId: item.clientMessageId,
      timeMs: sent.timeMs,
      body: item.body,
      isCountable: !isSignal(item.body),
      ...AS_SENT,
      audience: item.audience ?? AS_SENT.audience,
    };
    const isHeld = await this.#parts.replica.edit((draft) =>
      item.forward === undefined && !sent.isReplaced ? place(draft, message) : awaitPlaced(draft, message),
    );
    if (isHeld) this.#parts.onPlaced(message);
  }

  async #onRefused(lane: Lane, item: OutboxItem, error: unknown): Promise<void> {
    // After a loss the lane is no longer the current one, and the message goes again on the next connection.
    if (!this.#isCurrent(lane)) return;
    if (!(error instanceof Failure)) throw error;
    const verdict = sendVerdict(error);
    const expected = error.details["expected"];
    if (verdict === "renumber") {
      if (typeof expected === "number") lane.expected = expected;
      this.#settleAfter(lane, error.retryAfterMs);
    } else if (verdict === "fail") {
      // Most likely the number that the server takes next; when not, its next refusal tells.
      lane.expected ??= item.number;
      this.#settleAfter(lane, 0);
      await this.#parts.replica.edit((draft) => {
        const current = draft
          .outbox(item.conversationId)
          .find((one) => one.clientMessageId === item.clientMessageId);
        if (current !== undefined) draft.putOutboxItem({ ...current, number: 0, failureCode: error.code });
      });
    } else {
      // Also when it was refused for now: an earlier try of it may have been accepted.
      lane.hasUnknown = true;
      this.#settleAfter(lane, Math.max(error.retryAfterMs, this.#backoff(lane)));
    }
  }

  #answered(lane: Lane, item: OutboxItem): void {
    if (!this.#isCurrent(lane)) return;
    lane.inFlight.delete(item.clientMessageId);
    lane.isFirst = false;
    this.#inFlight -= 1;
    this.#parts.onChanged(lane.conversationId);
    if (lane.isSettling && lane.inFlight.size === 0) {
      this.#settle(lane).catch((error: unknown) => {
        if (!isLeadLost(error))
          this.#parts.ambient.logger.error("outbox settling failed", { reason: messageOf(error) });
        this.#resumeAfter(lane, this.#backoff(lane));
      });
    }
    this.#pump(lane.conversationId);
    this.#pumpAll();
  }

  /** Everything in flight is answered: number what is left as the server expects it, then go on. */
  async #settle(lane: Lane): Promise<void> {
    const { expected, hasUnknown } = lane;
    if (expected !== undefined && !hasUnknown) {
      const hasChanged = await this.#parts.replica.edit((draft) =>
        renumber(draft, lane.conversationId, expected),
      );
      // The server asks for what it was given: only time can help.
      if (!hasChanged && lane.waitMs === 0) lane.waitMs = this.#backoff(lane);
    }
    this.#resumeAfter(lane, lane.waitMs);
  }

  #resumeAfter(lane: Lane, delayMs: number): void {
    if (!this.#isCurrent(lane)) return;
    const resume = (): void => {
      lane.timer = undefined;
      this.#pump(lane.conversationId);
    };
    Object.assign(lane, { isSettling: false, hasUnknown: false, expected: undefined, waitMs: 0 });
    if (delayMs === 0) resume();
    else lane.timer = this.#parts.ambient.scheduler.after(delayMs, resume);
  }

  #settleAfter(lane: Lane, waitMs: number): void {
    lane.isSettling = true;
    lane.waitMs = Math.max(lane.waitMs, waitMs);
  }

  #backoff(lane: Lane): number {
    const delayMs = backoffMs(lane.attempt, this.#parts.ambient.random);
    lane.attempt += 1;
    return Math.max(1, delayMs);
  }

  #isCurrent(lane: Lane): boolean {
    return this.#lanes.get(lane.conversationId) === lane;
  }
}

function failedItem(items: readonly OutboxItem[], clientMessageId: string): OutboxItem {
  const item = items.find((one) => one.clientMessageId === clientMessageId);
  if (item === undefined || isQueued(item)) {
    throw new Failure("bad-request", "There is no failed message with this id.", { retry: "after-change" });
  }
  return item;
}
