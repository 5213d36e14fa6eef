/** Reads what a server has accepted, from the data directory that it has left. */
import { silentLogger, systemAmbient, systemScheduler } from "@parley/base/node";
import { openJournal } from "@parley/engine-embedded";
import { journalLogs, masterKeyFile, openCopiedKeyring, readMasterKey } from "@parley/server";
import type { LogTap } from "@parley/simulator/recording";
import { join } from "node:path";

const READ_LIMITS = { recordsMax: 1_000, bytesMax: 4 * 1024 * 1024 };

/**
 * Gives every record of both logs to `tap`, in the order of each partition. Nobody else may use the data directory.
 * Errors: those of the journal; an Error when a log was trimmed, for then it does not say all that was accepted.
 * Effects: as at the server's next start, a record that was torn at the end is cut off.
 */
export async function readLogs(dataDirectory: string, tap: LogTap): Promise<void> {
  const masterKey = await readMasterKey(masterKeyFile(join(dataDirectory, "keys", "master.key")));
  let failure: unknown;
  // The journal alone: the lock of the directory is LevelDB's, which a server started meanwhile would inherit.
  const journal = await openJournal({
    directory: join(dataDirectory, "journal"),
    logs: journalLogs(),
    scheduler: systemScheduler,
    logger: silentLogger,
    keyring: await openCopiedKeyring(dataDirectory, masterKey, systemAmbient()),
    onFatal: (error) => {
      failure = error;
    },
  });
  try {
    for (const { name } of journalLogs()) {
      const log = journal.log(name);
      for (let partition = 0; partition < log.partitionCount; partition++) {
        if (log.firstOffset(partition) > 0) throw new Error(`The log ${name}/${partition} was trimmed.`);
        let offset = 0;
        while (offset < log.durableEnd(partition)) {
          for (const record of await log.read(partition, offset, READ_LIMITS)) {
            tap(name, partition, record.offset, record.payload);
            offset = record.offset + 1;
          }
        }
      }
    }
  } finally {
    await journal.close();
  }
  if (failure !== undefined) throw new Error("The journal failed while it was read.", { cause: failure });
}
