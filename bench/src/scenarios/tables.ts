/** What it costs to store messages, and to read the newest of a conversation: as rows, plain and sealed, and as blocks, sealed. */
import { textSource } from "../storage/workload.js";
import { type ColdFigures, measureColdTier } from "../storage/cold-tier.js";
import { dropPageCache, type LayoutFigures, measureLayout } from "../storage/layout.js";
import { measureMeter } from "../storage/meter-cost.js";
import { measureShortPath } from "../storage/short-path.js";
import type { Report } from "./direct-report.js";
import { hundredths } from "../rounding.js";

export interface TablesPlan {
  readonly rows: number;
  readonly conversations: number;
  readonly rowBytes: number;
  readonly scans: number;
  readonly seed: number;
}

const LAYOUTS = [
  { name: "rows", isPacked: false, isSealed: false },
  { name: "sealed_rows", isPacked: false, isSealed: true },
  { name: "sealed_blocks", isPacked: true, isSealed: true },
] as const;

export async function measureTables(plan: TablesPlan, say: (line: string) => void): Promise<Report> {
  const measured = new Map<string, LayoutFigures>();
  let cold: ColdFigures | undefined;
  for (const layout of LAYOUTS) {
    say(`${layout.name}: ${plan.rows} rows of ${plan.rowBytes} bytes in ${plan.conversations} conversations`);
    const whole = { ...plan, ...layout };
    const isLast = layout.name === "sealed_blocks";
    const figures = await measureLayout(whole, async (place) => {
      if (!isLast) return;
      say("sealed_blocks: all of it goes into the cold tier");
      cold = await measureColdTier(whole, place);
    });
    measured.set(layout.name, figures);
  }
  const blocks = measured.get("sealed_blocks")!;
  const figures: Record<string, number | string | boolean> = {
    rows: plan.rows,
    text: textSource(),
    is_cold_read_from_disk: dropPageCache(),
  };
  for (const [name, each] of measured)
    for (const [figure, value] of Object.entries<number>({ ...each })) figures[`${name}_${figure}`] = value;
  for (const other of ["rows", "sealed_rows"]) {
    for (const figure of COMPARED)
      figures[`sealed_blocks_to_${other}_${figure}`] = hundredths(
        blocks[figure] / measured.get(other)![figure],
      );
  }
  for (const [figure, value] of Object.entries<number>({ ...cold })) figures[`cold_tier_${figure}`] = value;
  const ofRows = measured.get("sealed_rows")!.bytes_on_disk_per_row;
  figures["cold_tier_to_sealed_rows_bytes_on_disk_per_row"] = hundredths(
    cold!.bytes_on_disk_per_row / ofRows,
  );
  say("short path: the newest 50 rows of tables that use more and more features");
  const shortPath = await measureShortPath(plan);
  Object.assign(figures, shortPath.figures, measureMeter(plan.seed));
  const complaints = [...measured]
    .filter(([, { wrong_scans: wrong }]) => wrong > 0)
    .map(([name, { wrong_scans: wrong }]) => `${wrong} scans of ${name} gave other rows than were written`);
  if (cold!.wrong_pages > 0) complaints.push(`${cold!.wrong_pages} pages of the cold tier gave other rows`);
  return { figures, complaints: [...complaints, ...shortPath.complaints] };
}

const COMPARED = [
  "bytes_on_disk_per_row",
  "write_amplification",
  "cpu_us_per_row",
  "hot_p50_us",
  "hot_p99_us",
  "cold_p50_us",
  "cold_p99_us",
] as const;
