/** Of one processor. Beyond it the generator measures itself. */
const GENERATOR_SHARE_MAX = 0.9;

/** What is to be said of a load generator that took this share of one processor. */
export function generatorComplaints(share: number): string[] {
  if (share <= GENERATOR_SHARE_MAX) return [];
  const percent = Math.round(share * 100);
  return [
    `The load generator took ${percent}% of a processor: one process is not enough for this load, so what it measured is its own limit.`,
  ];
}
