/** What is asked about people, and who is known since: so that an answer is there before the server's. */
import { LruMap } from "@parley/base";
import {
  type Profile,
  Profile as ProfileSchema,
  type User,
  type UserId,
  FOUND_PEOPLE_MAX,
  PERSON_RANKS,
  PROFILES_PER_REQUEST_MAX,
  USERS_PER_REQUEST_MAX,
  filled,
  foldName,
  wordsOf,
} from "@parley/protocol";
import type { ClientOptions } from "./client-options.js";
import { MEMBERS_KNOWN_LISTS_MAX, PEOPLE_KNOWN_MAX } from "./limits.js";
import type { FetchedMedia } from "./media-api.js";
import type { ClientPeople, DepartmentOptions, DepartmentPage, FindPeopleOptions } from "./people.js";
import { fetchPicture, putPicture } from "./pictures.js";
import type { Requests } from "./requests.js";

export interface PeopleParts {
  readonly requests: Pick<Requests, "call">;
  readonly options: Pick<ClientOptions, "url" | "token" | "http" | "ambient">;
  readonly isLive: () => boolean;
}

/** Somebody, and what they are found by. */
interface Known {
  readonly user: User;
  readonly words: readonly string[];
  readonly id: string;
}

export class PeopleCalls implements ClientPeople {
  readonly #parts: PeopleParts;
  /** Who was heard of last stands last. */
  readonly #known = new Map<UserId, Known>();
  /** Who was found among the members of a conversation. */
  readonly #members = new LruMap<string, Set<UserId>>();

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  async *findPeople(text: string, options: FindPeopleOptions = {}): AsyncGenerator<readonly User[]> {
    const { conversationId, limit = FOUND_PEOPLE_MAX } = options;
    yield this.#findKnown(text, options);
    if (!this.#parts.isLive()) return;
    const { users } = await this.#parts.requests.call("findPeople", { text, conversationId, limit });
    this.#learn(users);
    if (conversationId !== undefined) this.#learnMembers(conversationId, users);
    yield users;
  }

  async usersById(userIds: readonly UserId[]): Promise<readonly User[]> {
    const pages = await inParts(userIds, USERS_PER_REQUEST_MAX, async (part) => {
      const { users } = await this.#parts.requests.call("listUsers", { userIds: part });
      return users;
    });
    this.#learn(pages);
    return pages;
  }

  profiles(userIds: readonly UserId[]): Promise<readonly Profile[]> {
    return inParts(userIds, PROFILES_PER_REQUEST_MAX, async (part) => {
      const { profiles } = await this.#parts.requests.call("getProfiles", { userIds: part });
      return profiles;
    });
  }

  async department(path: string, options: DepartmentOptions = {}): Promise<DepartmentPage> {
    const { after = "", limit = 0 } = options;
    const asked = { path, after: after as UserId, limit };
    const { departments, users, next } = await this.#parts.requests.call("listDepartment", asked);
    this.#learn(users);
    return { departments, users, next };
  }

  async setStatusText(statusText: string): Promise<void> {
    const profile = filled(ProfileSchema, { statusText });
    await this.#parts.requests.call("updateProfile", { names: ["statusText"], profile });
  }

  setPicture(picture: Uint8Array | undefined): Promise<number> {
    return putPicture(this.#parts.options, picture);
  }

  fetchPicture(userId: UserId): Promise<FetchedMedia | undefined> {
    return fetchPicture(this.#parts.options, userId);
  }

  /** Those who are known and fit, in the server's order. Cost: a look at each who is known. */
  #findKnown(text: string, { conversationId, limit = FOUND_PEOPLE_MAX }: FindPeopleOptions): readonly User[] {
    const folded = foldName(text);
    if (folded === "" && text.trim() !== "") return [];
    const among = conversationId === undefined ? undefined : (this.#members.find(conversationId) ?? []);
    const fitting: { readonly rank: number; readonly key: string; readonly user: User }[] = [];
    for (const known of among === undefined ? this.#known.values() : this.#those(among)) {
      const place = placeOf(known, folded);
      if (place !== undefined) fitting.push({ ...place, user: known.user });
    }
    fitting.sort((one, other) => {
      if (one.rank !== other.rank) return one.rank - other.rank;
      if (one.key !== other.key) return one.key < other.key ? -1 : 1;
      return one.user.userId < other.user.userId ? -1 : 1;
    });
    return fitting.slice(0, limit).map(({ user }) => user);
  }

  #those(userIds: Iterable<UserId>): readonly Known[] {
    return [...userIds].map((userId) => this.#known.get(userId)).filter((known) => known !== undefined);
  }

  #learn(users: readonly User[]): void {
    for (const user of users) {
      const words = wordsOf(foldName(user.name));
      this.#known.delete(user.userId);
      this.#known.set(user.userId, { user, words, id: foldName(user.userId) });
    }
    for (const userId of this.#known.keys()) {
      if (this.#known.size <= PEOPLE_KNOWN_MAX) break;
      this.#known.delete(userId);
    }
  }

  #learnMembers(conversationId: string, users: readonly User[]): void {
    const members = this.#members.find(conversationId) ?? new Set();
    for (const { userId } of users) if (members.size < PEOPLE_KNOWN_MAX) members.add(userId);
    this.#members.put(conversationId, members);
    this.#members.cutTo(MEMBERS_KNOWN_LISTS_MAX);
  }
}

/** Where somebody stands among those who are found: as the server says it. */
function placeOf(
  { words, id }: Known,
  folded: string,
): { readonly rank: number; readonly key: string } | undefined {
  if (id === folded && folded !== "") return { rank: -1, key: folded };
  const [whole = "", ...later] = words;
  if (whole !== "" && whole.startsWith(folded)) return { rank: 0, key: whole };
  const [key] = later.filter((word) => word.startsWith(folded)).toSorted();
  if (key !== undefined) return { rank: 1, key };
  return id.startsWith(folded) ? { rank: PERSON_RANKS - 1, key: id } : undefined;
}

async function inParts<T>(
  userIds: readonly UserId[],
  size: number,
  ask: (part: readonly UserId[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const found: T[] = [];
  for (let start = 0; start < userIds.length; start += size)
    found.push(...(await ask(userIds.slice(start, start + size))));
  return found;
}
