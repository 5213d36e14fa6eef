/** The names of people, asked for when they are first needed and kept for the next visit. */
import type { ParleyClient } from "@parley/client";
import { type User, type UserId, USERS_PER_REQUEST_MAX } from "@parley/protocol";
import type { KeyValues } from "../session/browser-storage.js";

const KEY = "parley.names";
/** Names that are kept for the next visit. */
const KEPT_MAX = 2_000;
/** Questions on their way at a time, and names that one asks for. */
const ASKED_MAX = 2;
const NAMES_PER_QUESTION = USERS_PER_REQUEST_MAX;

interface Known {
  readonly name: string;
  /** 0: no picture. */
  readonly pictureVersion: number;
}

export class NameBook {
  readonly #client: Pick<ParleyClient, "usersById" | "on">;
  readonly #storage: KeyValues;
  readonly #known: Map<string, Known>;
  /** Asked for in this visit: an old name may have changed, and is shown until the answer comes. */
  readonly #asked = new Set<UserId>();
  readonly #listeners = new Set<() => void>();
  readonly #waiting: UserId[] = [];
  #unanswered: UserId[] = [];
  #askedCount = 0;
  #version = 0;

  constructor(client: Pick<ParleyClient, "usersById" | "on">, storage: KeyValues) {
    this.#client = client;
    this.#storage = storage;
    this.#known = readKnown(storage.getItem(KEY));
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
    this.#want(userId);
    return this.#known.get(userId)?.name ?? userId;
  }

  /** The version of a person's picture, 0 when there is none or it is not known. Asks as `nameOf` does. */
  pictureOf(userId: UserId): number {
    this.#want(userId);
    return this.#known.get(userId)?.pictureVersion ?? 0;
  }

  /** Takes in names that came with something else. */
  learn(users: readonly User[]): void {
    const news = users.filter(({ userId, name, pictureVersion }) => {
      const known = this.#known.get(userId);
      return name !== "" && (known?.name !== name || known.pictureVersion !== pictureVersion);
    });
    if (news.length === 0) return;
    for (const { userId, name, pictureVersion } of news) this.#known.set(userId, { name, pictureVersion });
    this.#version += 1;
    this.#keep();
    for (const listener of this.#listeners) listener();
  }

  #want(userId: UserId): void {
    if (this.#asked.has(userId)) return;
    this.#asked.add(userId);
    this.#waiting.push(userId);
    // What one drawing needs is asked for together.
    queueMicrotask(() => this.#ask());
  }

  #ask(): void {
    while (this.#askedCount < ASKED_MAX && this.#waiting.length > 0) {
      this.#askedCount += 1;
      this.#askFor(this.#waiting.splice(0, NAMES_PER_QUESTION)).catch(() => undefined);
    }
  }

  async #askFor(userIds: readonly UserId[]): Promise<void> {
    try {
      this.learn(await this.#client.usersById(userIds));
    } catch {
      // Without an answer it is asked again on the next connection.
      this.#unanswered.push(...userIds);
    }
    this.#askedCount -= 1;
    this.#ask();
  }

  #keep(): void {
    try {
      const rows = [...this.#known].slice(-KEPT_MAX);
      this.#storage.setItem(
        KEY,
        JSON.stringify(rows.map(([id, { name, pictureVersion }]) => [id, name, pictureVersion])),
      );
    } catch {
      // A browser that stores nothing asks again at the next visit.
    }
  }
}

function readKnown(stored: string | null): Map<string, Known> {
  try {
    const rows = JSON.parse(stored ?? "[]") as unknown;
    if (!Array.isArray(rows)) return new Map();
    return new Map(
      rows.filter(isRow).map(([id, name, version]) => [
        id,
        // Of an older version of the app: without pictures.
        { name, pictureVersion: Number.isSafeInteger(version) ? Number(version) : 0 },
      ]),
    );
  } catch {
    // Written by something else.
    return new Map();
  }
}

function isRow(value: unknown): value is [string, string, unknown] {
  return Array.isArray(value) && typeof value[0] === "string" && typeof value[1] === "string";
}
