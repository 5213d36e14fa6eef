/** Restoring a backup, and bringing it forward with an archive: here it is known what the records of the journal are. */
import { type RestoreOptions, restoreBackup, systemBackupFiles } from "@parley/backup";
import type { Ambient } from "@parley/base";
import { ConversationRecord, UserRecord } from "@parley/domain";
import { openJournal } from "@parley/engine-embedded";
import { decode } from "@parley/protocol";
import type { MasterKeySource } from "@parley/keys";
import { openCopiedKeyring, readMasterKey } from "../keys/open-keyring.js";
import { TablesRecord } from "../logged-tables.js";
import { journalLogs } from "../wiring.js";

export interface RestoreInstallation {
  readonly from: string;
  readonly to: string;
  readonly ambient: Ambient;
  /** Brings it forward with this archive, as far as `untilMs`, or as far as it goes. */
  readonly archive?: { readonly directory: string; readonly untilMs?: number };
  /** Needed with an archive when what was backed up is encrypted. */
  readonly masterKey?: MasterKeySource;
  readonly onProgress?: (share: number) => void;
}

/** Effects and errors: those of `restoreBackup`. */
export async function restoreInstallation(options: RestoreInstallation): ReturnType<typeof restoreBackup> {
  const { from, to, ambient, archive, onProgress } = options;
  // Before anything is made.
  const masterKey = options.masterKey === undefined ? undefined : await readMasterKey(options.masterKey);
  return restoreBackup({
    from,
    to,
    ambient,
    files: systemBackupFiles,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(archive === undefined ? {} : { forward: forwardWith(archive, options, masterKey) }),
  });
}

function forwardWith(
  { directory: archive, untilMs }: NonNullable<RestoreInstallation["archive"]>,
  { to, ambient }: RestoreInstallation,
  masterKey: Uint8Array | undefined,
): NonNullable<RestoreOptions["forward"]> {
  return {
    archive,
    ...(untilMs === undefined ? {} : { untilMs }),
    logs: journalLogs(),
    openJournal: async (directory) =>
      openJournal({
        directory,
        logs: journalLogs(),
        scheduler: ambient.scheduler,
        logger: ambient.logger,
        keyring: await openCopiedKeyring(to, masterKey, ambient),
        // Whoever reads is told as well.
        onFatal: () => undefined,
      }),
    timeOf,
  };
}

const TIMES: Readonly<Record<string, (payload: Uint8Array) => number>> = {
  conversation: (payload) => decode(ConversationRecord, payload).timeMs,
  user: (payload) => decode(UserRecord, payload).timeMs,
  account: (payload) => decode(TablesRecord, payload).timeMs,
};

/** A record that cannot be read has no effect on an installation, so it has none here. */
function timeOf(log: string, payload: Uint8Array): number | undefined {
  try {
    return TIMES[log]?.(payload);
  } catch {
    return undefined;
  }
}
