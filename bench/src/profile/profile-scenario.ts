/** `bench -- profile <scenario>`: a scenario with its server under the processor profiler. */
import { writeFileSync } from "node:fs";
import type { Figures, Report } from "../scenarios/direct-report.js";
import type { ServerWatch } from "../server-watch.js";
import { profileReport } from "./profile-report.js";
import { ProfileWatch } from "./profile-watch.js";

export interface ProfileOptions {
  /** Where the profile is written, for Chromium's own tools. */
  readonly save: string | undefined;
  /** Functions that are listed. */
  readonly top: number;
  /** Whether inclusive costs and calls are told, too. */
  readonly isTree: boolean;
}

/** What of a scenario's figures counts its operations within the measured time, and what one is called. */
const OPERATIONS: ReadonlyMap<string, { readonly figure: string; readonly name: string }> = new Map([
  ["direct", { figure: "messages", name: "message" }],
  ["group", { figure: "messages", name: "message" }],
  ["campaign", { figure: "campaign_sent", name: "message" }],
  ["idle", { figure: "connections", name: "connection" }],
]);

/** The scenarios whose servers can be profiled. */
export const PROFILED_SCENARIOS: readonly string[] = [...OPERATIONS.keys()];

/**
 * Runs a scenario under the profiler and says what its server spent. Effects: writes the profile where that is asked for.
 * Errors: those of the scenario.
 */
export async function profileScenario(
  scenario: string,
  measure: (watch: ServerWatch) => Promise<Report>,
  options: ProfileOptions,
  say: (line: string) => void,
): Promise<Report> {
  const counted = OPERATIONS.get(scenario);
  if (counted === undefined) throw new Error(`There is no profile of "${scenario}".`);
  const watch = new ProfileWatch();
  const report = await measure(watch);
  const { profiled } = watch;
  if (profiled === undefined) throw new Error("The measured time did not end, so there is no profile.");
  if (options.save !== undefined) writeFileSync(options.save, JSON.stringify(profiled.profile));
  const operations = Number(report.figures[counted.figure]);
  const view = { operations, operation: counted.name, top: options.top, isTree: options.isTree };
  const { lines, figures } = profileReport(profiled, view);
  say("");
  for (const line of lines) say(line);
  return { figures: { ...scenarioFigures(report.figures), ...figures }, complaints: report.complaints };
}

/** Under a profiler a scenario is slower: its figures are marked as such. */
function scenarioFigures(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [`profiled_${key}`, value]));
}
