import type { Process } from "./kernel.js";

export interface SimulationEvent {
  atMs: number;
  /** Decides among equal times. */
  readonly draw: number;
  readonly sequence: number;
  readonly label: string;
  readonly process: Process | undefined;
  readonly run: () => void;
  isCancelled: boolean;
}

/** A binary heap: the earliest event first. */
export class EventQueue {
  readonly #heap: SimulationEvent[] = [];

  peek(): SimulationEvent | undefined {
    return this.#heap[0];
  }

  push(event: SimulationEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  pop(): SimulationEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: SimulationEvent, other: SimulationEvent): boolean {
  if (one.atMs !== other.atMs) return one.atMs < other.atMs;
  if (one.draw !== other.draw) return one.draw < other.draw;
  return one.sequence < other.sequence;
}
