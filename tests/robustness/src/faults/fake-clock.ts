/** The wall clock of a server process, by way of libfaketime; its monotonic clock goes on undisturbed. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

const LIBRARY_FOLDERS = "/usr/lib";
const LIBRARY = "faketime/libfaketimeMT.so.1";

export interface FakeClock {
  /** For the process whose clock it is. */
  readonly environment: Readonly<Record<string, string>>;
  /** From now on the process reads the real time and so many seconds more, or less when negative. */
  shift(seconds: number): void;
}

export function createFakeClock(t: TestContext): FakeClock {
  const directory = mkdtempSync(join(tmpdir(), "parley-clock-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "time");
  const shift = (seconds: number): void => {
    // The process may read it at any moment.
    writeFileSync(`${file}.new`, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    renameSync(`${file}.new`, file);
  };
  shift(0);
  const environment = {
    LD_PRELOAD: findLibrary() ?? "",
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  return { environment, shift };
}

/** Why clocks cannot be moved here; false when they can. */
export function fakeClockMissing(): string | false {
  return findLibrary() === undefined && "libfaketime is missing (apt-get install faketime)";
}

/** Debian keeps it in the folder of the architecture. */
function findLibrary(): string | undefined {
  if (!existsSync(LIBRARY_FOLDERS)) return undefined;
  return readdirSync(LIBRARY_FOLDERS)
    .map((folder) => join(LIBRARY_FOLDERS, folder, LIBRARY))
    .find((path) => existsSync(path));
}
