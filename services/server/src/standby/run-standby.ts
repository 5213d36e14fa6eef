/** A standby as a process: follows, shows how far it is, and holds its directory. */
import { type Server, createServer } from "node:http";
import { hostname } from "node:os";
import { resolve } from "node:path";
import {
  Follower,
  type FollowerStatus,
  type Promoted,
  promoteStandby,
  systemBackupFiles,
} from "@parley/backup";
import { type Ambient, partitionOf } from "@parley/base";
import { lockDirectory } from "@parley/engine-embedded";
import { connectPrimary } from "./standby-client.js";
import { readStandbyToken } from "./standby-token.js";

const NAMES_MAX = 1_000_000_000;

export interface StandbyOptions {
  /** The primary's `--standby-listen`, as a URL. */
  readonly from: string;
  readonly tokenFile: string;
  readonly directory: string;
  readonly ambient: Ambient;
  /** A longer journal is replaced by a new base. */
  readonly journalBytesMax: number;
  /** Where its status is shown, to whoever asks; undefined for nowhere. */
  readonly listen?: { readonly host: string; readonly port: number };
}

export interface RunningStandby {
  status(): FollowerStatus;
  /** Where its status is shown; 0 for nowhere. */
  readonly statusPort: number;
  /** Resolves when it has stopped. Errors: "standby-refused", "standby-foreign". */
  readonly ended: Promise<void>;
  stop(): void;
}

/** Errors: "data-directory-locked", "bad-setting" (the token file), "usage" (the address). */
export async function startStandby(options: StandbyOptions): Promise<RunningStandby> {
  const { ambient, journalBytesMax } = options;
  const directory = resolve(options.directory);
  const primary = connectPrimary(options.from, await readStandbyToken(options.tokenFile));
  await systemBackupFiles.openDirectory(directory);
  const lock = await lockDirectory(directory);
  const follower = new Follower({
    folder: { files: systemBackupFiles, directory },
    primary,
    standby: nameOf(directory),
    ambient,
    journalBytesMax,
  });
  let server: Server | undefined;
  try {
    server =
      options.listen === undefined ? undefined : await showStatus(options.listen, () => follower.status);
  } catch (error) {
    await lock.release();
    throw error;
  }
  const run = async (): Promise<void> => {
    try {
      await follower.run();
    } finally {
      primary.close();
      server?.close();
      server?.closeAllConnections();
      await lock.release();
    }
  };
  const address = server?.address();
  return {
    status: () => follower.status,
    statusPort: typeof address === "object" && address !== null ? address.port : 0,
    ended: run(),
    stop() {
      follower.stop();
      primary.close();
    },
  };
}

/** Effects and errors: those of `promoteStandby`; "data-directory-locked" while the standby runs. */
export async function promote(directory: string, ambient: Ambient): Promise<Promoted> {
  const path = resolve(directory);
  const lock = await lockDirectory(path);
  try {
    return await promoteStandby({ files: systemBackupFiles, directory: path }, ambient.random);
  } finally {
    await lock.release();
  }
}

/** The same after a restart. */
function nameOf(directory: string): string {
  const host = hostname()
    .replaceAll(/[^\w-]/g, "-")
    .slice(0, 40);
  return `${host}-${partitionOf(directory, NAMES_MAX)}`;
}

function showStatus(
  at: { readonly host: string; readonly port: number },
  status: () => FollowerStatus,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === "/status") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(status()));
    } else if (request.url === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(metricsOf(status()));
    } else response.writeHead(404).end();
  });
  return new Promise((resolved, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => resolved(server));
  });
}

/** In the text format of Prometheus. */
export function metricsOf(status: FollowerStatus): string {
  const figures: readonly (readonly [name: string, help: string, value: number])[] = [
    [
      "behind_bytes",
      "Bytes of the journal that the primary has and the standby has not.",
      status.behindBytes,
    ],
    ["behind_records", "Records that the primary has and the standby has not.", status.behindRecords],
    ["behind_seconds", "Since the standby last had everything.", status.behindSeconds],
    ["following", "1 while it follows.", status.state === "following" ? 1 : 0],
    ["can_be_promoted", "1 when there is a copy.", status.canBePromoted ? 1 : 0],
    ["bases_fetched", "Bases fetched since the start.", status.basesFetched],
  ];
  return figures
    .map(([name, help, value]) => {
      const full = `parley_standby_${name}`;
      return `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${full} ${value}\n`;
    })
    .join("");
}
