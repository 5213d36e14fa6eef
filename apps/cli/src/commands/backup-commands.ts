/** `parley backup …` and `parley restore`. */
import { readManifest, systemBackupFiles, verifyBackup } from "@parley/backup";
import { Failure, sleep } from "@parley/base";
import { type BackupStatus, restoreInstallation } from "@parley/server";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  INSTALLATION_OPTIONS,
  MASTER_KEY_OPTIONS,
  masterKeyOf,
  parseCount,
  parseTime,
  usage,
} from "../arguments.js";
import { type Command, type Context, type Opened, print, withInstallation } from "../command.js";
import { startProgressBar } from "../terminal/progress-bar.js";
import { noArguments } from "./user-commands.js";

const MIB = 1024 ** 2;
/** Leaves the disk and the processor to the people who chat. */
const MB_PER_SECOND_DEFAULT = 20;
const MB_PER_SECOND_MAX = 100_000;
const POLL_MS = 200;
/** Damages named on the screen; the rest is counted. */
const SHOWN_MAX = 20;
const JSON_OPTION = { json: INSTALLATION_OPTIONS.json } as const;

export const backupCommand: Command = {
  usage: "backup <directory>",
  summary: "copy the installation into an empty directory, while it is served or not",
  options: {
    ...INSTALLATION_OPTIONS,
    "mb-per-second": {
      type: "string",
      value: "N",
      help: `copy at most this much; 0 for no limit (default ${MB_PER_SECOND_DEFAULT})`,
    },
  },
  async run(args, context) {
    const directory = onlyDirectory(args.positionals);
    const given = args.text("mb-per-second") ?? String(MB_PER_SECOND_DEFAULT);
    const bytesPerSecond = parseCount("--mb-per-second", given, MB_PER_SECOND_MAX) * MIB;
    const status = await withInstallation(args, context, async (opened) => {
      const { tenant } = opened;
      await opened.installation.operations.startBackup({ tenant, directory, bytesPerSecond });
      return watch(opened, context);
    });
    const { id, bytes, rows, durationMs, createdMs } = status;
    const time = new Date(createdMs).toISOString();
    print(args, context, { id, directory, time, bytes, rows, durationMs }, [
      `Backed up as of ${time} into ${directory}: ${sizeOf(bytes)}, ${rows} rows.`,
    ]);
    return 0;
  },
};

export const backupVerifyCommand: Command = {
  usage: "backup verify <directory>",
  summary: "check every byte of a backup; exit code 1 when it is damaged",
  options: JSON_OPTION,
  async run(args, context) {
    const directory = onlyDirectory(args.positionals);
    const bar = startProgressBar(context.terminal, context.ambient.clock, "verifying");
    const verified = await verifyBackup(systemBackupFiles, directory, (share) => bar.update(share));
    bar.end();
    const { manifest, rows, records, damages } = verified;
    const { id, createdMs, installation } = manifest;
    const time = new Date(createdMs).toISOString();
    print(args, context, { id, installation, time, rows, records, damages }, [
      ...damages.slice(0, SHOWN_MAX).map(({ file, offset }) => `damaged: ${file} at byte ${offset}`),
      ...(damages.length > SHOWN_MAX ? [`and ${damages.length - SHOWN_MAX} more; --json lists them`] : []),
      damages.length === 0
        ? `The backup of ${time} is whole: ${rows} rows, ${records} records.`
        : `The backup of ${time} is damaged: use another one.`,
    ]);
    return damages.length === 0 ? 0 : 1;
  },
};

export const restoreCommand: Command = {
  usage: "restore",
  summary: "make a data directory of a backup",
  options: {
    from: { type: "string", value: "DIR", help: "the backup" },
    "data-dir": { type: "string", value: "DIR", help: "the data directory to make; empty, or not there yet" },
    archive: { type: "string", value: "DIR", help: "go on with this archive, as far as it goes" },
    until: { type: "string", value: "TIME", help: "with --archive: stop at 2026-11-21T10:30:00Z" },
    ...MASTER_KEY_OPTIONS,
    ...JSON_OPTION,
  },
  async run(args, context) {
    noArguments(args);
    const from = directoryOf("--from", args.text("from"));
    const to = directoryOf("--data-dir", args.text("data-dir"));
    const archive = archiveOf(args.text("archive"), args.text("until"));
    // Before the bar: most mistakes are found here.
    await readManifest(systemBackupFiles, from);
    const bar = startProgressBar(context.terminal, context.ambient.clock, "restoring");
    const { manifest, lastMs } = await restoreInstallation({
      from,
      to,
      ambient: context.ambient,
      ...(archive === undefined ? {} : { archive }),
      ...masterKeyOf(args, context.env),
      onProgress: (share) => bar.update(share),
    });
    bar.end();
    const time = new Date(manifest.createdMs).toISOString();
    const last = lastMs === 0 ? time : new Date(lastMs).toISOString();
    print(args, context, { id: manifest.id, time, last, directory: to, rows: manifest.rows }, [
      `Restored the backup of ${time} into ${to}.`,
      ...(archive === undefined ? [] : [`Brought forward; its last record is of ${last}.`]),
      ...(existsSync(join(to, "keys"))
        ? [`No copy has the master key: put it into ${join(to, "keys", "master.key")}.`]
        : []),
      `Start it with: parley serve --data ${to}`,
    ]);
    return 0;
  },
};

/** Waits for the end of the backup that runs. Errors: those that it ended with. */
async function watch({ tenant, installation }: Opened, context: Context): Promise<BackupStatus> {
  const { terminal, ambient } = context;
  for (;;) {
    const status = await installation.operations.backupStatus({ tenant });
    if (terminal.isInteractive) {
      terminal.err(`\r\u001b[K${sizeOf(status.bytes)}, ${status.rows} rows`);
      if (status.state !== "running") terminal.err("\n");
    }
    if (status.error !== null) throw new Failure(status.error.code, status.error.message);
    if (status.state !== "running") return status;
    await sleep(ambient.scheduler, POLL_MS);
  }
}

function archiveOf(
  archive: string | undefined,
  until: string | undefined,
): { readonly directory: string; readonly untilMs?: number } | undefined {
  if (archive === undefined) {
    if (until !== undefined) throw usage("--until needs --archive");
    return undefined;
  }
  const directory = directoryOf("--archive", archive);
  return until === undefined ? { directory } : { directory, untilMs: parseTime("--until", until) };
}

function onlyDirectory([directory, ...others]: readonly string[]): string {
  if (others.length > 0) throw usage("Name one directory");
  return directoryOf("The directory", directory);
}

function directoryOf(name: string, text: string | undefined): string {
  if (text === undefined || text.trim() === "") throw usage(`${name} must be named`);
  return resolve(text);
}

function sizeOf(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MB`;
}
