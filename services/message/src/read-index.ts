/** Where the members of one conversation are with their reading, sorted, so that counting takes no walk over them. */
import type { MemberRow } from "@parley/domain";
import type { Message, ReadCount, UserId } from "@parley/protocol";

type Place = Pick<MemberRow, "firstVisible" | "readSequence">;
/** What of a message says who is counted. */
type ReadMessage = Pick<Message, "sequence" | "senderId" | "audience">;

/**
 * Cost: about 100 bytes a member. A change is O(1); the first question after changes sorts, O(n log n); counts are
 * O(log n) then, and a page of users O(n) at worst.
 */
export class ReadIndex {
  readonly #places = new Map<UserId, Place>();
  /** Changed before the rows were there: these are newer. */
  #early: Set<UserId> | undefined = new Set();
  #firsts: Float64Array | undefined;
  #cursors: Float64Array | undefined;
  #userIds: readonly UserId[] | undefined;
  /** As in the head's Reading. What the index holds is as new, or newer. */
  revision = 0;

  get size(): number {
    return this.#places.size;
  }

  /** A member's row as the machine made it. */
  set(userId: UserId, row: Place | undefined): void {
    this.#early?.add(userId);
    this.#put(userId, row);
  }

  /** A row as it was read, unless the machine has said something newer. */
  load(userId: UserId, row: Place): void {
    if (this.#early?.has(userId) !== true) this.#put(userId, row);
  }

  /** All rows were read. */
  finishLoading(): void {
    this.#early = undefined;
  }

  /** How many of those who see the message have read it, and how many have not; its sender is not counted. */
  countOf({ sequence, senderId, audience }: ReadMessage): ReadCount {
    if (audience.length > 0) return this.#countAmong(audience, sequence, senderId);
    this.#firsts ??= sorted(this.#places, ({ firstVisible }) => firstVisible);
    this.#cursors ??= sorted(this.#places, ({ readSequence }) => readSequence);
    // Nobody's reading is behind what they begin to see by more than one, so all of these see the message.
    const unread = countBelow(this.#cursors, sequence);
    const read = countBelow(this.#firsts, sequence + 1) - unread;
    const own = this.#placeOf(senderId, sequence);
    return {
      sequence,
      read: read - (own === "read" ? 1 : 0),
      unread: unread - (own === "unread" ? 1 : 0),
    };
  }

  /** Those who have read the message, or have not, by id and after `after`. */
  page(
    { sequence, senderId, audience }: ReadMessage,
    {
      isUnread,
      after,
      limit,
    }: { readonly isUnread: boolean; readonly after: string; readonly limit: number },
  ): { readonly userIds: readonly UserId[]; readonly next: UserId | "" } {
    const all = (this.#userIds ??= [...this.#places.keys()].toSorted());
    const counted = audience.length === 0 ? all : [...new Set(audience)].toSorted();
    const wanted = isUnread ? "unread" : "read";
    const userIds: UserId[] = [];
    for (let index = indexAfter(counted, after); index < counted.length; index++) {
      const userId = counted[index]!;
      if (userId === senderId || this.#placeOf(userId, sequence) !== wanted) continue;
      if (userIds.length === limit) return { userIds, next: userIds.at(-1)! };
      userIds.push(userId);
    }
    return { userIds, next: "" };
  }

  #countAmong(audience: readonly UserId[], sequence: number, senderId: UserId): ReadCount {
    let [read, unread] = [0, 0];
    for (const userId of new Set(audience)) {
      const place = userId === senderId ? undefined : this.#placeOf(userId, sequence);
      if (place === "read") read += 1;
      else if (place === "unread") unread += 1;
    }
    return { sequence, read, unread };
  }

  #placeOf(userId: UserId, sequence: number): "read" | "unread" | undefined {
    const place = this.#places.get(userId);
    if (place === undefined || place.firstVisible > sequence) return undefined;
    return place.readSequence >= sequence ? "read" : "unread";
  }

  #put(userId: UserId, row: Place | undefined): void {
    const before = this.#places.get(userId);
    if (row === undefined) this.#places.delete(userId);
    else this.#places.set(userId, { firstVisible: row.firstVisible, readSequence: row.readSequence });
    if (before?.readSequence !== row?.readSequence) this.#cursors = undefined;
    if (before?.firstVisible !== row?.firstVisible) this.#firsts = undefined;
    if ((before === undefined) !== (row === undefined)) this.#userIds = undefined;
  }
}

function sorted(places: ReadonlyMap<UserId, Place>, of: (place: Place) => number): Float64Array {
  const numbers = new Float64Array(places.size);
  let index = 0;
  for (const place of places.values()) numbers[index++] = of(place);
  return numbers.toSorted();
}

/** How many of ascending numbers are below `bound`. */
function countBelow(numbers: Float64Array, bound: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function indexAfter(userIds: readonly UserId[], after: string): number {
  let low = 0;
  let high = userIds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (userIds[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
