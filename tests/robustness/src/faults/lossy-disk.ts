/**
 * A file system of its own that can lose its power: what was written and not synced is gone, as the page cache is after a
 * power cut. It is an ext4 in an image file; the cut is the ioctl that stops a file system at once without writing its
 * journal (`xfs_io -x -c shutdown`), and the power comes back with unmounting and mounting, which replays the journal.
 *
 * Unlike a real disk it neither tears a sector nor lies about a flush; the simulated disk of the engine tears too. And
 * unlike a real power cut it leaves the machine running, on which a sync that was under way may even be told that it
 * succeeded (Linux 6.18: a loop of writes and syncs lost what was synced in 1 of 80 cuts). So whoever would tell others of a
 * sync has to stand still before the cut.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** The server keeps 64 MB free; the image takes only what is written. */
const IMAGE_BYTES = 256 * 1024 * 1024;

export interface LossyDisk {
  /** For the data; does not exist yet. */
  readonly directory: string;
  /** From now on every access fails, and what was not synced is gone. */
  cutPower(): void;
  /** Mounts it again. No process may have files on it open. Returns whether the cut has lost what was not synced. */
  restorePower(): boolean;
}

/** An empty file system, gone after the test. */
export function mountLossyDisk(t: TestContext): LossyDisk {
  const directory = mkdtempSync(join(tmpdir(), "parley-power-"));
  const [image, mount] = [join(directory, "image"), join(directory, "mount")];
  writeFileSync(image, "");
  truncateSync(image, IMAGE_BYTES);
  run("mkfs.ext4", ["-q", image]);
  run("mkdir", [mount]);
  run("mount", ["-o", "loop", image, mount]);
  t.after(() => {
    run("umount", ["-l", mount]);
    rmSync(directory, { recursive: true, force: true });
  });
  const probe = join(mount, "not-synced");
  return {
    directory: join(mount, "data"),
    cutPower() {
      writeFileSync(probe, "not synced");
      run("xfs_io", ["-x", "-c", "shutdown", mount]);
    },
    restorePower() {
      run("umount", [mount]);
      run("mount", ["-o", "loop", image, mount]);
      const isLost = !existsSync(probe) || readFileSync(probe, "utf8") === "";
      rmSync(probe, { force: true });
      return isLost;
    },
  };
}

/** Why there can be no such disk here; false when there can. */
export function lossyDiskMissing(): string | false {
  if (process.getuid?.() !== 0) return "mounting a file system needs root";
  for (const [tool, args] of TOOLS)
    if (spawnSync(tool, args, { stdio: "ignore" }).error !== undefined)
      return `${tool} is missing (apt-get install e2fsprogs xfsprogs)`;
  const directory = mkdtempSync(join(tmpdir(), "parley-power-"));
  try {
    const image = join(directory, "image");
    writeFileSync(image, "");
    truncateSync(image, 4 * 1024 * 1024);
    run("mkfs.ext4", ["-q", image]);
    run("mount", ["-o", "loop", image, directory]);
    run("umount", [directory]);
    return false;
  } catch {
    return "this machine does not let root mount an image of ext4";
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const TOOLS: readonly (readonly [string, readonly string[]])[] = [
  ["mkfs.ext4", ["-V"]],
  ["xfs_io", ["-V"]],
];

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "ignore" });
}
