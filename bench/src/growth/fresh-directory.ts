import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const used = new Set<string>();
process.on("exit", () => {
  for (const directory of used) remove(directory);
});

/** Gives a data directory of its own, and removes it with all that is in it, also when the tool is stopped. */
export async function withFreshDirectory<T>(
  parent: string | undefined,
  work: (dataDirectory: string) => Promise<T>,
): Promise<T> {
  const dataDirectory = mkdtempSync(join(parent ?? tmpdir(), "parley-bench-"));
  used.add(dataDirectory);
  try {
    return await work(dataDirectory);
  } finally {
    used.delete(dataDirectory);
    remove(dataDirectory);
  }
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
