/**
 * The departments of one organisation and who is in them, in memory beside the index of names. A department is there as long as
 * somebody is in it or below it.
 */
import { type DepartmentEntry, type UserId, DEPARTMENTS_LISTED_MAX, foldName } from "@parley/protocol";

interface Department {
  readonly name: string;
  readonly above: Department | undefined;
  readonly below: Map<string, Department>;
  people: Person[];
  isSorted: boolean;
  /** In it and below it. */
  memberCount: number;
}

interface Person {
  readonly userId: UserId;
  /** Folded. */
  readonly name: string;
  readonly path: string;
  readonly department: Department;
}

export class DepartmentTree {
  readonly #top = newDepartment("", undefined);
  readonly #people = new Map<UserId, Person>();

  /** Puts somebody in, or where they are now. Cost: the depth of the path; of who was there, a pass over those of before. */
  set(userId: UserId, foldedName: string, path: string): void {
    const before = this.#people.get(userId);
    if (before?.path === path && before.name === foldedName) return;
    if (before !== undefined) remove(before);
    const department = this.#add(path);
    const person = { userId, name: foldedName, path, department };
    this.#people.set(userId, person);
    department.people.push(person);
    department.isSorted = false;
    for (let each: Department | undefined = department; each !== undefined; each = each.above)
      each.memberCount += 1;
  }

  /** Departments right below a path, by name. Cost: they are sorted. */
  below(path: string): readonly DepartmentEntry[] {
    const entries = [...(this.#find(path)?.below.values() ?? [])].map(({ name, memberCount }) => ({
      name,
      memberCount,
      key: foldName(name),
    }));
    entries.sort((one, other) => compare(one.key, other.key) || compare(one.name, other.name));
    return entries.slice(0, DEPARTMENTS_LISTED_MAX).map(({ name, memberCount }) => ({ name, memberCount }));
  }

  /**
   * People whose department is this path, by name, then by id: those after where `after` stands, also if that one is elsewhere by
   * now; undefined: nobody of that id is known. Cost: one search; the people are sorted first after a change.
   */
  people(path: string, after: string, countMax: number): readonly UserId[] | undefined {
    const last = after === "" ? undefined : this.#people.get(after as UserId);
    if (after !== "" && last === undefined) return undefined;
    const department = this.#find(path);
    if (department === undefined) return [];
    if (!department.isSorted) department.people.sort(comparePeople);
    department.isSorted = true;
    const start = last === undefined ? 0 : firstBehind(department.people, last);
    return department.people.slice(start, start + countMax).map(({ userId }) => userId);
  }

  #find(path: string): Department | undefined {
    let department: Department | undefined = this.#top;
    for (const name of partsOf(path)) department = department?.below.get(name);
    return department;
  }

  #add(path: string): Department {
    let department = this.#top;
    for (const name of partsOf(path)) {
      let next = department.below.get(name);
      if (next === undefined) department.below.set(name, (next = newDepartment(name, department)));
      department = next;
    }
    return department;
  }
}

function newDepartment(name: string, above: Department | undefined): Department {
  return { name, above, below: new Map(), people: [], isSorted: true, memberCount: 0 };
}

function partsOf(path: string): readonly string[] {
  return path === "" ? [] : path.split("/");
}

/** Takes somebody out of a department, and with the last one the department. */
function remove(person: Person): void {
  const { department } = person;
  department.people = department.people.filter((each) => each !== person);
  for (let each: Department | undefined = department; each !== undefined; each = each.above) {
    each.memberCount -= 1;
    if (each.memberCount === 0) each.above?.below.delete(each.name);
  }
}

function comparePeople(one: Person, other: Person): number {
  return compare(one.name, other.name) || compare(one.userId, other.userId);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Where those begin who stand behind somebody. */
function firstBehind(people: readonly Person[], last: Person): number {
  let [low, high] = [0, people.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePeople(people[middle]!, last) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
