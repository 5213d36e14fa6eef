import type { SimulatedDisk } from "@parley/engine-embedded/simulation";
import type { BackupFiles } from "../backup-files.js";

/** The files of a simulated disk, as a process sees them that is started now. */
export function simulatedFiles(disk: SimulatedDisk): BackupFiles {
  const files = disk.mount();
  return {
    ...files,
    openToRead: (path) => files.openSegment(path, false),
    filesBelow: async (directory) => (await files.openDirectory(directory)).toSorted(),
    async moveDirectory(path, newPath) {
      for (const name of await files.openDirectory(path))
        await files.rename(`${path}/${name}`, `${newPath}/${name}`);
    },
    async removeDirectory(path) {
      for (const name of await files.openDirectory(path)) await files.remove(`${path}/${name}`);
    },
  };
}
