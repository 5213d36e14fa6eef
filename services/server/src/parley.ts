/** One installation in one process, without a network: the services wired to the embedded engine. */
import { SESSION, TOKEN } from "@parley/api";
import { type Journal, openDataDirectory, openJournal, openLevelTables } from "@parley/engine-embedded";
import { SYNC_QUEUE } from "@parley/sync";
import { blockTableOf, type Tables } from "@parley/tables";
import { type Services, type WiringOptions, journalLogs, wireServices } from "./wiring.js";

const FORMAT_VERSION = 1;

export interface ParleyOptions extends WiringOptions {
  readonly dataDirectory: string;
  readonly reserveBytes?: number;
}

export interface Parley extends Services {
  readonly socketPath: string;
}

/**
 * Opens an installation, creating it when the directory is empty, and replays what the tables do not contain yet.
 * Errors: "data-directory-locked", "data-directory-newer", "data-directory-foreign", "log-corrupt", "tables-corrupt".
 */
export async function openParley(options: ParleyOptions): Promise<Parley> {
  const directory = await openDataDirectory(options.dataDirectory, { formatVersion: FORMAT_VERSION });
  const { clock, scheduler, logger } = options.ambient;
  let tables: Tables | undefined;
  let journal: Journal | undefined;
  try {
    tables = await openLevelTables({
      directory: directory.tablesPath,
      clock,
      expiry: { tables: [SYNC_QUEUE, blockTableOf(SYNC_QUEUE), SESSION, TOKEN], scheduler, logger },
    });
    journal = await openJournal({
      directory: directory.journalPath,
      logs: journalLogs(),
      scheduler,
      logger,
      reserveBytes: options.reserveBytes ?? 0,
      onFatal: options.onFatal,
    });
    const services = await wireServices(options, { tables, journal });
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await services.close();
      await directory.release();
    };
    return { ...services, socketPath: directory.socketPath, close: () => (closing ??= close()) };
  } catch (error) {
    await journal?.close();
    await tables?.close();
    await directory.release();
    throw error;
  }
}
