/**
 * Legal things that hardly ever happen by themselves: a batch of one record, a cache that is empty, a page that ends early.
 * Code that has such a path asks `isRareTime` whether to take it now. Nobody does but the simulator, which counts them too:
 * a path that no run takes is not tested.
 */

export const RARE_PATHS = [
  "consumer-takes-one-record",
  "conversation-states-are-dropped",
  "user-states-are-dropped",
  "checkpoint-comes-early",
  "rows-are-flushed-at-once",
  "page-ends-early",
  "request-is-put-off",
  "few-rows-go-cold",
] as const;
export type RarePath = (typeof RARE_PATHS)[number];

let decide: ((path: RarePath) => boolean) | undefined;

/** Whether to take a rare path now. False, and one comparison, outside of a simulation. */
export function isRareTime(path: RarePath): boolean {
  return decide !== undefined && decide(path);
}

/** Lets `decide` choose from now on; returns how to go back to what was before. For simulations only. */
export function withRarePaths(chooser: (path: RarePath) => boolean): () => void {
  const before = decide;
  decide = chooser;
  return () => {
    decide = before;
  };
}
