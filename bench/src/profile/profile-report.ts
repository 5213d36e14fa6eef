/** Says what a profile found, for each message. */
import type { Figures } from "../scenarios/direct-report.js";
import { hundredths } from "../rounding.js";
import { type CallTree, type Cost, type ProfileCosts, costsOf } from "./cpu-profile.js";
import type { Profiled } from "./profile-watch.js";
import { SourcePlaces } from "./source-places.js";

export interface ProfileView {
  /** What the scenario did in the measured time, such as messages, and what one of them is called. */
  readonly operations: number;
  readonly operation: string;
  /** Functions that are listed. */
  readonly top: number;
  readonly isTree: boolean;
}

export interface ProfileReport {
  readonly lines: readonly string[];
  readonly figures: Figures;
}

const FILES = 20;
/** Of the busy time: calls that took less are not drawn. */
const TREE_SHARE_MIN = 0.015;
const TREE_DEPTH_MAX = 40;
const NAME_CHARACTERS = 44;

/**
 * Tells the costs of each operation. Samples tell how long the thread was in a function, also while another process had its
 * processor; so they are scaled to the processor time that the thread really had.
 */
export function profileReport(profiled: Profiled, view: ProfileView): ProfileReport {
  const places = new SourcePlaces();
  const costs = costsOf(profiled.profile, (frame) => places.placeOf(frame));
  const { mainThreadSeconds, otherThreadsSeconds } = profiled;
  const busySeconds = costs.busyMicroseconds / 1e6;
  // Without /proc nothing is known of processor time, and the samples stand as they are.
  const scale = mainThreadSeconds > 0 ? mainThreadSeconds / busySeconds : 1;
  const each = scale / view.operations;
  const table = new Table(costs.busyMicroseconds, each);
  const main = costs.busyMicroseconds * each;
  const others = (otherThreadsSeconds * 1e6) / view.operations;
  const column = `µs/${view.operation}`;
  const lines = [
    `${view.operations} ${view.operation}s; processor time of each: ${us(main)} µs in the main thread, ${us(others)} µs in others`,
    `main thread: ${us(mainThreadSeconds)} s of processor time, ${us(busySeconds)} s busy in ${profiled.profile.samples.length} samples`,
    "",
    ...table.section(`by package, ${column}`, costs.packages),
    ...table.section(`by file, ${column}`, costs.files.slice(0, FILES)),
    ...table.section(`by function, self, ${column}`, costs.functions.slice(0, view.top), placeText),
  ];
  if (view.isTree) {
    const inclusive = costs.inclusive.slice(0, view.top);
    lines.push(...table.section(`by function, with all that it calls, ${column}`, inclusive, placeText));
    lines.push(`calls, ${column}`, ...table.tree(costs.tree), "");
  }
  return { lines, figures: figuresOf(costs, each, { main, others, view }) };
}

function figuresOf(
  { packages }: ProfileCosts,
  each: number,
  { main, others, view }: { readonly main: number; readonly others: number; readonly view: ProfileView },
): Figures {
  const named = packages.map(({ name, microseconds }) => [`us in ${name}`, hundredths(microseconds * each)]);
  return {
    operations: view.operations,
    operation: view.operation,
    main_thread_us: hundredths(main),
    other_threads_us: hundredths(others),
    ...(Object.fromEntries(named) as Figures),
  };
}

/** Writes costs as lines. */
class Table {
  readonly #busyMicroseconds: number;
  /** From microseconds of samples to microseconds of an operation. */
  readonly #each: number;

  constructor(busyMicroseconds: number, each: number) {
    this.#busyMicroseconds = busyMicroseconds;
    this.#each = each;
  }

  section(title: string, costs: readonly Cost[], detail: (cost: Cost) => string = () => ""): string[] {
    const rows = costs.map((cost) => `${this.#cost(cost)}  ${nameText(cost, detail(cost))}`.trimEnd());
    return [title, ...rows, ""];
  }

  tree(root: CallTree): string[] {
    const lines: string[] = [];
    const draw = (call: CallTree, depth: number): void => {
      const isSmall = call.microseconds < this.#busyMicroseconds * TREE_SHARE_MIN;
      if (isSmall || depth > TREE_DEPTH_MAX) return;
      const indent = " ".repeat(depth);
      lines.push(`${this.#cost(call)}  ${indent}${call.name}  ${placeText(call)}`.trimEnd());
      for (const next of call.calls) draw(next, depth + 1);
    };
    draw(root, 0);
    return lines;
  }

  #cost({ microseconds }: Cost): string {
    const share = (100 * microseconds) / this.#busyMicroseconds;
    return `${us(microseconds * this.#each).padStart(10)}  ${share.toFixed(1).padStart(5)}%`;
  }
}

function nameText({ name }: Cost, detail: string): string {
  return detail === "" ? name : `${name.padEnd(NAME_CHARACTERS)}  ${detail}`;
}

function placeText({ place }: Cost): string {
  return place.line === 0 ? place.file : `${place.file}:${place.line}`;
}

function us(value: number): string {
  return value.toFixed(2);
}
