/**
 * What a backup has to be: none, or whole. A whole one is restored, opened as a server opens it, and everything that it
 * says is compared with what both machines make of the records up to its end: messages without a hole, queues without a
 * hole, lists, what was deleted, the indexes. Nothing that was told before it began is missing, and nothing is there that
 * nobody did.
 */
import { isDeepStrictEqual } from "node:util";
import { type VerifiedBackup, restoreBackup, verifyBackup } from "@parley/backup";
import { simulatedFiles } from "@parley/backup/simulation";
import { failureCode, reasonOf } from "@parley/base";
import { UserHeadRow } from "@parley/domain";
import { DirectoryObjects, openJournal } from "@parley/engine-embedded";
import type { SimulatedDisk } from "@parley/engine-embedded/simulation";
import { CONVERSATION_MESSAGE } from "@parley/message";
import { ConversationEntry, Message, type TenantId, type UserId, decode, encode } from "@parley/protocol";
import { type Services, journalLogs, wireServices } from "@parley/server";
import { CONVERSATION_INBOX, MESSAGE_INBOX, SYNC_QUEUE, USER_HEAD, userPartition } from "@parley/sync";
import {
  compressAtOnce,
  type Key,
  MemoryTables,
  MemoryTableStore,
  type Row,
  SealedTables,
  type TableSpec,
  successor,
} from "@parley/tables";
import { type Kernel, Process } from "../kernel.js";
import { tapJournal } from "../log-tap.js";
import type { Plan } from "../plan.js";
import { areSameMessages } from "../recording/same.js";
import type { Marks, Truth } from "../recording/truth.js";
import { openSimulatedKeyring } from "../simulated-keys.js";
import { importRows } from "./row-copies.js";
import type { BegunBackup } from "./simulated-backups.js";

const PAGE_ROWS = 10_000;

export interface JudgedRun {
  readonly kernel: Kernel;
  readonly plan: Plan;
  readonly disk: SimulatedDisk;
  readonly truth: Truth;
  readonly tenantId: TenantId;
  readonly userIds: readonly UserId[];
  /** Of the queues of the server that was copied. */
  readonly epoch: number;
  /** Whether the disk of the server has failed, so that anything may have. */
  readonly hasDiskFault: boolean;
}

export interface JudgedBackup {
  readonly isWhole: boolean;
  readonly complaints: readonly string[];
}

/** Judges a backup that has ended. */
export async function judgeBackup(
  run: JudgedRun,
  { directory, marks, status }: BegunBackup,
): Promise<JudgedBackup> {
  // Nothing has to take time any more.
  run.disk.latency = () => Promise.resolve();
  const verified = await verifyBackup(simulatedFiles(run.disk), directory).catch(failureCode);
  if (verified === "backup-missing") {
    const code = status?.error?.code ?? "";
    if (status?.state === "done")
      return { isWhole: false, complaints: [`${directory} is done and is not there`] };
    const isExpected = status?.state !== "failed" || code === "backup-cancelled" || run.hasDiskFault;
    return { isWhole: false, complaints: isExpected ? [] : [`${directory} failed: ${code}`] };
  }
  if (typeof verified !== "object" || verified.damages.length > 0) {
    const why = typeof verified === "object" ? JSON.stringify(verified.damages) : (verified ?? "unexpected");
    return { isWhole: false, complaints: [`${directory} is damaged: ${why}`] };
  }
  const complaints: string[] = [];
  try {
    await judgeCopy(run, { directory, marks, verified }, (what) => complaints.push(`${directory}: ${what}`));
  } catch (error) {
    complaints.push(`${directory} cannot be restored: ${reasonOf(error)}`);
  }
  return { isWhole: true, complaints };
}

async function judgeCopy(
  run: JudgedRun,
  backup: { readonly directory: string; readonly marks: Marks; readonly verified: VerifiedBackup },
  complain: (what: string) => void,
): Promise<void> {
  const { kernel, plan, disk, truth } = run;
  const to = `restored-${backup.directory}`;
  const process = new Process(kernel, to, {
    info: () => undefined,
    warn: () => undefined,
    error: (event, fields) => complain(`logs ${event}: ${JSON.stringify(fields ?? {})}`),
  });
  const { ambient } = process;
  const files = simulatedFiles(disk);
  const store = new MemoryTableStore();
  const { manifest, identity } = await restoreBackup({
    from: backup.directory,
    to,
    files,
    ambient,
    createTables: () => Promise.resolve(importRows(store)),
  });
  const copy = truth.upTo(recordsIn(manifest.journal.ends, plan), complain);
  const onFatal = (error: unknown): void => complain(`ends: ${reasonOf(error)}`);
  const keyring = await openSimulatedKeyring(disk.mount(), ambient.clock, `${to}/keys`);
  const journal = await openJournal({
    directory: `${to}/journal`,
    logs: journalLogs(plan.partitions),
    scheduler: ambient.scheduler,
    logger: ambient.logger,
    segmentBytes: plan.segmentBytes,
    files: disk.mount(),
    onFatal,
    keyring,
  });
  const stored = new MemoryTables(store, ambient.clock);
  const tables = new SealedTables({ tables: stored, keyring, scheduler: ambient.scheduler });
  const services = await wireServices(
    {
      ambient,
      onFatal,
      retentionDays: plan.retentionDays,
      timeline: identity.timeline,
      cold: {
        objects: new DirectoryObjects(`${to}/cold`, disk.mount()),
        seals: tables,
        random: ambient.random,
        compress: compressAtOnce,
      },
    },
    { journal: tapJournal(journal, copy.tap), tables },
  );
  await services.checkpoint();
  if (services.epoch <= run.epoch) complain(`epoch ${services.epoch} is not above ${run.epoch}`);
  judgeMarks(copy, backup.marks, complain);
  await judgeMessages(run, services, copy, complain);
  for (const userId of run.userIds) await judgeUser(run, { services, userId }, copy, complain);
  await judgeIndexes(services, complain);
  await services.close();
  process.kill();
}

/** What was told before the backup began. */
function judgeMarks(copy: Truth, marks: Marks, complain: (what: string) => void): void {
  for (const [conversationId, count] of marks.messages) {
    const copied = copy.messages.get(conversationId)?.length ?? 0;
    if (copied < count)
      complain(`${conversationId} has ${copied} messages of ${count} that were placed before`);
  }
  for (const [userId, pts] of marks.pts) {
    const copied = copy.user(userId).pts;
    if (copied < pts) complain(`${userId} has ${copied} events of ${pts} that were given before`);
  }
}

async function judgeMessages(
  { tenantId }: JudgedRun,
  { tableStack }: Services,
  copy: Truth,
  complain: (what: string) => void,
): Promise<void> {
  const rows = await tableStack.direct.scanTable({ table: CONVERSATION_MESSAGE, limit: PAGE_ROWS });
  const found = new Map<string, Message[]>();
  for (const { partition, value } of rows) {
    const name = partition.join(" ");
    found.set(name, [...(found.get(name) ?? []), decode(Message, value)]);
  }
  const expected = new Map(
    [...copy.messages].map(([id, messages]) => {
      const name = `${tenantId} ${id}`;
      // What is not kept any more may have been removed.
      const held = new Set(found.get(name)?.map(({ sequence }) => sequence));
      const firstKept = copy.firstKept(id);
      return [name, messages.filter(({ sequence }) => sequence >= firstKept || held.has(sequence))];
    }),
  );
  for (const name of new Set([...found.keys(), ...expected.keys()])) {
    const [mine = [], right = []] = [found.get(name), expected.get(name)];
    if (!areSameMessages(mine, right))
      complain(`${name} has ${mine.length} messages, not the ${right.length} it should`);
  }
}

async function judgeUser(
  { tenantId, plan }: JudgedRun,
  { services, userId }: { readonly services: Services; readonly userId: UserId },
  copy: Truth,
  complain: (what: string) => void,
): Promise<void> {
  const { tables } = services.tableStack;
  const partition = userPartition(tenantId, userId);
  const { pts, events, entries, hidden } = copy.user(userId);
  const [user] = await services.accounts.findUsers(tenantId, [userId]);
  if (user === undefined) complain(`${userId} has no account`);
  const head = await tables.find(USER_HEAD, partition, []);
  const headPts = head === undefined ? 0 : decode(UserHeadRow, head).pts;
  if (headPts !== pts) complain(`${userId} stands at ${headPts} of ${pts} events`);
  const queue = await allRows(services, SYNC_QUEUE, partition);
  // The oldest may have gone, from the front.
  const goneCount = events.length - queue.length;
  const isRight =
    goneCount >= 0 &&
    (goneCount === 0 || queue.length >= (plan.queueEvents ?? Number.POSITIVE_INFINITY)) &&
    queue.every(
      ({ sort, value }, index) =>
        sort[0] === goneCount + index + 1 && Buffer.from(value).equals(events[goneCount + index]!),
    );
  if (!isRight)
    complain(`${userId} has ${queue.length} events in the queue, not the ${events.length} it should`);
  const list = await allRows(services, CONVERSATION_INBOX, partition);
  const listed = new Map(list.map(({ sort, value }) => [sort[0], decode(ConversationEntry, value)]));
  if (!isDeepStrictEqual(sorted(listed), sorted(entries)))
    complain(`${userId} has another list than it should`);
  const deleted = (await allRows(services, MESSAGE_INBOX, partition)).map(({ sort }) => sort.join(" "));
  const gone = [...hidden].flatMap(([id, sequences]) =>
    [...sequences].map((sequence) => `${id} ${sequence}`),
  );
  if (!isDeepStrictEqual(deleted.toSorted(), gone.toSorted()))
    complain(`${userId} has deleted other messages`);
}

async function judgeIndexes({ tableStack }: Services, complain: (what: string) => void): Promise<void> {
  await tableStack.direct.completeIndexes({ timeShare: 1 });
  for (const { table, index } of tableStack.direct.indexStatus()) {
    const found = await tableStack.direct.verifyIndex({ table, index }, { timeShare: 1 });
    if (found.missing + found.extra + found.different > 0)
      complain(`the index ${index} is wrong: ${JSON.stringify(found.examples)}`);
  }
}

async function allRows({ tableStack }: Services, table: TableSpec, partition: Key): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let from: Key | undefined; ;) {
    const query = { table, partition, limit: PAGE_ROWS, ...(from === undefined ? {} : { from }) };
    const page = await tableStack.tables.range(query);
    rows.push(...page);
    if (page.length < PAGE_ROWS) return rows;
    from = successor(page.at(-1)!.sort);
  }
}

/** Where the records of each partition end, by the names that the truth has for them. */
function recordsIn(ends: readonly (readonly number[])[], { partitions }: Plan): ReadonlyMap<string, number> {
  const logs = journalLogs(partitions);
  return new Map(
    ends.flatMap((each, log) =>
      each.map((end, partition) => [`${logs[log]!.name}/${partition}`, end] as const),
    ),
  );
}

/** By id; bytes in an entry may come as one kind of array or another. */
function sorted(entries: ReadonlyMap<unknown, ConversationEntry>): readonly (readonly [string, string])[] {
  return [...entries]
    .map(
      ([id, entry]) => [String(id), Buffer.from(encode(ConversationEntry, entry)).toString("hex")] as const,
    )
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}
