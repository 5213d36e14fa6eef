/** Brings IRC logs into an installation: each file becomes a group with its nicks as members and its messages as history. */
import { readFile, readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Failure, failureCode } from "@parley/base";
import type { UserId } from "@parley/protocol";
import { type Operations, USERS_PER_CALL_MAX } from "@parley/server";
import { type IrcLog, findDay, parseIrcLog } from "./irc-log.js";

/** Messages of one record in the log, and the bytes of their texts: it stays far below what a record may have. */
const BATCH_MESSAGES_MAX = 200;
const BATCH_BYTES_MAX = 256 * 1024;
/** Files whose batches wait for the disk at the same time: they share its syncs. */
const FILES_AT_ONCE = 8;
/** Reports of single lines kept for the result. */
export const MALFORMED_LISTED_MAX = 1_000;

export interface ImportOptions {
  /** Files, and folders whose *.txt files are meant. */
  readonly paths: readonly string[];
  readonly tenant: string;
  readonly operations: Operations;
  /** Existing users who become members of every group, so that they can read it. */
  readonly readers?: readonly UserId[];
  /** Called often, with the share of the bytes that is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

export interface ImportResult {
  readonly files: number;
  readonly lines: number;
  /** Brought in now. */
  readonly messages: number;
  /** Brought in by an earlier run, which this one went on from. */
  readonly messagesBefore: number;
  readonly events: number;
  readonly malformed: number;
  /** The first MALFORMED_LISTED_MAX of them. */
  readonly malformedLines: readonly {
    readonly file: string;
    readonly line: number;
    readonly reason: string;
  }[];
  readonly usersAdded: number;
  readonly failedFiles: readonly { readonly file: string; readonly code: string; readonly message: string }[];
}

interface Totals {
  lines: number;
  messages: number;
  messagesBefore: number;
  events: number;
  malformed: number;
  usersAdded: number;
  readonly malformedLines: { file: string; line: number; reason: string }[];
  readonly failedFiles: { file: string; code: string; message: string }[];
}

/**
 * Effects: users, groups and messages, durable when it resolves. An import that was stopped goes on where it was; one that
 *   was finished adds nothing. What fails with one file is reported and does not stop the others.
 * Errors: "bad-request" when a path is missing or there is no file, "unavailable" when the server goes away.
 */
export async function importIrc(options: ImportOptions): Promise<ImportResult> {
  const files = await listFiles(options.paths);
  const totals: Totals = {
    lines: 0,
    messages: 0,
    messagesBefore: 0,
    events: 0,
    malformed: 0,
    usersAdded: 0,
    malformedLines: [],
    failedFiles: [],
  };
  totals.failedFiles.push(...sameGroups(files));
  const unfit = new Set(totals.failedFiles.map(({ file }) => file));
  const bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let bytesDone = 0;
  const advance = (bytes: number): void => {
    bytesDone += bytes;
    options.onProgress?.(bytesTotal === 0 ? 1 : bytesDone / bytesTotal);
  };
  const waiting = files.values();
  const work = async (): Promise<void> => {
    for (const file of waiting)
      if (unfit.has(file.path)) advance(file.bytes);
      else await importFileSafely(options, file, totals, advance);
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  return { files: files.length, ...totals };
}

interface LogFile {
  readonly path: string;
  readonly bytes: number;
}

async function listFiles(paths: readonly string[]): Promise<readonly LogFile[]> {
  const files: LogFile[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const each of await listPath(path)) {
      // A file may be named twice, also by the folder that it is in.
      if (seen.has(resolve(each))) continue;
      seen.add(resolve(each));
      files.push({ path: each, bytes: (await stat(each)).size });
    }
  }
  if (files.length === 0) throw new Failure("bad-request", "There is no *.txt file in what was named.");
  return files;
}

async function listPath(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path);
    return names
      .filter((name) => name.endsWith(".txt"))
      .toSorted()
      .map((name) => join(path, name));
  } catch (cause) {
    throw new Failure("bad-request", `${path} cannot be read: name a file or a folder of logs.`, { cause });
  }
}

/** Files of one group: the messages of the second would be taken for those of the first, and left out. */
function sameGroups(files: readonly LogFile[]): ImportResult["failedFiles"] {
  const taken = new Map<string, string>();
  return files.flatMap(({ path }) => {
    const conversationId = conversationIdOf(path);
    const other = taken.get(conversationId) ?? path;
    taken.set(conversationId, other);
    const message = `Its group is that of ${other}: give it a name of its own.`;
    return other === path ? [] : [{ file: path, code: "bad-request", message }];
  });
}

async function importFileSafely(
  options: ImportOptions,
  file: LogFile,
  totals: Totals,
  advance: (bytes: number) => void,
): Promise<void> {
  try {
    await importFile(options, file, totals, advance);
  } catch (error) {
    const code = failureCode(error) ?? fileErrorCode(error);
    if (code === undefined || code === "unavailable" || code === "outcome-unknown") throw error;
    totals.failedFiles.push({ file: file.path, code, message: (error as Error).message });
  }
}

function fileErrorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : undefined;
}

async function importFile(
  options: ImportOptions,
  file: LogFile,
  totals: Totals,
  advance: (bytes: number) => void,
): Promise<void> {
  const { operations, tenant } = options;
  const dayMs = findDay(basename(file.path));
  if (dayMs === undefined) {
    throw new Failure("bad-request", "The file's name holds no date such as 2004-12-25.");
  }
  const log = parseIrcLog(await readFile(file.path, "utf8"), dayMs);
  count(totals, file.path, log);
  if (log.messages.length === 0) return advance(file.bytes);
  // Not `+= await`: that reads the sum before it waits, and other files add to it meanwhile.
  const usersAdded = await addUsers(options, log.nicks);
  totals.usersAdded += usersAdded;
  const conversationId = conversationIdOf(file.path);
  const importedCount = await openGroup(options, conversationId, log);
  if (importedCount > log.messages.length) {
    const message = `${importedCount} messages were imported from a file that now has ${log.messages.length}.`;
    throw new Failure("bad-request", message);
  }
  totals.messagesBefore += importedCount;
  const bytesPerMessage = file.bytes / log.messages.length;
  advance(importedCount * bytesPerMessage);
  for (let index = importedCount; index < log.messages.length;) {
    const items = takeBatch(log.messages, index);
    const isLast = index + items.length === log.messages.length;
    await operations.importHistory({ tenant, conversationId, index, items, isLast });
    index += items.length;
    totals.messages += items.length;
    advance(items.length * bytesPerMessage);
  }
}

function count(totals: Totals, file: string, log: IrcLog): void {
  totals.lines += log.lineCount;
  totals.events += log.eventCount;
  totals.malformed += log.malformed.length;
  const room = MALFORMED_LISTED_MAX - totals.malformedLines.length;
  for (const each of log.malformed.slice(0, room)) totals.malformedLines.push({ file, ...each });
}

async function addUsers({ operations, tenant }: ImportOptions, nicks: IrcLog["nicks"]): Promise<number> {
  let added = 0;
  for (let at = 0; at < nicks.length; at += USERS_PER_CALL_MAX) {
    const users = nicks.slice(at, at + USERS_PER_CALL_MAX);
    added += await operations.addUsers({ tenant, users });
  }
  return added;
}

function openGroup(
  { operations, tenant, readers = [] }: ImportOptions,
  conversationId: string,
  log: IrcLog,
): Promise<number> {
  const title = conversationId.slice("g:irc-".length);
  const { timeMs } = log.messages[0]!;
  const userIds = [...new Set([...log.nicks.map(({ userId }) => userId), ...readers])];
  return operations.openImportedGroup({ tenant, conversationId, title, userIds, timeMs });
}

/** The group of a file: its name, in the letters that an id may have. */
export function conversationIdOf(path: string): string {
  const name = basename(path)
    .replace(/\.txt$/, "")
    .replaceAll(/[^A-Za-z0-9._-]/g, "-");
  return `g:irc-${name.slice(0, 60)}`;
}

function takeBatch(messages: IrcLog["messages"], from: number): IrcLog["messages"] {
  let to = from;
  let bytes = 0;
  while (to < messages.length && to - from < BATCH_MESSAGES_MAX && (to === from || bytes < BATCH_BYTES_MAX)) {
    bytes += Buffer.byteLength(messages[to]!.text);
    to += 1;
  }
  return messages.slice(from, to);
}
