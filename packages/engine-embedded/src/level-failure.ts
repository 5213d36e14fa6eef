import { Failure, messageOf } from "@parley/base";

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

/** The stored rows are not what was written. `table`: the one that a damaged row was read from. */
export function corruptTables(
  directory: string,
  found: { readonly table?: string; readonly cause?: unknown },
): Failure {
  const what =
    found.table === undefined
      ? `The tables in ${directory} are`
      : `The table ${found.table} in ${directory} is`;
  return new Failure(
    "tables-corrupt",
    `${what} damaged. Check the disk, then restore the data directory from a backup.`,
    { cause: found.cause, details: found.table === undefined ? {} : { table: found.table } },
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
