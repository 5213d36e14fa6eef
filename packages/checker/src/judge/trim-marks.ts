/** From where on each device knew messages to be kept: from applying the event until a restart from before. */
import { NONE } from "../history/column.js";
import { PairMap } from "./pair-map.js";

interface Mark {
  readonly firstVisible: number;
  readonly pts: number;
  readonly from: number;
  /** NONE: to the end. */
  until: number;
}

export class TrimMarks {
  /** By device and conversation. */
  readonly #marks = new PairMap<Mark[]>();

  add(
    trim: { readonly device: number; readonly conversation: number; readonly firstVisible: number },
    pts: number,
    at: number,
  ): void {
    const { device, conversation, firstVisible } = trim;
    this.#marks.need(device, conversation, () => []).push({ firstVisible, pts, from: at, until: NONE });
  }

  /** The device goes on from `pts`: what it applied behind that is forgotten. */
  restart(device: number, pts: number, at: number): void {
    for (const marks of this.#marks.row(device)?.values() ?? [])
      for (const mark of marks) if (mark.pts > pts && mark.until === NONE) mark.until = at;
  }

  /** The first sequence that the device knew to be kept at a step; 1 when it knew of nothing else. */
  firstKept(device: number, conversation: number, at: number): number {
    const marks = this.#marks.find(device, conversation) ?? [];
    return marks
      .filter(({ from, until }) => from < at && at < until)
      .reduce((first, mark) => Math.max(first, mark.firstVisible), 1);
  }
}
