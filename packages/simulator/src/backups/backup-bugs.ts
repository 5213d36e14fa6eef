/** Bugs to order in how a backup is taken. */
import type { PlantedBug } from "../planting.js";

/** The end of the journal is that of the commit before the last one. */
export const BACKUP_MISSES_THE_TAIL: PlantedBug = {
  backupSource(source) {
    let [before, last] = [source.journal.durableEnd(), source.journal.durableEnd()];
    source.journal.onDurable(() => {
      before = last;
      last = source.journal.durableEnd();
    });
    return { ...source, journal: { ...source.journal, durableEnd: () => before } };
  },
};

/** The rows are those of when the journal is copied: they may contain what the copied journal has not. */
export const BACKUP_WITH_LATER_ROWS: PlantedBug = {
  backupSource: (source) => ({
    ...source,
    snapshotRows() {
      let rows: ReturnType<typeof source.snapshotRows> | undefined;
      return {
        next: () => (rows ??= source.snapshotRows()).next(),
        close: async () => rows?.close(),
      };
    },
  }),
};

/** What a backup has written may be lost with the power, also when it is done. */
export const BACKUP_IS_NOT_SYNCED: PlantedBug = {
  backupFiles: (files) => ({
    ...files,
    async openSegment(path, isNew) {
      const file = await files.openSegment(path, isNew);
      return { ...file, sync: () => Promise.resolve() };
    },
  }),
};

/** What the copied rows lead to may be freed before it is copied. */
export const BACKUP_HOLDS_NOTHING: PlantedBug = {
  backupSource: (source) => ({ ...source, holdCold: () => ({ release: () => undefined }) }),
};
