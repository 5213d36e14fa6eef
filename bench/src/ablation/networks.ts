/** A network as a train has it. */
export const WEAK = { roundTripMs: 300, bytesPerSecond: 30 * 1024, lostPercent: 2 } as const;
/** Far away, and nothing else. */
export const FAR = { roundTripMs: 1_000, bytesPerSecond: 1_000_000_000, lostPercent: 0 } as const;
