/** What the load tool can do beside running one scenario. Each reads its own arguments. */
import { GROWTH_USAGE, growth } from "./growth/growth.js";

/** Resolves with what makes the outcome worthless. */
export type Tool = (args: readonly string[], say: (line: string) => void) => Promise<readonly string[]>;

export const TOOLS: ReadonlyMap<string, Tool> = new Map([["growth", growth]]);
export const TOOLS_USAGE = GROWTH_USAGE;
