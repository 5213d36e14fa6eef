/**
 * By which words the people of one organisation are found, in memory: in an encrypted installation no file holds a name in plain,
 * and the keys of rows are plain. See docs/decisions/0027-names-are-indexed-in-memory.md.
 *
 * Every word of a name stands with the rest of the name behind it, and every id, each in the bucket of its rank and first
 * letter; a bucket is sorted when it is first read after a change.
 */
import { assert } from "@parley/base";
import { PERSON_RANKS, type UserId, foldName, wordsOf } from "@parley/protocol";

interface Person {
  readonly userId: UserId;
  /** Both folded. */
  readonly name: string;
  readonly id: string;
}

interface Place {
  readonly rank: number;
  readonly key: string;
}

interface Entry {
  readonly key: string;
  readonly userId: UserId;
}

interface Bucket {
  entries: Entry[];
  isSorted: boolean;
}

export class PeopleIndex {
  readonly #people = new Map<UserId, Person>();
  /** By rank, then by the first character of the key. */
  readonly #ranks = Array.from({ length: PERSON_RANKS }, () => new Map<string, Bucket>());

  get size(): number {
    return this.#people.size;
  }

  has(userId: UserId): boolean {
    return this.#people.has(userId);
  }

  /** The folded name of somebody who is in. */
  nameOf(userId: UserId): string {
    return this.#people.get(userId)?.name ?? "";
  }

  /** Puts somebody in, or what is new of them. Cost: the words of the name; of who was there, a pass over their buckets. */
  set(userId: UserId, name: string): void {
    const folded = foldName(name);
    const before = this.#people.get(userId);
    if (before?.name === folded) return;
    if (before !== undefined) this.#remove(before);
    const person = { userId, name: folded, id: foldName(userId) };
    this.#people.set(userId, person);
    for (const { rank, key } of placesOf(person)) {
      const bucket = this.#bucket(rank, key);
      bucket.entries.push({ key, userId });
      bucket.isSorted = false;
    }
  }

  /**
   * Those who fit a folded text, the best first: whose id it is, then by rank, then by what follows it, then by id; at most `countMax`.
   * Cost: one search and a walk over what fits for each rank; a bucket that was changed is sorted first.
   */
  find(folded: string, countMax: number): readonly UserId[] {
    const found = new Set(folded === "" ? [] : this.#withId(folded));
    for (const buckets of this.#ranks) {
      for (const bucket of bucketsFor(buckets, folded)) {
        // A bucket that is not read is not sorted either.
        if (found.size >= countMax) break;
        for (let at = firstAt(sorted(bucket), folded); at < bucket.entries.length; at++) {
          const { key, userId } = bucket.entries[at]!;
          if (found.size >= countMax || !key.startsWith(folded)) break;
          found.add(userId);
        }
      }
    }
    return [...found];
  }

  /** The same of these people only. Cost: a look at each. */
  findAmong(userIds: readonly UserId[], folded: string, countMax: number): readonly UserId[] {
    const fitting = userIds.flatMap((userId) => {
      const person = this.#people.get(userId);
      const places = person === undefined ? [] : placesOf(person);
      const [best] = places.filter(({ key }) => key.startsWith(folded)).toSorted(comparePlaces);
      if (best === undefined) return [];
      return [
        person?.id === folded && folded !== "" ? { userId, rank: -1, key: folded } : { userId, ...best },
      ];
    });
    fitting.sort((one, other) => one.rank - other.rank || compareEntries(one, other));
    return fitting.slice(0, countMax).map(({ userId }) => userId);
  }

  /** Whose id it is: one, but for ids that differ only in what is folded. */
  #withId(folded: string): readonly UserId[] {
    const entries = sorted(this.#bucket(PERSON_RANKS - 1, folded));
    const found: UserId[] = [];
    for (let at = firstAt(entries, folded); entries[at]?.key === folded; at++)
      found.push(entries[at]!.userId);
    return found;
  }

  #remove(person: Person): void {
    for (const { rank, key } of placesOf(person)) {
      const bucket = this.#bucket(rank, key);
      bucket.entries = bucket.entries.filter(({ userId }) => userId !== person.userId);
    }
  }

  #bucket(rank: number, key: string): Bucket {
    const buckets = this.#ranks[rank];
    assert(buckets !== undefined, "a rank is one of a few");
    const letter = letterOf(key);
    let bucket = buckets.get(letter);
    if (bucket === undefined) buckets.set(letter, (bucket = { entries: [], isSorted: true }));
    return bucket;
  }
}

/** Where somebody is found. */
function placesOf({ name, id }: Person): readonly Place[] {
  const places = wordsOf(name).map((key, index) => ({ rank: index === 0 ? 0 : 1, key }));
  return [...places, { rank: PERSON_RANKS - 1, key: id }];
}

/** Those that what begins so is in, in the order of their letters. */
function bucketsFor(buckets: ReadonlyMap<string, Bucket>, folded: string): readonly Bucket[] {
  if (folded !== "") return [buckets.get(letterOf(folded))].filter((bucket) => bucket !== undefined);
  const letters = [...buckets.keys()].toSorted((one, other) => (one < other ? -1 : 1));
  return letters.map((letter) => buckets.get(letter)!);
}

function letterOf(key: string): string {
  return key.charAt(0);
}

function sorted(bucket: Bucket): readonly Entry[] {
  if (!bucket.isSorted) bucket.entries.sort(compareEntries);
  bucket.isSorted = true;
  return bucket.entries;
}

function comparePlaces(one: Place, other: Place): number {
  return one.rank - other.rank || (one.key < other.key ? -1 : 1);
}

function compareEntries(one: Entry, other: Entry): number {
  if (one.key !== other.key) return one.key < other.key ? -1 : 1;
  return one.userId < other.userId ? -1 : 1;
}

/** The first entry that is not below the text. */
function firstAt(entries: readonly Entry[], folded: string): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.key < folded) low = middle + 1;
    else high = middle;
  }
  return low;
}
