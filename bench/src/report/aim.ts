import type { Aim } from "../results/runs.js";

export function isReached({ is, value }: Aim, measured: number): boolean {
  if (is === "exactly") return measured === value;
  return is === "at least" ? measured >= value : measured <= value;
}

/** What a table says of an aim: one that is missed stands out. */
export function aimCell(aim: string, isAimReached: boolean): string {
  return isAimReached ? `${aim}: reached` : `**${aim}: missed**`;
}
