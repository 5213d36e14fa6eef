import { mkdir, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Creates a directory, and those above it that are missing, for their owner only.
 * Effects: its name survives a loss of power, and so do those above it that were created.
 */
export async function createDirectory(
  path: string,
  sync: (path: string) => Promise<void> = syncDirectory,
): Promise<void> {
  const absolute = resolve(path);
  const firstCreated = await mkdir(absolute, { recursive: true, mode: 0o700 });
  if (firstCreated === undefined) return;
  // A name is kept by the directory above it.
  for (let created = absolute; created.length >= firstCreated.length; created = dirname(created)) {
    await sync(dirname(created));
  }
}

/** Makes the names in a directory durable: those created, those removed. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
