/** What the load tool can do beside running one scenario. Each reads its own arguments. */
import { GROWTH_USAGE, growth } from "./growth/growth.js";
import { REPORT_USAGE, report } from "./report/report.js";
import { MICRO_USAGE, micro } from "./micro/micro.js";
import { ALL_USAGE, all } from "./results/all.js";

/** Resolves with what makes the outcome worthless. */
export type Tool = (args: readonly string[], say: (line: string) => void) => Promise<readonly string[]>;

export const TOOLS: ReadonlyMap<string, Tool> = new Map([
  ["growth", growth],
  ["all", all],
  ["report", report],
  ["micro", micro],
]);
export const TOOLS_USAGE = [GROWTH_USAGE, ALL_USAGE, REPORT_USAGE, MICRO_USAGE].join("\n");
