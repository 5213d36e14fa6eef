/**
 * What is known of who is there and who types, and the asking for it.
 *
 *   wanted here ┐                                                        ┌► here
 *   wishes of   ├─► the tab that leads ─ watchPresence ─► server ─ presence, someoneTypes ─┤
 *   other tabs  ┘                                                        └► all other tabs
 *
 *   1. What is known ends with the connection; on the next one the server is asked for all of it again.
 *   2. A tab that follows repeats what it wishes, and one that is not heard any more wishes nothing. The device is active while one
 *      of its tabs is.
 *   3. A name is taken from those who type after TYPING_SHOWN_MS by this client's clock, or with a message of that person.
 */
import type { Timer } from "@parley/base";
import {
  type ConversationId,
  type PersonPresence,
  type PresenceState,
  type UserId,
  PRESENCE_WATCHED_MAX,
} from "@parley/protocol";
import {
  PRESENCE_ASK_MS,
  PRESENCE_RETRY_MS,
  PRESENCE_TABS_MAX,
  PRESENCE_WISH_MS,
  PRESENCE_WISH_MS_MAX,
  TYPING_NAMES_MAX,
  TYPING_SAID_MS,
  TYPING_SHOWN_MS,
} from "./presence-limits.js";
import type { Presence, UserPresence } from "./presence.js";
import type { PresenceTold } from "./tab-messages.js";

interface Wish {
  readonly userIds: readonly UserId[];
  readonly isActive: boolean;
  readonly heardMs: number;
}

const STATES: readonly PresenceState[] = ["online", "away", "offline"];
const NOBODY: ReadonlySet<UserId> = new Set();

export class PresenceKeeper {
  readonly #presence: Presence;
  readonly #tab: string;
  readonly #known = new Map<UserId, UserPresence>();
  /** Who types, with the timer that forgets it. */
  readonly #typing = new Map<ConversationId, ReadonlyMap<UserId, Timer>>();
  readonly #typists = new Map<ConversationId, readonly UserId[]>();
  /** What other tabs wish of this one, which leads. */
  readonly #wishes = new Map<string, Wish>();
  /** What the server was told on this connection. */
  #asked = NOBODY;
  #saidActive = true;
  #said: { readonly conversationId: ConversationId; readonly atMs: number } | undefined;
  #planned: Timer | undefined;
  #renewal: Timer | undefined;

  constructor(presence: Presence) {
    this.#presence = presence;
    this.#tab = presence.parts.newId();
  }

  of(userId: UserId): UserPresence | undefined {
    return this.#presence.wanted.has(userId) ? this.#known.get(userId) : undefined;
  }

  typists(conversationId: ConversationId): readonly UserId[] | undefined {
    return this.#typists.get(conversationId);
  }

  typing(conversationId: ConversationId): void {
    const { ambient, session, relay, requests } = this.#presence.parts;
    const nowMs = ambient.clock.monotonicMs();
    const isSaid = this.#said?.conversationId === conversationId && nowMs - this.#said.atMs < TYPING_SAID_MS;
    if (isSaid || !session.isUp) return;
    this.#said = { conversationId, atMs: nowMs };
    // It is not worth a second try.
    const request = relay.isFollowing
      ? requests.call("typing", { conversationId })
      : requests.callOnce("typing", { conversationId });
    request.catch(() => undefined);
  }

  /** Something else is wanted: asked for soon, together with what comes meanwhile. */
  review(delayMs = PRESENCE_ASK_MS): void {
    this.#planned ??= this.#presence.parts.ambient.scheduler.after(delayMs, () => {
      this.#planned = undefined;
      this.#work();
    });
  }

  onUp(): void {
    this.#planned?.cancel();
    this.#planned = undefined;
    this.#work();
  }

  onDown(): void {
    this.#asked = NOBODY;
    this.#saidActive = true;
    this.#forgetAll();
  }

  /** The client stops; it may begin again. */
  stop(): void {
    this.#planned?.cancel();
    this.#planned = undefined;
    this.#renewal?.cancel();
    this.#renewal = undefined;
    this.#wishes.clear();
    this.onDown();
    for (const [conversationId, names] of this.#typing)
      for (const userId of names.keys()) this.#endTyping(conversationId, userId);
  }

  take(told: PresenceTold): void {
    const { relay, tell } = this.#presence.parts;
    if (!relay.isFollowing) tell(told);
    if ("people" in told) this.#know(told.people);
    else this.#noteTyping(told);
  }

  wish(tab: string, userIds: readonly UserId[], isActive: boolean): readonly PersonPresence[] {
    this.#wishes.delete(tab);
    this.#wishes.set(tab, { userIds, isActive, heardMs: this.#nowMs() });
    for (const oldest of this.#wishes.keys()) {
      if (this.#wishes.size <= PRESENCE_TABS_MAX) break;
      this.#wishes.delete(oldest);
    }
    this.#work();
    return userIds.flatMap((userId) => {
      const known = this.#known.get(userId);
      return known === undefined ? [] : [{ userId, ...known }];
    });
  }

  /** Of whom a message came does not type any more. */
  onCommitted(conversations: Iterable<ConversationId>): void {
    if (this.#typing.size === 0) return;
    for (const conversationId of conversations) {
      const senderId = this.#presence.parts.replica.entry(conversationId)?.lastMessage?.senderId;
      if (senderId !== undefined) this.#endTyping(conversationId, senderId);
    }
  }

  #work(): void {
    const { session, relay } = this.#presence.parts;
    if (!session.isUp) return;
    if (relay.isFollowing) this.#wishOfLeader();
    else this.#ask();
  }

  #wishOfLeader(): void {
    const { wanted, isActive, parts } = this.#presence;
    for (const userId of this.#known.keys()) if (!wanted.has(userId)) this.#known.delete(userId);
    this.#renew();
    parts.relay.call("wish", [this.#tab, [...wanted.keys()], isActive], true).then(
      (people) => this.#know(people as readonly PersonPresence[]),
      // The next renewal asks again.
      () => undefined,
    );
  }

  #ask(): void {
    const { wanted, isActive, parts } = this.#presence;
    const { requests } = parts;
    this.#dropOldWishes();
    const wishes = [...this.#wishes.values()];
    const isAnyActive = isActive || wishes.some((wish) => wish.isActive);
    if (isAnyActive !== this.#saidActive) {
      this.#saidActive = isAnyActive;
      requests.callOnce("setActive", { isActive: isAnyActive }).catch(() => undefined);
    }
    const all = [...wanted.keys(), ...wishes.flatMap(({ userIds }) => userIds)];
    const asked = new Set([...new Set(all)].slice(0, PRESENCE_WATCHED_MAX));
    if (asked.size === this.#asked.size && [...asked].every((userId) => this.#asked.has(userId))) return;
    this.#asked = asked;
    for (const userId of this.#known.keys()) if (!asked.has(userId)) this.#known.delete(userId);
    // The answer comes as every frame of its kind: in its order among them.
    requests.callOnce("watchPresence", { userIds: [...asked] }).catch(() => {
      if (this.#asked !== asked) return;
      this.#asked = NOBODY;
      this.#forgetAll();
      this.review(PRESENCE_RETRY_MS);
    });
  }

  /** Repeats what this tab wishes, or looks whose wishes were not repeated. */
  #renew(): void {
    this.#renewal ??= this.#presence.parts.ambient.scheduler.after(PRESENCE_WISH_MS, () => {
      this.#renewal = undefined;
      this.#work();
    });
  }

  #dropOldWishes(): void {
    const nowMs = this.#nowMs();
    for (const [tab, { heardMs }] of this.#wishes)
      if (nowMs - heardMs > PRESENCE_WISH_MS_MAX) this.#wishes.delete(tab);
    if (this.#wishes.size > 0) this.#renew();
  }

  #know(people: readonly PersonPresence[]): void {
    const { wanted, parts } = this.#presence;
    const { emitter, relay } = parts;
    const changed: UserId[] = [];
    for (const { userId, state: said, sinceMs } of people) {
      if (!(relay.isFollowing ? wanted.has(userId) : this.#asked.has(userId))) continue;
      const before = this.#known.get(userId);
      // A state of a newer server is not one that this client could show.
      const state = STATES.find((known) => known === said) ?? "unknown";
      if (before?.state === state && before.sinceMs === sinceMs) continue;
      this.#known.set(userId, { state, sinceMs });
      changed.push(userId);
    }
    if (changed.length > 0) emitter.emit("presence", { changed });
  }

  #forgetAll(): void {
    const changed = [...this.#known.keys()];
    this.#known.clear();
    if (changed.length > 0) this.#presence.parts.emitter.emit("presence", { changed });
  }

  #noteTyping({ conversationId, userId }: { conversationId: ConversationId; userId: UserId }): void {
    const { self, ambient } = this.#presence.parts;
    const before = this.#typing.get(conversationId);
    const isNew = before?.has(userId) !== true;
    if (userId === self || (isNew && this.#typing.size >= TYPING_NAMES_MAX)) return;
    before?.get(userId)?.cancel();
    const end = (): void => this.#endTyping(conversationId, userId);
    const names = new Map(before);
    names.set(userId, ambient.scheduler.after(TYPING_SHOWN_MS, end));
    this.#typing.set(conversationId, names);
    if (isNew) this.#showTyping(conversationId);
  }

  #endTyping(conversationId: ConversationId, userId: UserId): void {
    const before = this.#typing.get(conversationId);
    const timer = before?.get(userId);
    if (timer === undefined) return;
    timer.cancel();
    const names = new Map(before);
    names.delete(userId);
    if (names.size === 0) this.#typing.delete(conversationId);
    else this.#typing.set(conversationId, names);
    this.#showTyping(conversationId);
  }

  #showTyping(conversationId: ConversationId): void {
    const names = this.#typing.get(conversationId);
    if (names === undefined) this.#typists.delete(conversationId);
    else this.#typists.set(conversationId, [...names.keys()]);
    this.#presence.parts.emitter.emit("typing", { conversationId });
  }

  #nowMs(): number {
    return this.#presence.parts.ambient.clock.monotonicMs();
  }
}
