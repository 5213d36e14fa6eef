/** When each device knew of a message that its user had hidden it: from applying the event until a restart from before. */
import { NONE } from "../history/column.js";
import { PairMap } from "./pair-map.js";

interface Mark {
  readonly pts: number;
  readonly from: number;
  /** NONE: to the end. */
  until: number;
}

export class HiddenMarks {
  /** By device and conversation, and by sequence. */
  readonly #marks = new PairMap<Map<number, Mark[]>>();

  add(
    hidden: { readonly device: number; readonly conversation: number; readonly sequences: readonly number[] },
    pts: number,
    at: number,
  ): void {
    const marks = this.#marks.need(hidden.device, hidden.conversation, () => new Map<number, Mark[]>());
    for (const sequence of hidden.sequences) {
      const known = marks.get(sequence) ?? [];
      known.push({ pts, from: at, until: NONE });
      marks.set(sequence, known);
    }
  }

  /** The device goes on from `pts`: what it applied behind that is forgotten. */
  restart(device: number, pts: number, at: number): void {
    for (const marks of this.#marks.row(device)?.values() ?? [])
      for (const known of marks.values())
        for (const mark of known) if (mark.pts > pts && mark.until === NONE) mark.until = at;
  }

  isMarked(
    place: { readonly device: number; readonly conversation: number; readonly sequence: number },
    at: number,
  ): boolean {
    const marks = this.#marks.find(place.device, place.conversation)?.get(place.sequence);
    return marks !== undefined && marks.some(({ from, until }) => from < at && at < until);
  }
}
