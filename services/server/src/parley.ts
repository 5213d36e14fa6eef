/** One installation in one process, without a network: the services wired to the embedded engine. */
import {
  Archiver,
  type ArchiveStatus,
  type BackupSource,
  StandbySource,
  ensureIdentity,
  systemBackupFiles,
} from "@parley/backup";
import { Failure } from "@parley/base";
import {
  type DataDirectory,
  type Journal,
  type LevelFigures,
  openDataDirectory,
  openJournal,
  openLevelTables,
} from "@parley/engine-embedded";
import type { ConversationId, TenantId } from "@parley/protocol";
import type { Keyring, MasterKeySource } from "@parley/keys";
import type { MediaLimits } from "@parley/media";
import type { Tables } from "@parley/tables";
import { Backups } from "./backup/backups.js";
import { FORMAT_VERSION } from "./format-version.js";
import { DEFAULT_POLICY, HistoryKeeper, type HistoryPolicy } from "./history/history-keeper.js";
import { KeyTools } from "./keys/key-tools.js";
import { type ShreddingOptions, shredConversation, shredTenant } from "./keys/shredding.js";
import { openKeyring, readMasterKey } from "./keys/open-keyring.js";
import { coldIn, mediaIn, sealedOver } from "./stored-tables.js";
import { expiringTables } from "./tables/table-catalog.js";
import { TableJobs } from "./tables/table-jobs.js";
import { type Services, type WiringOptions, journalLogs, wireServices } from "./wiring.js";

export interface ParleyOptions extends Omit<WiringOptions, "media"> {
  readonly dataDirectory: string;
  readonly reserveBytes?: number;
  /** False: a directory that is created now will not be encrypted. Default true. */
  readonly isEncrypted?: boolean;
  /** Where the master key is. Without it, in the data directory. */
  readonly masterKey?: MasterKeySource;
  /** Keeps a copy of the journal for point-in-time restores. */
  readonly archive?: { readonly directory: string; readonly intervalMs: number };
  /** Lets standbys follow, and keeps so much of the journal for each. */
  readonly standby?: { readonly keepBytes: number };
  /** What becomes of old messages. Default `DEFAULT_POLICY`. */
  readonly history?: HistoryPolicy;
  /** How large files of messages may be. Default `DEFAULT_MEDIA_LIMITS`. */
  readonly mediaLimits?: MediaLimits;
}

export interface Parley extends Services {
  readonly socketPath: string;
  readonly backups: Backups;
  readonly tableJobs: TableJobs;
  readonly historyKeeper: HistoryKeeper;
  /** How the archive stands; undefined without one. */
  archiveStatus(): ArchiveStatus | undefined;
  /** What standbys follow; undefined when there are to be none. */
  readonly standbys: StandbySource | undefined;
  /** What the tables take on the disk. */
  fileFigures(): LevelFigures;
  /** Undefined when the installation is not encrypted. */
  readonly encryption: Encryption | undefined;
}

/** What can be done with the keys. After shredding, close the installation at once: its memory knows what is gone. */
export interface Encryption {
  readonly keys: KeyTools;
  /** Errors: those of `shredTenant` in keys/shredding.ts. */
  shredTenant(tenantId: TenantId): Promise<void>;
  /** Errors: those of `shredConversation` in keys/shredding.ts. */
  shredConversation(
    at: { readonly tenantId: TenantId; readonly conversationId: ConversationId },
    onProgress: (share: number) => void,
  ): Promise<number>;
}

/**
 * Opens an installation, creating it when the directory is empty, and replays what the tables do not contain yet.
 * Errors: those of `openDataDirectory`, of the master key's source and of `openKeyring`, "encryption-fixed", "log-corrupt",
 *   "tables-corrupt".
 */
export async function openParley(options: ParleyOptions): Promise<Parley> {
  // Before anything is touched.
  const masterKey = options.masterKey === undefined ? undefined : await readMasterKey(options.masterKey);
  const directory = await openDataDirectory(options.dataDirectory, {
    formatVersion: FORMAT_VERSION,
    isEncrypted: options.isEncrypted ?? true,
  });
  const { clock, scheduler, logger } = options.ambient;
  let tables: Tables | undefined;
  let journal: Journal | undefined;
  try {
    const keyring = await findKeyring(directory, options, masterKey);
    const files = systemBackupFiles;
    const identity = await ensureIdentity(files, directory.path, options.ambient.random);
    const level = await openLevelTables({
      directory: directory.tablesPath,
      clock,
      expiry: { tables: expiringTables(), scheduler, logger },
    });
    const sealed = sealedOver(level, keyring, scheduler);
    tables = sealed ?? level;
    journal = await openLogs(directory, options, keyring);
    const source = {
      identity,
      directory: directory.path,
      files,
      journal: journal.files,
      snapshotRows: () => level.snapshotRows(),
    };
    // Before anything is trimmed.
    const archiver = await startArchiver(options, source);
    const media = mediaIn(directory, keyring, options);
    const cold = coldIn(directory, { sealed, random: options.ambient.random });
    const services = await wireServices(
      { ...options, timeline: identity.timeline, cold, destroyedMs: destroyedIn(keyring), media },
      { tables, journal },
    );
    const { tableStack: stack } = services;
    const { ambient, history = DEFAULT_POLICY } = options;
    const holdMedia = (): { release(): void } => services.media!.keeper.hold();
    const copied = { ...source, holdCold: () => stack.blocks.cold!.hold(), holdMedia };
    const backups = new Backups(copied, files, ambient);
    const { keeping } = services;
    const historyKeeper = new HistoryKeeper({ stack, policy: history, keeping, ambient });
    const mediaKeeper = services.media!.keeper;
    const worked = { stack, level, keyring, ambient, historyKeeper, mediaKeeper, cold };
    const tableJobs = new TableJobs({ ...worked, tablesPath: directory.tablesPath });
    const shreds = { services, journal, clock, stored: tables, engine: level };
    const encryption =
      keyring === undefined ? undefined : encryptionOf(keyring, { directory, options, shreds });
    const standbys = standbySource(options, copied);
    const tools = { standbys, backups, archiver, tableJobs, historyKeeper };
    let closing: Promise<void> | undefined;
    return {
      ...services,
      ...tools,
      socketPath: directory.socketPath,
      encryption,
      fileFigures: () => level.figures(),
      archiveStatus: () => archiver?.status,
      close: () => (closing ??= closeAll(services, tools, directory)),
    };
  } catch (error) {
    await journal?.close();
    await tables?.close();
    await directory.release();
    throw error;
  }
}

/** What works on an installation beside its services ends before them, but for what only their end ends. */
async function closeAll(
  services: Services,
  {
    standbys,
    backups,
    archiver,
    tableJobs,
    historyKeeper,
  }: Pick<Parley, "standbys" | "backups" | "tableJobs" | "historyKeeper"> & {
    readonly archiver: Archiver | undefined;
  },
  directory: DataDirectory,
): Promise<void> {
  standbys?.stop();
  await backups.stop();
  await archiver?.stop();
  tableJobs.cancel();
  const kept = historyKeeper.stop();
  // A walk that waits for a backup waits no longer.
  await services.media?.keeper.stop();
  await services.close();
  await kept;
  await tableJobs.ended();
  await directory.release();
}

function openLogs(
  directory: DataDirectory,
  { ambient, reserveBytes, onFatal }: ParleyOptions,
  keyring: Keyring | undefined,
): Promise<Journal> {
  const { scheduler, logger } = ambient;
  return openJournal({
    directory: directory.journalPath,
    logs: journalLogs(),
    scheduler,
    logger,
    reserveBytes: reserveBytes ?? 0,
    onFatal,
    keyring,
  });
}

/** Undefined for a directory that was created without encryption. */
async function findKeyring(
  directory: DataDirectory,
  { ambient, isEncrypted }: ParleyOptions,
  masterKey: Uint8Array | undefined,
): Promise<Keyring | undefined> {
  if (!directory.isEncrypted) {
    ambient.logger.warn("not-encrypted", { directory: directory.path });
    return undefined;
  }
  if (isEncrypted === false) {
    throw new Failure(
      "encryption-fixed",
      `${directory.path} was created with encryption, which cannot be turned off. Leave --no-encryption out.`,
      { retry: "after-change" },
    );
  }
  return openKeyring({ directory, masterKey, ambient });
}

async function startArchiver(
  { archive, ambient }: ParleyOptions,
  { directory, identity, journal, files }: BackupSource,
): Promise<Archiver | undefined> {
  if (archive === undefined) return undefined;
  const { intervalMs } = archive;
  return Archiver.start({
    archive: archive.directory,
    directory,
    identity,
    journal,
    files,
    ambient,
    intervalMs,
  });
}

/** When the keys of each tenant were destroyed. */
function destroyedIn(keyring: Keyring | undefined): (tenantId: TenantId) => readonly number[] {
  return (tenantId) =>
    (keyring?.state.destroyed ?? [])
      .filter(({ destroyed }) => destroyed === tenantId)
      .map(({ atMs }) => atMs);
}

function encryptionOf(
  keyring: Keyring,
  {
    directory,
    options,
    shreds,
  }: {
    readonly directory: DataDirectory;
    readonly options: ParleyOptions;
    readonly shreds: Omit<ShreddingOptions, "keys">;
  },
): Encryption {
  const keys = new KeyTools({
    keyring,
    keysPath: directory.keysPath,
    hasOwnMasterKey: options.masterKey === undefined,
    ambient: options.ambient,
  });
  return {
    keys,
    shredTenant: (tenantId) => shredTenant({ ...shreds, keys }, tenantId),
    shredConversation: (at, onProgress) => shredConversation({ ...shreds, keys }, at, onProgress),
  };
}

/** Bases go out at this rate at most: the disk is the people's. */
const BASE_BYTES_PER_SECOND = 50 * 1024 * 1024;

function standbySource({ standby, ambient }: ParleyOptions, source: BackupSource): StandbySource | undefined {
  if (standby === undefined) return undefined;
  return new StandbySource({
    source,
    ambient,
    keepBytes: standby.keepBytes,
    bytesPerSecond: BASE_BYTES_PER_SECOND,
  });
}
