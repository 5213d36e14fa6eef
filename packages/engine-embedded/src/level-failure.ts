import { Failure, messageOf } from "@parley/base";
import type { FileDamage } from "./level-files/verify-files.js";

/** Translates what classic-level throws. `directory` is named so that an operator knows what to look at. */
export function levelFailure(error: unknown, directory: string): Failure {
  const text = [messageOf(error), causeOf(error) === undefined ? "" : messageOf(causeOf(error))].join(" ");
  const code = levelCode(causeOf(error)) ?? levelCode(error);
  if (code === "LEVEL_LOCKED") {
    return new Failure("tables-locked", `The tables in ${directory} are open in another process.`, {
      cause: error,
    });
  }
  if (code === "LEVEL_CORRUPTION" || /corruption/i.test(text))
    return corruptTables(directory, { cause: error });
  if (/no space left|disk quota|ENOSPC|EDQUOT/i.test(text)) {
    return new Failure(
      "tables-full",
      `No space is left for the tables in ${directory}. Free some and start again.`,
      {
        cause: error,
      },
    );
  }
  return new Failure(
    "tables-failed",
    `Reading or writing the tables in ${directory} failed. Check the disk and start again.`,
    { cause: error },
  );
}

/** What is stored is not what was written. */
export interface Corruption {
  /** The table that a damaged row was read from. */
  readonly table?: string;
  /** The damaged file, and where. */
  readonly damage?: FileDamage;
  readonly cause?: unknown;
}

export function corruptTables(directory: string, { table, damage, cause }: Corruption): Failure {
  const what =
    damage !== undefined
      ? `The file ${damage.file} in ${directory} is damaged at byte ${damage.offset}`
      : table !== undefined
        ? `The table ${table} in ${directory} is damaged`
        : `The tables in ${directory} are damaged`;
  return new Failure(
    "tables-corrupt",
    `${what}. Check the disk, then restore the data directory from a backup.`,
    { cause, details: { ...(table === undefined ? {} : { table }), ...damage } },
  );
}

function levelCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" && code.startsWith("LEVEL_") ? code : undefined;
}

// abstract-level wraps the reason of a failed open.
function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
