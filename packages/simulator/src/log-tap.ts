import type { Journal } from "@parley/engine-embedded";
import type { LogTap } from "./recording/truth.js";

/** A journal that tells `tap` what is read from it. */
export function tapJournal(journal: Journal, tap: LogTap): Journal {
  return {
    log(name) {
      const log = journal.log(name);
      return {
        get partitionCount() {
          return log.partitionCount;
        },
        append: (partition, payload, source, owner) => log.append(partition, payload, source, owner),
        async read(partition, fromOffset, limits) {
          const records = await log.read(partition, fromOffset, limits);
          for (const { offset, payload } of records) tap(name, partition, offset, payload);
          return records;
        },
        durableEnd: (partition) => log.durableEnd(partition),
        appendedEnd: (partition) => log.appendedEnd(partition),
        firstOffset: (partition) => log.firstOffset(partition),
        onDurable: (listener) => log.onDurable(listener),
        trim: (partition, beforeOffset) => log.trim(partition, beforeOffset),
        close: () => log.close(),
      };
    },
    files: journal.files,
    stats: () => journal.stats(),
    roll: () => journal.roll(),
    close: () => journal.close(),
  };
}
