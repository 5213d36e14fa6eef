import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Gives a data directory of its own, and removes it with all that is in it. */
export async function withFreshDirectory<T>(
  parent: string | undefined,
  work: (dataDirectory: string) => Promise<T>,
): Promise<T> {
  const dataDirectory = mkdtempSync(join(parent ?? tmpdir(), "parley-bench-"));
  try {
    return await work(dataDirectory);
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}
