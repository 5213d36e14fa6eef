/**
 * Who is there, in this process: counted from connections, kept in memory, told once a second.
 *
 *   opened, closed, setActive ──► the person is "stirred" ──tick──► its state, once ──► its watchers are owed it ──► one frame each
 *
 *   B1  A state is worked out in a tick alone: what goes there and back between two ticks was nothing, but for when somebody left.
 *   B2  Who has no connection keeps the state of before for GRACE_MS: a reconnect is not seen.
 *   B3  A connection is owed people, not changes: however late it is told, it is told what holds then.
 *   B4  A change costs O(watchers of the person). A tick begins nothing beyond WORK_PER_TICK_MAX; the next goes on.
 *   B5  Tenants do not see each other: a name is a tenant's and a user's together, and the tenant is the session's.
 *
 * Memory: about 400 bytes for each connected or watched person, 100 for each connection that watches one, 100 for each person of whom
 * only is known when it left.
 */
import { type Clock, Failure } from "@parley/base";
import {
  type PersonPresence,
  type PresenceState,
  type TenantId,
  type UserId,
  PRESENCE_WATCHED_MAX,
} from "@parley/protocol";
import type { PresencePort, PresenceSink } from "./presence-port.js";

/** How long somebody without a connection is there as before. Longer than the pauses of a client that comes back. */
export const GRACE_MS = 15_000;
/** Watched people, over all connections: 5,000 that watch all they may, or 50,000 with a screen of them each. About 100 MB. */
export const WATCHES_MAX = 5_000 * PRESENCE_WATCHED_MAX;
/** People who left and of whom nothing else is kept; who was put there first is forgotten first. */
export const LAST_SEEN_MAX = 100_000;
/** People who are owed to somebody, and people who are told, in one tick: some 20 milliseconds. */
export const WORK_PER_TICK_MAX = 50_000;
/** A connection on a slow network is told this often. */
export const SLOW_TELL_MS_MIN = 10_000;

interface Person {
  readonly name: string;
  readonly userId: UserId;
  /** Connections, and those of them at which somebody is. */
  connectionCount: number;
  activeCount: number;
  /** Wall time of the last change to nobody at any device, and to no connection. */
  idleMs: number;
  leftMs: number;
  state: PresenceState;
  sinceMs: number;
  readonly watchers: Set<Member>;
}

/** A connection. */
interface Member {
  readonly sink: PresenceSink;
  readonly tenantId: TenantId;
  readonly self: Person;
  isActive: boolean;
  watched: ReadonlySet<Person>;
  /** Watched people of whom something changed that was not told. */
  readonly owed: Set<Person>;
  toldMs: number;
}

export interface PresenceBoardOptions {
  readonly clock: Clock;
  /** Defaults: WATCHES_MAX, LAST_SEEN_MAX, WORK_PER_TICK_MAX. */
  readonly watchesMax?: number;
  readonly lastSeenMax?: number;
  readonly workPerTickMax?: number;
}

export interface PresenceCounts {
  readonly people: number;
  readonly watches: number;
  readonly lastSeen: number;
}

export class PresenceBoard implements PresencePort {
  readonly #clock: Clock;
  readonly #watchesMax: number;
  readonly #lastSeenMax: number;
  readonly #workPerTickMax: number;
  readonly #members = new Map<PresenceSink, Member>();
  /** Everybody who is connected, watched, or in grace. */
  readonly #people = new Map<string, Person>();
  /** When those left of whom nothing else is kept. */
  readonly #lastSeen = new Map<string, number>();
  /** Whose state may have changed. */
  readonly #stirred = new Set<Person>();
  /** Without a connection since this monotonic time; ascending. */
  readonly #inGrace = new Map<Person, number>();
  /** Who is owed something; who was told longest ago comes first. */
  readonly #owed = new Set<Member>();
  #watches = 0;

  constructor(options: PresenceBoardOptions) {
    this.#clock = options.clock;
    this.#watchesMax = options.watchesMax ?? WATCHES_MAX;
    this.#lastSeenMax = options.lastSeenMax ?? LAST_SEEN_MAX;
    this.#workPerTickMax = options.workPerTickMax ?? WORK_PER_TICK_MAX;
  }

  get counts(): PresenceCounts {
    return { people: this.#people.size, watches: this.#watches, lastSeen: this.#lastSeen.size };
  }

  opened(
    sink: PresenceSink,
    { tenantId, userId }: { readonly tenantId: TenantId; readonly userId: UserId },
  ): void {
    const self = this.#person(tenantId, userId);
    self.connectionCount += 1;
    self.activeCount += 1;
    this.#inGrace.delete(self);
    this.#stirred.add(self);
    const member: Member = {
      sink,
      tenantId,
      self,
      isActive: true,
      watched: new Set(),
      owed: new Set(),
      toldMs: Number.NEGATIVE_INFINITY,
    };
    this.#members.set(sink, member);
  }

  closed(sink: PresenceSink): void {
    const member = this.#members.get(sink);
    if (member === undefined) return;
    this.#members.delete(sink);
    this.#owed.delete(member);
    this.#unwatch(member);
    const { self } = member;
    self.connectionCount -= 1;
    if (member.isActive) this.#leaveActive(self);
    if (self.connectionCount > 0) return;
    self.leftMs = this.#clock.nowMs();
    this.#inGrace.set(self, this.#clock.monotonicMs());
  }

  setActive(sink: PresenceSink, isActive: boolean): void {
    const member = this.#members.get(sink);
    if (member === undefined || member.isActive === isActive) return;
    member.isActive = isActive;
    if (!isActive) this.#leaveActive(member.self);
    else {
      member.self.activeCount += 1;
      this.#stirred.add(member.self);
    }
  }

  watch(sink: PresenceSink, userIds: readonly UserId[]): readonly PersonPresence[] {
    if (userIds.length > PRESENCE_WATCHED_MAX)
      throw new Failure("bad-request", `Watch at most ${PRESENCE_WATCHED_MAX} people at a time.`, {
        retry: "after-change",
      });
    const member = this.#members.get(sink);
    if (member === undefined) return [];
    const before = member.watched;
    const wanted = new Set(userIds.map((userId) => this.#person(member.tenantId, userId)));
    if (this.#watches - before.size + wanted.size > this.#watchesMax) {
      this.#unwatch(member);
      for (const person of wanted) this.#forgetIfUnused(person);
      throw new Failure("unavailable", "Too many people are watched on this server.", {
        retry: "same",
        retryAfterMs: GRACE_MS,
      });
    }
    for (const person of wanted) person.watchers.add(member);
    for (const person of before) if (!wanted.has(person)) this.#stopWatching(member, person);
    this.#watches += wanted.size - before.size;
    member.watched = wanted;
    // The answer is how things were in the last tick; the next one tells what changed since.
    member.owed.clear();
    return [...wanted].map(toldOf);
  }

  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#endGrace(nowMs);
    // Half of it, so that those who are owed something do not wait until all states are worked out.
    const half = this.#workPerTickMax / 2;
    const left = this.#settle(half);
    this.#tell(half + left, nowMs);
  }

  #endGrace(nowMs: number): void {
    for (const [person, sinceMs] of this.#inGrace) {
      if (nowMs - sinceMs < GRACE_MS) return;
      this.#inGrace.delete(person);
      this.#stirred.add(person);
    }
  }

  /** Works out states, and owes them to those who watch. Returns the work that is left. */
  #settle(workMax: number): number {
    let work = workMax;
    for (const person of this.#stirred) {
      if (work <= 0) return 0;
      this.#stirred.delete(person);
      work -= 1;
      if (this.#hasChanged(person)) {
        work -= person.watchers.size;
        for (const member of person.watchers) {
          member.owed.add(person);
          this.#owed.add(member);
        }
      }
      this.#forgetIfUnused(person);
    }
    return work;
  }

  /** Brings the state up to date; false when it is as it was. */
  #hasChanged(person: Person): boolean {
    const state = this.#stateOf(person);
    // Who was here for less than a tick was seen all the same.
    const wasHere = state === "offline" && !this.#inGrace.has(person) && person.leftMs !== person.sinceMs;
    if (state === person.state && !wasHere) return false;
    person.state = state;
    person.sinceMs = state === "online" ? 0 : state === "away" ? person.idleMs : person.leftMs;
    return true;
  }

  #stateOf(person: Person): PresenceState {
    if (person.activeCount > 0) return "online";
    if (person.connectionCount > 0) return "away";
    return this.#inGrace.has(person) ? person.state : "offline";
  }

  /** Each gets one frame with all that it is owed. Who takes nothing is looked at again in the next tick. */
  #tell(workMax: number, nowMs: number): void {
    let work = workMax;
    let left = this.#owed.size;
    for (const member of this.#owed) {
      if (work <= 0 || left === 0) return;
      left -= 1;
      work -= 1;
      this.#owed.delete(member);
      if (!mayTell(member, nowMs)) {
        // Behind the others, so that many who take nothing do not use up the work of each tick.
        this.#owed.add(member);
        continue;
      }
      const people = [...member.owed].map(toldOf);
      member.owed.clear();
      member.toldMs = nowMs;
      work -= people.length;
      if (people.length > 0) member.sink.tellPresence(people);
    }
  }

  #person(tenantId: TenantId, userId: UserId): Person {
    // Neither has a slash in it.
    const name = `${tenantId}/${userId}`;
    const known = this.#people.get(name);
    if (known !== undefined) return known;
    const leftMs = this.#lastSeen.get(name) ?? 0;
    this.#lastSeen.delete(name);
    const person: Person = {
      name,
      userId,
      connectionCount: 0,
      activeCount: 0,
      idleMs: leftMs,
      leftMs,
      state: "offline",
      sinceMs: leftMs,
      watchers: new Set(),
    };
    this.#people.set(name, person);
    return person;
  }

  #leaveActive(person: Person): void {
    person.activeCount -= 1;
    if (person.activeCount === 0) person.idleMs = this.#clock.nowMs();
    this.#stirred.add(person);
  }

  #unwatch(member: Member): void {
    for (const person of member.watched) this.#stopWatching(member, person);
    this.#watches -= member.watched.size;
    member.watched = new Set();
    member.owed.clear();
  }

  #stopWatching(member: Member, person: Person): void {
    person.watchers.delete(member);
    this.#forgetIfUnused(person);
  }

  /** Of somebody who is gone and whom nobody watches, only when it left is kept. */
  #forgetIfUnused(person: Person): void {
    if (person.connectionCount > 0 || person.watchers.size > 0 || person.state !== "offline") return;
    if (this.#inGrace.has(person) || this.#stirred.has(person)) return;
    this.#people.delete(person.name);
    if (person.sinceMs === 0) return;
    this.#lastSeen.set(person.name, person.sinceMs);
    if (this.#lastSeen.size <= this.#lastSeenMax) return;
    for (const oldest of this.#lastSeen.keys()) {
      this.#lastSeen.delete(oldest);
      return;
    }
  }
}

function mayTell({ sink, toldMs }: Member, nowMs: number): boolean {
  const pace = sink.presencePace();
  return pace === "now" || (pace === "rarely" && nowMs - toldMs >= SLOW_TELL_MS_MIN);
}

function toldOf({ userId, state, sinceMs }: Person): PersonPresence {
  return { userId, state, sinceMs };
}
