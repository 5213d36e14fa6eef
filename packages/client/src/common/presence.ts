/** Who is there, and who types: what is wanted of it. What is known comes with code that is fetched later: see `presence-keeper.ts`. */
import type { Ambient } from "@parley/base";
import type { ConversationId, PersonPresence, PresenceState, UserId } from "@parley/protocol";
import type { Emitter } from "./emitter.js";
import type { Loaders } from "./loaders.js";
import type { PresenceKeeper } from "./presence-keeper.js";
import type { Relay } from "./relay.js";
import type { Replica } from "./replica.js";
import type { Requests } from "./requests.js";
import type { Session } from "./session.js";
import type { PresenceTold } from "./tab-messages.js";

/** How somebody is. "unknown": while there is no connection, before the server has answered, and of those whom nobody watches. */
export interface UserPresence {
  readonly state: PresenceState | "unknown";
  /** Since when somebody is away or offline, by the server's clock; 0: not known. */
  readonly sinceMs: number;
}

/** Who is there, and who is typing, as it is now: nothing of it is stored, here or on the server. Nothing of it waits for a connection. */
export interface PresenceClient {
  /**
   * Watches these people until the returned function is called, for as many callers as there are: such as those on the screen. The
   * "presence" event tells of whom `of` says something else. Of all callers and tabs together 200 people are watched.
   */
  watch(userIds: readonly UserId[]): () => void;
  /** How somebody who is watched is; the same object until it changes. */
  of(userId: UserId): UserPresence;
  /** Whether somebody is at this device, or in this tab; at first there is. The application knows when nobody was for a while. */
  setActive(isActive: boolean): void;
  /** I am typing: call it with each key, it tells the others every three seconds. Only where there are at most 100 members. */
  typing(conversationId: ConversationId): void;
  /**
   * Others who are typing in a conversation, the first to begin first; the same array until the "typing" event. Somebody is among them for
   * five seconds, or until a message comes.
   */
  typists(conversationId: ConversationId): readonly UserId[];
}

export interface PresenceParts {
  readonly self: UserId;
  readonly ambient: Ambient;
  readonly requests: Pick<Requests, "call" | "callOnce">;
  readonly session: Pick<Session, "isUp">;
  readonly relay: Relay;
  readonly emitter: Emitter;
  readonly replica: Pick<Replica, "entry">;
  readonly newId: () => string;
  /** Tells the tabs that follow. */
  readonly tell: (told: PresenceTold) => void;
  readonly load: Loaders["calls"];
}

const UNKNOWN: UserPresence = { state: "unknown", sinceMs: 0 };
const NOBODY: readonly UserId[] = [];

export class Presence implements PresenceClient {
  readonly parts: PresenceParts;
  /** How many callers watch whom. */
  readonly wanted = new Map<UserId, number>();
  isActive = true;
  /** Made when something is first wanted or told. */
  keeper: PresenceKeeper | undefined;

  constructor(parts: PresenceParts) {
    this.parts = parts;
  }

  watch(userIds: readonly UserId[]): () => void {
    const mine = new Set(userIds);
    this.#count(mine, 1);
    return () => {
      this.#count(mine, -1);
      mine.clear();
    };
  }

  of(userId: UserId): UserPresence {
    return this.keeper?.of(userId) ?? UNKNOWN;
  }

  setActive(isActive: boolean): void {
    this.isActive = isActive;
    this.#review();
  }

  typing(conversationId: ConversationId): void {
    this.#use((keeper) => keeper.typing(conversationId));
  }

  typists(conversationId: ConversationId): readonly UserId[] {
    return this.keeper?.typists(conversationId) ?? NOBODY;
  }

  /** There is a connection, or a tab that leads and has one. */
  onUp(): void {
    if (this.wanted.size > 0 || !this.isActive || this.keeper !== undefined)
      this.#use((keeper) => keeper.onUp());
  }

  take(told: PresenceTold): void {
    this.#use((keeper) => keeper.take(told));
  }

  /** What the tab `tab` wants of the one that leads. Errors: "unavailable". */
  async wish(tab: string, userIds: readonly UserId[], isActive: boolean): Promise<readonly PersonPresence[]> {
    return (await this.#open()).wish(tab, userIds, isActive);
  }

  #count(userIds: ReadonlySet<UserId>, step: number): void {
    for (const userId of userIds) {
      const count = (this.wanted.get(userId) ?? 0) + step;
      if (count > 0) this.wanted.set(userId, count);
      else this.wanted.delete(userId);
    }
    if (userIds.size > 0) this.#review();
  }

  #review(): void {
    this.#use((keeper) => keeper.review());
  }

  /** What cannot be fetched is asked for again with the next connection. */
  #use(then: (keeper: PresenceKeeper) => void): void {
    if (this.keeper === undefined) this.#open().then(then, () => undefined);
    else then(this.keeper);
  }

  async #open(): Promise<PresenceKeeper> {
    const { PresenceKeeper } = await this.parts.load();
    return (this.keeper ??= new PresenceKeeper(this));
  }
}
