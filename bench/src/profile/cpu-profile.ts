/** What V8's sampling profiler found, added up: self time by function, file and package, and inclusive time. */

/** A profile as the inspector gives it and as `.cpuprofile` files hold it; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node that each sample was in. */
  readonly samples: readonly number[];
  /** From the sample before to each sample; the first counts from the beginning. */
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

export interface CallFrame {
  readonly functionName: string;
  /** "0" for what is no script: V8's own functions, and its states such as "(idle)". */
  readonly scriptId: string;
  /** Empty for what is no script, and for what was made at run time. */
  readonly url: string;
  /** Both from 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** Where the source of a frame stands. */
export interface Place {
  /** From the root of the workspace where it is part of it: `services/message/src/receiver.ts`. */
  readonly file: string;
  /** From 1; 0 where there is none. */
  readonly line: number;
  /** `services/message`, the name of a library, "node", "native" or "gc". */
  readonly package: string;
}

export interface Cost {
  readonly name: string;
  readonly place: Place;
  readonly microseconds: number;
}

/** A call and what was called from it, the most expensive first. */
export interface CallTree extends Cost {
  readonly calls: readonly CallTree[];
}

export interface ProfileCosts {
  /** Of all samples that were not idle. */
  readonly busyMicroseconds: number;
  readonly idleMicroseconds: number;
  /** All sorted, the most expensive first; self time. V8's own functions are told apart by who called them. */
  readonly functions: readonly Cost[];
  readonly files: readonly Cost[];
  readonly packages: readonly Cost[];
  /** By function, with all that it called; a function that calls itself counts once. */
  readonly inclusive: readonly Cost[];
  readonly tree: CallTree;
}

const IDLE = "(idle)";
const ROOT = "(root)";
export const NO_SCRIPT = "0";

/** Adds up a profile. `placeOf` tells where a frame stands. Errors: a TypeError for what is no profile. */
export function costsOf(profile: CpuProfile, placeOf: (frame: CallFrame) => Place): ProfileCosts {
  const self = selfTimes(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const callers = new Map(
    profile.nodes.flatMap(({ callFrame, children = [] }) => children.map((child) => [child, callFrame])),
  );
  const functions = new Sums();
  const files = new Sums();
  const packages = new Sums();
  let [busyMicroseconds, idleMicroseconds] = [0, 0];
  for (const [id, microseconds] of self) {
    const { callFrame } = nodes.get(id)!;
    const place = places.get(id)!;
    if (callFrame.functionName === IDLE) {
      idleMicroseconds += microseconds;
      continue;
    }
    busyMicroseconds += microseconds;
    const name = calledName(callFrame, callers.get(id));
    functions.add(`${frameKey(callFrame)} ${name}`, name, place, microseconds);
    files.add(place.file, place.file, { ...place, line: 0 }, microseconds);
    packages.add(place.package, place.package, { ...place, file: "", line: 0 }, microseconds);
  }
  const root = profile.nodes[0];
  if (root === undefined) throw new TypeError("A profile has a root.");
  const inclusive = new Sums();
  const tree = walk(root, { nodes, places, self, inclusive, onPath: new Set() });
  return {
    busyMicroseconds,
    idleMicroseconds,
    functions: functions.sorted(),
    files: files.sorted(),
    packages: packages.sorted(),
    inclusive: inclusive.sorted().filter(({ name }) => name !== ROOT),
    tree,
  };
}

/** By node; the time from a sample to the next one is the time of that sample. */
function selfTimes({ samples, timeDeltas, startTime, endTime }: CpuProfile): Map<number, number> {
  const self = new Map<number, number>();
  let atMicroseconds = startTime;
  for (const [index, id] of samples.entries()) {
    atMicroseconds += timeDeltas[index] ?? 0;
    const isLast = index === samples.length - 1;
    // V8 may sample out of order by a few microseconds.
    const took = isLast ? endTime - atMicroseconds : (timeDeltas[index + 1] ?? 0);
    self.set(id, (self.get(id) ?? 0) + Math.max(0, took));
  }
  return self;
}

interface Walk {
  readonly nodes: ReadonlyMap<number, ProfileNode>;
  readonly places: ReadonlyMap<number, Place>;
  readonly self: ReadonlyMap<number, number>;
  readonly inclusive: Sums;
  readonly onPath: Set<string>;
}

function walk(node: ProfileNode, state: Walk): CallTree {
  const { callFrame, id } = node;
  const key = frameKey(callFrame);
  const isOutermost = !state.onPath.has(key);
  state.onPath.add(key);
  const calls = (node.children ?? [])
    .map((child) => walk(state.nodes.get(child)!, state))
    .filter(({ name }) => name !== IDLE)
    .toSorted((one, other) => other.microseconds - one.microseconds);
  const microseconds = calls.reduce((sum, call) => sum + call.microseconds, state.self.get(id) ?? 0);
  const place = state.places.get(id)!;
  if (isOutermost) {
    state.onPath.delete(key);
    if (callFrame.functionName !== IDLE) state.inclusive.add(key, nameOf(callFrame), place, microseconds);
  }
  return { name: nameOf(callFrame), place, microseconds, calls };
}

class Sums {
  readonly #byKey = new Map<string, { name: string; place: Place; microseconds: number }>();

  add(key: string, name: string, place: Place, microseconds: number): void {
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, { name, place, microseconds });
    else known.microseconds += microseconds;
  }

  sorted(): Cost[] {
    return [...this.#byKey.values()].toSorted((one, other) => other.microseconds - one.microseconds);
  }
}

function frameKey({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
  return `${url}:${lineNumber}:${columnNumber}:${functionName}`;
}

/** What is no script has no place, so its caller stands for it; V8's states, in brackets, are called by nobody. */
function calledName(frame: CallFrame, caller: CallFrame | undefined): string {
  const isScript = frame.scriptId !== NO_SCRIPT || caller === undefined || caller.functionName === ROOT;
  return isScript ? nameOf(frame) : `${nameOf(frame)} < ${nameOf(caller)}`;
}

function nameOf({ functionName }: CallFrame): string {
  return functionName === "" ? "(anonymous)" : functionName;
}
