/**
 * How quickly chat logs come in through `parley import-irc`: real ones where they lie beside the repository, otherwise made ones. The
 * whole command is timed, from the start of its process to its end.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { diskBytes } from "../process-figures.js";
import { thousandths } from "../rounding.js";
import { seededUnit } from "../seeded-unit.js";
import { NODE_FLAGS } from "../server-process.js";
import type { Report } from "./direct-report.js";

export interface ImportPlan {
  /** Where real logs lie; without them some are made. */
  readonly logs: string | undefined;
  /** Of made logs, in files of LINES_OF_A_DAY. */
  readonly lines: number;
  readonly seed: number;
}

const LINES_OF_A_DAY = 1_500;
const NICKS = 300;
const WORDS = [
  "ok",
  "and",
  "where",
  "is",
  "the",
  "kernel",
  "driver",
  "thanks",
  "restart",
  "package",
  "mirror",
];
const MINUTES_OF_A_DAY = 24 * 60;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** By its place: the load tool starts it, and shares no code with it. */
const CLI = fileURLToPath(new URL("../../../apps/cli/dist/main.js", import.meta.url));

/** What `--json` prints, as far as it is looked at. */
interface Imported {
  readonly files: number;
  readonly lines: number;
  readonly messages: number;
  readonly messagesBefore: number;
  readonly events: number;
  readonly malformed: number;
  readonly failedFiles: readonly unknown[];
}

export async function measureImport(plan: ImportPlan, say: (line: string) => void): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), "parley-bench-"));
  const logs = plan.logs ?? join(directory, "logs");
  const data = join(directory, "data");
  try {
    if (plan.logs === undefined) writeLogs(logs, plan);
    say(`bringing in ${plan.logs ?? `${plan.lines} made lines`}`);
    const first = await bringIn(logs, data);
    const bytes = diskBytes(data);
    say("once more, which brings in nothing");
    const again = await bringIn(logs, data);
    const { lines, files, messages, events, malformed } = first.result;
    return {
      figures: {
        lines_per_s: thousandths(lines / first.seconds),
        seconds: thousandths(first.seconds),
        lines,
        files,
        messages,
        bytes_on_disk_per_message: thousandths(bytes / messages),
        again_lines_per_s: thousandths(lines / again.seconds),
        logs: plan.logs === undefined ? "made" : "real",
        node: process.version,
      },
      complaints: [
        ...(messages + events + malformed === lines ? [] : ["Lines are neither in nor told of."]),
        ...(first.result.failedFiles.length === 0 ? [] : ["Files could not be brought in."]),
        ...(again.result.messages === 0 && again.result.messagesBefore === messages
          ? []
          : [`Of ${messages} messages ${again.result.messagesBefore} were found again.`]),
      ],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function bringIn(
  logs: string,
  data: string,
): Promise<{ readonly result: Imported; readonly seconds: number }> {
  const beganMs = performance.now();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...NODE_FLAGS, CLI, "import-irc", logs, "--data", data, "--json"],
    { maxBuffer: OUTPUT_BYTES_MAX },
  );
  return { result: JSON.parse(stdout) as Imported, seconds: (performance.now() - beganMs) / 1000 };
}

/** Days of a channel, each said by some of NICKS. */
function writeLogs(directory: string, { lines, seed }: ImportPlan): void {
  mkdirSync(directory, { recursive: true });
  const random = seededUnit(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  for (let from = 0, day = 0; from < lines; from += LINES_OF_A_DAY, day++) {
    const count = Math.min(LINES_OF_A_DAY, lines - from);
    const said = Array.from({ length: count }, (_, index) => {
      const minute = Math.floor((index * MINUTES_OF_A_DAY) / count);
      const time = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
      const words = Array.from({ length: 3 + pick(15) }, () => WORDS[pick(WORDS.length)]).join(" ");
      return `[${time}] <nick${pick(NICKS)}> ${words}\n`;
    });
    const date = new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, "2020-01-01".length);
    writeFileSync(join(directory, `${date}.txt`), said.join(""));
  }
}
