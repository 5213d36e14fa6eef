/** The names of people, asked for when they are first needed and kept for the next visit. */
import type { ParleyClient } from "@parley/client";
import type { User, UserId } from "@parley/protocol";
import type { KeyValues } from "../session/browser-storage.js";

const KEY = "parley.names";
/** Names that are kept for the next visit. */
const KEPT_MAX = 2_000;
/** Questions on their way at a time. */
const ASKED_MAX = 4;

export class NameBook {
  readonly #client: Pick<ParleyClient, "users" | "on">;
  readonly #storage: KeyValues;
  readonly #names: Map<string, string>;
  /** Asked for in this visit: an old name may have changed, and is shown until the answer comes. */
  readonly #asked = new Set<UserId>();
  readonly #listeners = new Set<() => void>();
  readonly #waiting: UserId[] = [];
  #unanswered: UserId[] = [];
  #askedCount = 0;
  #version = 0;

  constructor(client: Pick<ParleyClient, "users" | "on">, storage: KeyValues) {
    this.#client = client;
    this.#storage = storage;
    this.#names = readNames(storage.getItem(KEY));
    client.on("connection", ({ state }) => {
      if (state !== "live") return;
      this.#waiting.push(...this.#unanswered);
      this.#unanswered = [];
      this.#ask();
    });
  }

  /** Grows with every change; for `useSyncExternalStore`. */
  readonly version = (): number => this.#version;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The name of a person, the id until it is known. Effects: asks for it, once. */
  nameOf(userId: UserId): string {
    if (!this.#asked.has(userId)) {
      this.#asked.add(userId);
      this.#waiting.push(userId);
      queueMicrotask(() => this.#ask());
    }
    return this.#names.get(userId) ?? userId;
  }

  /** Takes in names that came with something else. */
  learn(users: readonly User[]): void {
    const news = users.filter(({ userId, name }) => name !== "" && this.#names.get(userId) !== name);
    if (news.length === 0) return;
    for (const { userId, name } of news) this.#names.set(userId, name);
    this.#version += 1;
    this.#keep();
    for (const listener of this.#listeners) listener();
  }

  #ask(): void {
    while (this.#askedCount < ASKED_MAX) {
      const userId = this.#waiting.shift();
      if (userId === undefined) return;
      this.#askedCount += 1;
      this.#askFor(userId).catch(() => undefined);
    }
  }

  async #askFor(userId: UserId): Promise<void> {
    try {
      const users = await this.#client.users(userId, 1);
      this.learn(users.filter((user) => user.userId === userId));
    } catch {
      // Without an answer it is asked again on the next connection.
      this.#unanswered.push(userId);
    }
    this.#askedCount -= 1;
    this.#ask();
  }

  #keep(): void {
    try {
      this.#storage.setItem(KEY, JSON.stringify([...this.#names].slice(-KEPT_MAX)));
    } catch {
      // A browser that stores nothing asks again at the next visit.
    }
  }
}

function readNames(stored: string | null): Map<string, string> {
  try {
    const pairs = JSON.parse(stored ?? "[]") as unknown;
    if (!Array.isArray(pairs)) return new Map();
    return new Map(pairs.filter(isPair));
  } catch {
    // Written by something else.
    return new Map();
  }
}

function isPair(value: unknown): value is [string, string] {
  return Array.isArray(value) && typeof value[0] === "string" && typeof value[1] === "string";
}
