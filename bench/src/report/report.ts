/** `bench -- report`: writes the document about capacity, and its plots, from recorded results. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { RESULTS_URL, readResults } from "../results/recorded.js";
import { type CapacityReport, capacityReport } from "./capacity.js";

export const REPORT_USAGE = `  npm run -s bench -- report [options]   writes docs/operations/capacity.md and its plots from recorded results
    --from DIR         the results (bench/results)
    --to FILE          another document; plots go into \`growth\` beside it
`;

const OPTIONS = { from: { type: "string" }, to: { type: "string" } } as const;
export const CAPACITY_URL = new URL("../../../docs/operations/capacity.md", import.meta.url);

/** Effects: replaces the document and all plots. */
export async function report(
  args: readonly string[],
  say: (line: string) => void,
): Promise<readonly string[]> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  const file = values.to ?? fileURLToPath(CAPACITY_URL);
  const written = capacityReport(readResults(values.from ?? fileURLToPath(RESULTS_URL)));
  write(file, written);
  say(`${file}, with ${written.plots.size} plots`);
  return [];
}

function write(file: string, { markdown, plots }: CapacityReport): void {
  const folder = join(dirname(file), "growth");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith(".svg")) rmSync(join(folder, name));
  for (const [name, svg] of plots) writeFileSync(join(folder, name), svg);
  writeFileSync(file, markdown);
}
