/**
 * What is known of groups, in memory: what each is, what I am in it, and of some who its members are.
 *
 *   1. It is brought when it is asked for, and then kept right by events.
 *   2. The list entry has the newest revisions that this device has heard of. What is older than they are, as after a Rebase,
 *      is brought again: the group at once, the members when they are asked for, and only what changed.
 *   3. Events that come while something is brought count by their revision alone: what they tell comes with the next changes.
 */
import { Failure } from "@parley/base";
import type {
  ConversationEntry,
  ConversationId,
  Event,
  GroupInfo,
  Member,
  Scenario,
  UserId,
} from "@parley/protocol";
import { GROUPS_HELD_MAX, GROUPS_WANTED_MAX, MEMBER_LISTS_MAX, GROUP_ROUNDS_MAX } from "./limits.js";
import type { Loaders } from "./loaders.js";
import { RecentMap } from "./recent-map.js";
import type { Requests } from "./requests.js";

/** A group as one of its members knows it. */
export interface Group {
  readonly info: GroupInfo;
  readonly self: Member;
  readonly memberCount: number;
  readonly membersRevision: number;
  /** The kind of group that it is, as the group keeps it. */
  readonly scenario: Scenario | undefined;
}

/** The members of a group, as of a revision. */
export interface MemberBook {
  readonly byId: ReadonlyMap<UserId, Member>;
  readonly revision: number;
  /** The same list until it changes, ascending by user id. */
  list: readonly Member[] | undefined;
}

export interface GroupCacheParts {
  readonly self: UserId;
  readonly requests: Pick<Requests, "call">;
  readonly entry: (conversationId: ConversationId) => ConversationEntry | undefined;
  readonly isConnected: () => boolean;
  readonly onChanged: (conversationId: ConversationId) => void;
  /** Bringing it failed; it is tried again when it is asked for, or with the next change. */
  readonly onError: (error: unknown) => void;
  readonly load: Loaders["calls"];
}

export class GroupCache {
  readonly #parts: GroupCacheParts;
  readonly #groups = new RecentMap<ConversationId, Group>(GROUPS_HELD_MAX);
  readonly #books = new RecentMap<ConversationId, MemberBook>(MEMBER_LISTS_MAX);
  readonly #wanted = new Set<ConversationId>();
  readonly #bringing = new Map<ConversationId, Promise<Group>>();
  readonly #listing = new Map<ConversationId, Promise<readonly Member[]>>();

  constructor(parts: GroupCacheParts) {
    this.#parts = parts;
  }

  /** What is known, also while something newer is on its way; undefined: nothing. */
  find(conversationId: ConversationId): Group | undefined {
    return this.#groups.find(conversationId);
  }

  /** What is known, when it is the newest that this device has heard of; otherwise it is asked for. Errors: those of a request. */
  load(conversationId: ConversationId): Promise<Group> {
    const known = this.#groups.find(conversationId);
    if (known !== undefined && this.#isNewest(conversationId, known)) return Promise.resolve(known);
    return once(this.#bringing, conversationId, () => this.#bring(conversationId));
  }

  /** The application looks at it: it is brought now, or with the next connection. */
  want(conversationId: ConversationId): void {
    const known = this.#groups.find(conversationId);
    const isListed = this.#parts.entry(conversationId)?.isMember === true;
    if (!isListed || (known !== undefined && this.#isNewest(conversationId, known))) return;
    this.#wanted.add(conversationId);
    // What waits was looked at last.
    if (this.#wanted.size > GROUPS_WANTED_MAX) this.#wanted.delete([...this.#wanted][0]!);
    if (this.#parts.isConnected()) this.onUp();
  }

  onUp(): void {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (const conversationId of wanted)
      this.load(conversationId).catch((error: unknown) => this.#parts.onError(error));
  }

  /** All members, at once when what is known is the newest that this device has heard of. Errors: those of a request. */
  members(conversationId: ConversationId): Promise<readonly Member[]> {
    const book = this.#books.find(conversationId);
    if (book !== undefined && book.revision >= this.#membersRevision(conversationId))
      return Promise.resolve(listOf(book));
    return once(this.#listing, conversationId, () => this.#list(conversationId));
  }

  /** The first members whose ids or nicknames begin so when all are known, else whose ids do. Errors: those of a request. */
  async findMembers(
    conversationId: ConversationId,
    prefix: string,
    limit: number,
  ): Promise<readonly Member[]> {
    const book = this.#books.find(conversationId);
    if (book !== undefined && book.revision >= this.#membersRevision(conversationId)) {
      const isFound = ({ userId, nickname }: Member): boolean =>
        userId.startsWith(prefix) || nickname.startsWith(prefix);
      return listOf(book).filter(isFound).slice(0, limit);
    }
    return (await this.#parts.requests.call("listMembers", { conversationId, prefix, limit })).members;
  }

  /** Takes events that are stored. */
  note(events: readonly Event[]): void {
    for (const { group, members } of events) {
      if (group !== undefined) this.#noteGroup(group);
      if (members !== undefined) this.#noteMembers(members);
    }
  }

  /** Entries that changed: what they have heard of and is not known is brought. */
  noteEntries(conversationIds: Iterable<ConversationId>): void {
    for (const conversationId of conversationIds) {
      if (this.#parts.entry(conversationId)?.isMember !== true) {
        this.#groups.delete(conversationId);
        this.#books.delete(conversationId);
        continue;
      }
      const known = this.#groups.peek(conversationId);
      if (known === undefined || this.#isNewest(conversationId, known)) continue;
      this.load(conversationId).catch((error: unknown) => this.#parts.onError(error));
    }
  }

  #noteGroup({ conversationId, info }: NonNullable<Event["group"]>): void {
    const known = this.#groups.peek(conversationId);
    if (known !== undefined && info !== undefined && info.revision > known.info.revision)
      this.#groups.put(conversationId, { ...known, info });
    // Also when somebody asks to join.
    this.#parts.onChanged(conversationId);
  }

  #noteMembers(members: NonNullable<Event["members"]>): void {
    const { conversationId, revision, memberCount, changed, removed } = members;
    const known = this.#groups.peek(conversationId);
    // Without a gap: what lies before it could have been about me.
    if (known?.membersRevision === revision - 1) {
      const self = changed.find(({ userId }) => userId === this.#parts.self) ?? known.self;
      this.#groups.put(conversationId, { ...known, self, memberCount, membersRevision: revision });
    }
    const book = this.#books.peek(conversationId);
    if (book?.revision === revision - 1)
      this.#books.put(conversationId, changedBook(book, { members: changed, removed, revision }));
    this.#parts.onChanged(conversationId);
  }

  #isNewest(conversationId: ConversationId, { info, membersRevision }: Group): boolean {
    const entry = this.#parts.entry(conversationId);
    if (entry === undefined) return true;
    return info.revision >= entry.groupRevision && membersRevision >= entry.membersRevision;
  }

  #membersRevision(conversationId: ConversationId): number {
    return this.#parts.entry(conversationId)?.membersRevision ?? 0;
  }

  async #bring(conversationId: ConversationId): Promise<Group> {
    let group = await this.#ask(conversationId);
    // Events that came meanwhile may tell of something newer than the answer.
    for (let round = 1; round < GROUP_ROUNDS_MAX && !this.#isNewest(conversationId, group); round++)
      group = await this.#ask(conversationId);
    this.#groups.put(conversationId, group);
    this.#parts.onChanged(conversationId);
    return group;
  }

  async #ask(conversationId: ConversationId): Promise<Group> {
    const answer = await this.#parts.requests.call("getGroup", { conversationId });
    const { info, self, memberCount, membersRevision, scenario } = answer;
    if (info === undefined || self === undefined) throw new Failure("malformed", "The answer has no group.");
    return { info, self, memberCount, membersRevision, scenario };
  }

  async #list(conversationId: ConversationId): Promise<readonly Member[]> {
    const { requests, load } = this.#parts;
    const { bookWithChanges, wholeBook } = await load();
    let book = this.#books.find(conversationId);
    for (let round = 0; round < GROUP_ROUNDS_MAX; round++) {
      if (book !== undefined && book.revision >= this.#membersRevision(conversationId)) break;
      book =
        (book && (await bookWithChanges(requests, conversationId, book))) ??
        (await wholeBook(requests, conversationId));
    }
    // It changes faster than it can be read: as it was a moment ago.
    if (book === undefined) return [];
    this.#books.put(conversationId, book);
    return listOf(book);
  }
}

/** What is known after a change. */
export function changedBook(
  book: MemberBook,
  change: {
    readonly members: readonly Member[];
    readonly removed: readonly UserId[];
    readonly revision: number;
  },
): MemberBook {
  const byId = new Map(book.byId);
  for (const member of change.members) byId.set(member.userId, member);
  for (const userId of change.removed) byId.delete(userId);
  return { byId, revision: change.revision, list: undefined };
}

function listOf(book: MemberBook): readonly Member[] {
  book.list ??= [...book.byId.values()].toSorted((one, other) => (one.userId < other.userId ? -1 : 1));
  return book.list;
}

/** Whoever asks while it is under way gets the same answer. */
function once<T>(
  running: Map<ConversationId, Promise<T>>,
  conversationId: ConversationId,
  run: () => Promise<T>,
): Promise<T> {
  const known = running.get(conversationId);
  if (known !== undefined) return known;
  const started = run().finally(() => running.delete(conversationId));
  running.set(conversationId, started);
  return started;
}
