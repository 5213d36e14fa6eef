/** `parley standby …`: a second machine that follows the first, and takes its place. */
import { type RunningStandby, promote, startStandby } from "@parley/server";
import { resolve } from "node:path";
import { type Arguments, INSTALLATION_OPTIONS, parseCount, usage } from "../arguments.js";
import { type Command, print, withInstallation } from "../command.js";
import { noArguments } from "./user-commands.js";

const MIB = 1024 ** 2;
const JOURNAL_MB_DEFAULT = 512;
const JOURNAL_MB_MAX = 1_000_000;
const DIRECTORY = { type: "string", value: "DIR", help: "the directory of the standby" } as const;

export const standbyCommand: Command = {
  usage: "standby",
  summary: "follow a server from another machine, until stopped",
  options: {
    from: { type: "string", value: "URL", help: "the server's --standby-listen, as http://host:port" },
    "token-file": { type: "string", value: "FILE", help: "the secret that the server has, too" },
    "data-dir": DIRECTORY,
    listen: {
      type: "string",
      value: "HOST:PORT",
      help: "show /status and /metrics there (default: nowhere)",
    },
    "journal-mb": {
      type: "string",
      value: "N",
      help: `fetch everything anew when what follows is longer (default ${JOURNAL_MB_DEFAULT})`,
    },
    json: INSTALLATION_OPTIONS.json,
  },
  async run(args, context) {
    noArguments(args);
    const journalMb = args.text("journal-mb") ?? String(JOURNAL_MB_DEFAULT);
    const listen = listenOf(args.text("listen"));
    const standby = await startStandby({
      from: given(args, "from"),
      tokenFile: resolve(given(args, "token-file")),
      directory: resolve(given(args, "data-dir")),
      ambient: context.ambient,
      journalBytesMax: parseCount("--journal-mb", journalMb, JOURNAL_MB_MAX) * MIB,
      ...(listen === undefined ? {} : { listen }),
    });
    const { statusPort } = standby;
    print(args, context, { pid: process.pid, statusPort }, ["Following; stop it with Ctrl-C or SIGTERM."]);
    const release = stopOnSignals(standby);
    try {
      await standby.ended;
    } finally {
      release();
    }
    return 0;
  },
};

export const standbyPromoteCommand: Command = {
  usage: "standby promote",
  summary: "make an installation of a standby that is stopped; stop the old server first",
  options: { "data-dir": DIRECTORY, json: INSTALLATION_OPTIONS.json },
  async run(args, context) {
    noArguments(args);
    const directory = resolve(given(args, "data-dir"));
    const { records, timeline } = await promote(directory, context.ambient);
    print(args, context, { directory, records, timeline }, [
      `Promoted ${directory}: ${records} records. The old server must not run any more.`,
      `Start it with: parley serve --data ${directory}`,
    ]);
    return 0;
  },
};

export const standbyListCommand: Command = {
  usage: "standby list",
  summary: "show how far the standbys and the archive are behind",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const copies = await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.copies({ tenant }),
    );
    const { archive, standbys } = copies;
    print(args, context, copies, [
      ...standbys.map(
        ({ standby, behindBytes, behindRecords, behindSeconds, isKept }) =>
          `${standby}  ${behindRecords} records, ${behindBytes} bytes, ${behindSeconds.toFixed(1)} s behind` +
          (isKept ? "" : "; too far: it will fetch a new base"),
      ),
      ...(standbys.length === 0 ? ["No standby follows."] : []),
      archive === null
        ? "No archive is kept."
        : `Archive ${archive.archive}: ${archive.problem === "" ? `${archive.waitingSegments} segments wait` : archive.problem}`,
    ]);
    return 0;
  },
};

function given(args: Arguments, name: string): string {
  const text = args.text(name);
  if (text === undefined || text.trim() === "") throw usage(`Name --${name}`);
  return text;
}

function listenOf(text: string | undefined): { readonly host: string; readonly port: number } | undefined {
  if (text === undefined) return undefined;
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) throw usage("--listen must be a host and a port");
  return { host: host.replaceAll(/[[\]]/g, ""), port: Number(port) };
}

function stopOnSignals(standby: RunningStandby): () => void {
  const stop = (): void => standby.stop();
  process.once("SIGTERM", stop).once("SIGINT", stop);
  return () => void process.off("SIGTERM", stop).off("SIGINT", stop);
}
