/** An installation in a temporary directory with a chat in it, and the command line to look into it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemAmbient } from "@parley/base/node";
import type { ClientMessageId, TenantId, UserId } from "@parley/protocol";
import { textBody } from "@parley/protocol";
import { openLevelTables } from "@parley/engine-embedded";
import type { ScannedRow, TableSpec } from "@parley/tables";
import { openParley } from "@parley/server";
import { type Outcome as Printed, runWords, withServerOn } from "./run-words.js";

/** More than a block holds. */
export const MESSAGES = 150;
const KEEP_ALIVE_MS = 60_000;
const TENANT = "main" as TenantId;
const [ANN, BOB] = ["ann" as UserId, "bob" as UserId];

export interface Outcome extends Printed {
  /** Each line of the output, out of JSON. */
  readonly lines: () => readonly Record<string, unknown>[];
}

export interface World {
  readonly data: string;
  readonly tables: string;
  /** The partition of the group's messages, as one types it. */
  readonly partition: string;
  readonly run: (...words: readonly string[]) => Promise<Outcome>;
  /** The same with a server on the directory. */
  readonly runServed: (...words: readonly string[]) => Promise<Outcome>;
}

/** Two users with passwords and sessions, and a group whose messages are "hello 1", "hello 2" and so on. */
export async function withChat(
  work: (world: World) => Promise<void>,
  { isEncrypted = true }: { readonly isEncrypted?: boolean } = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "parley-cli-tables-"));
  const data = join(folder, "data");
  const run = async (...words: readonly string[]): Promise<Outcome> => {
    const outcome = await runWords(words, { PARLEY_DATA: data });
    return {
      ...outcome,
      lines: () => outcome.out.map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  };
  const runServed = (...words: readonly string[]): Promise<Outcome> =>
    withServerOn(data, () => run(...words));
  // As the program has one: the engine's timers do not keep a process alive.
  const keepAlive = setInterval(() => undefined, KEEP_ALIVE_MS);
  try {
    const partition = JSON.stringify(["main", await chat(data, isEncrypted)]);
    await work({ data, partition, tables: join(data, "tables"), run, runServed });
  } finally {
    clearInterval(keepAlive);
    await rm(folder, { recursive: true });
  }
}

/** The engine of an installation that is stopped; without encryption, rows can be read and changed there. */
export function openBeside({ tables }: World): ReturnType<typeof openLevelTables> {
  return openLevelTables({ directory: tables, clock: systemAmbient().clock });
}

/** Removes rows beside the server. Resolves with them. */
export async function removeRows(
  world: World,
  table: TableSpec,
  rowsMax: number,
): Promise<readonly ScannedRow[]> {
  const tables = await openBeside(world);
  const rows = (await tables.scanTable({ table, limit: 1_000 })).slice(0, rowsMax);
  for (const { partition, sort } of rows) {
    await tables.write([{ partition, writes: [{ kind: "delete", table, sort }] }], { isDurable: true });
  }
  await tables.close();
  return rows;
}

async function chat(dataDirectory: string, isEncrypted: boolean): Promise<string> {
  const parley = await openParley({ dataDirectory, ambient: systemAmbient(), isEncrypted, onFatal: fail });
  for (const userId of [ANN, BOB]) {
    await parley.accounts.addUser({ tenantId: TENANT, userId, name: userId, password: "a password" });
  }
  const { session } = await parley.accounts.issueToken({ tenantId: TENANT, userId: ANN, deviceName: "desk" });
  const group = { name: "team", title: "Team", userIds: [BOB], isHistoryOpen: true };
  const conversationId = await parley.message.createGroup(session, group);
  const sends = Array.from({ length: MESSAGES }, (_, index) =>
    parley.message.send(session, {
      conversationId,
      clientMessageId: `c${index}` as ClientMessageId,
      number: index + 1,
      body: textBody(`hello ${index + 1}`),
    }),
  );
  await Promise.all(sends);
  await parley.close();
  return conversationId;
}

function fail(error: unknown): never {
  throw error;
}
