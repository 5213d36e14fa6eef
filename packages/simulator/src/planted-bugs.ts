/**
 * Bugs to order: each breaks one promise of the server the way such servers break them. A run with one of them has to be
 * caught by the judges; a judge that stays silent is broken itself. They wrap the parts from outside, so no production
 * code knows of them.
 */
import type { BackupFiles, BackupSource } from "@parley/backup";
import type { Journal } from "@parley/engine-embedded";
import type { FileOps } from "@parley/engine-embedded/simulation";
import type { Calls } from "@parley/gateway";
import { UserHeadRow, UserRecord } from "@parley/domain";
import { Event, type UserId, decode, encode } from "@parley/protocol";
import type { ObjectStore, Tables } from "@parley/tables";
import {
  BACKUP_HOLDS_NOTHING,
  BACKUP_IS_NOT_SYNCED,
  BACKUP_MISSES_THE_TAIL,
  BACKUP_WITH_LATER_ROWS,
} from "./backups/backup-bugs.js";
import type { SeededRandom } from "./seeded-random.js";

export interface PlantedBug {
  readonly files?: (files: FileOps) => FileOps;
  readonly objects?: (objects: ObjectStore) => ObjectStore;
  readonly tables?: (tables: Tables) => Tables;
  readonly journal?: (journal: Journal) => Journal;
  readonly calls?: (calls: Calls, random: SeededRandom) => Calls;
  /** What a backup is taken of, and where it is put. */
  readonly backupSource?: (source: BackupSource) => BackupSource;
  readonly backupFiles?: (files: BackupFiles) => BackupFiles;
}

type Append = ReturnType<Journal["log"]>["append"];

/** How often a bug that strikes now and then does so. */
const NOW_AND_THEN = 0.1;
const NO_EVENT = encode(Event, {});

/** The sync of a segment file does something else. */
function withSync(change: (sync: () => Promise<void>) => Promise<void>): PlantedBug {
  return {
    files: (files) => ({
      ...files,
      async openSegment(path, isNew) {
        const file = await files.openSegment(path, isNew);
        return { ...file, sync: () => change(() => file.sync()) };
      },
    }),
  };
}

export const PLANTED_BUGS = {
  "acknowledge-before-fsync": withSync(async () => {}),
  "ignore-failed-fsync": withSync((sync) => sync().catch(() => undefined)),

  "cold-object-is-not-kept": {
    objects: (objects) => {
      const unsynced = new Map<string, Uint8Array>();
      return {
        // As a store that acknowledges what it has in memory: gone with the process.
        put: async (name, bytes) => void unsynced.set(name, bytes),
        list: (after) => objects.list(after),
        delete: (name) => objects.delete(name),
        async read(name, offset, length) {
          const bytes = unsynced.get(name);
          return bytes?.subarray(offset, offset + length) ?? objects.read(name, offset, length);
        },
      };
    },
  },

  "emit-again-after-crash": appending(
    (append) => (partition, payload, _source, owner) => append(partition, payload, undefined, owner),
  ),

  "trim-not-told": appending((append, name) =>
    name === "user"
      ? (partition, payload, source, owner) => append(partition, withoutTrims(payload), source, owner)
      : append,
  ),

  /** The change goes to whoever got the conversation's newest message, instead of to who sees the message. */
  "edit-shows-text-of-before-joining": appending((append, name) => {
    if (name !== "user") return append;
    const receivers = new Map<string, Set<UserId>>();
    return (partition, payload, source, owner) =>
      append(partition, withChangesForAll(payload, receivers), source, owner);
  }),

  "recall-does-not-reach-who-was-away": pushing((events, _random, isFirst) =>
    isFirst ? events.map((event) => (isRecall(event) ? NO_EVENT : event)) : events,
  ),

  "edit-is-not-read-from-rows": {
    calls: (calls) => ({
      ...calls,
      message: {
        ...withMethods(calls.message),
        async history(session, request) {
          const page = await calls.message.history(session, request);
          // As a cache of messages that nobody tells of changes.
          const messages = page.messages.map((message) =>
            message.revision === 0 ? message : { ...message, revision: 0, editedMs: 0 },
          );
          return { ...page, messages };
        },
      },
    }),
  },

  "forget-rows-in-crash": {
    tables: (tables) => ({
      ...withTableMethods(tables),
      write: (batches) => tables.write(batches, { isDurable: false }),
    }),
  },

  "leave-out-a-pts-after-restart": {
    tables: (tables) => {
      const seen = new Set<string>();
      return {
        ...withTableMethods(tables),
        async find(table, partition, sort) {
          const value = await tables.find(table, partition, sort);
          const name = partition.join();
          if (table.name !== "user-head" || value === undefined || seen.has(name)) return value;
          // The first look of a process at a queue that is there already.
          seen.add(name);
          const head = decode(UserHeadRow, value);
          return encode(UserHeadRow, { ...head, pts: head.pts + 1 });
        },
      };
    },
  },

  "forget-repeated-sends": {
    calls: (calls) => {
      const lastNumbers = new Map<string, number>();
      return {
        ...calls,
        message: {
          ...withMethods(calls.message),
          send(session, request) {
            const lane = `${session.deviceId} ${request.conversationId}`;
            const last = lastNumbers.get(lane) ?? 0;
            lastNumbers.set(lane, Math.max(last, request.number));
            if (request.number > last) return calls.message.send(session, request);
            // A repeated send is taken for a new one.
            lastNumbers.set(lane, last + 1);
            const clientMessageId = `${request.clientMessageId}x` as typeof request.clientMessageId;
            return calls.message.send(session, { ...request, clientMessageId, number: last + 1 });
          },
        },
      };
    },
  },

  "swap-pushed-events": pushing((events, random) =>
    events.length > 1 && random.isTrue(NOW_AND_THEN) ? [events[1]!, events[0]!, ...events.slice(2)] : events,
  ),

  "lose-pushed-event": pushing((events, random) =>
    random.isTrue(NOW_AND_THEN) ? [NO_EVENT, ...events.slice(1)] : events,
  ),

  "rebase-without-a-conversation": listing(({ entries }, random) =>
    random.isTrue(0.5) ? entries.slice(1) : entries,
  ),

  "rebase-with-an-old-entry": listing(({ entries }) =>
    entries.map((entry, index) =>
      index === 0 && entry.lastSequence > entry.firstVisible
        ? { ...entry, lastSequence: entry.lastSequence - 1 }
        : entry,
    ),
  ),

  "unread-drifts": listing(({ entries }) =>
    entries.map((entry) => (entry.unread > 0 ? { ...entry, unread: entry.unread + 1 } : entry)),
  ),

  "deletion-is-forgotten": {
    calls: (calls, random) => ({
      ...calls,
      message: {
        ...withMethods(calls.message),
        hide: async (session, conversationId, sequences) => {
          if (!random.isTrue(0.5)) await calls.message.hide(session, conversationId, sequences);
        },
      },
    }),
  },

  "removal-is-forgotten": {
    calls: (calls) => ({
      ...calls,
      message: {
        ...withMethods(calls.message),
        changeMembers: async (session, change) => {
          if (!change.isRemoval) await calls.message.changeMembers(session, change);
        },
      },
    }),
  },

  "reading-is-forgotten": {
    calls: (calls) => ({
      ...calls,
      message: { ...withMethods(calls.message), markRead: () => Promise.resolve() },
    }),
  },

  "page-with-a-hole": {
    calls: (calls, random) => ({
      ...calls,
      message: {
        ...withMethods(calls.message),
        async history(session, request) {
          const page = await calls.message.history(session, request);
          if (page.messages.length < 3 || !random.isTrue(0.5)) return page;
          return { ...page, messages: page.messages.filter((_, index) => index !== 1) };
        },
      },
    }),
  },

  "page-beyond-the-joining": {
    calls: (calls) => ({
      ...calls,
      message: {
        ...withMethods(calls.message),
        async history(session, request) {
          const page = await calls.message.history(session, request);
          const last = page.messages.at(-1);
          // Shows the newest message once more, as one that lies beyond what there is.
          if (last === undefined || request.isForward) return page;
          return {
            ...page,
            last: page.last + 1,
            messages: [...page.messages, { ...last, sequence: page.last + 1 }],
          };
        },
      },
    }),
  },
  "backup-misses-the-tail": BACKUP_MISSES_THE_TAIL,
  "backup-with-later-rows": BACKUP_WITH_LATER_ROWS,
  "backup-is-not-synced": BACKUP_IS_NOT_SYNCED,
  "backup-does-not-hold-the-cold": BACKUP_HOLDS_NOTHING,
} as const satisfies Readonly<Record<string, PlantedBug>>;

export type PlantedBugName = keyof typeof PLANTED_BUGS;

/** What is appended to the logs goes another way. */
function appending(change: (append: Append, name: string) => Append): PlantedBug {
  return {
    journal: (journal) => ({
      ...journal,
      stats: () => journal.stats(),
      roll: () => journal.roll(),
      close: () => journal.close(),
      log(name) {
        const log = journal.log(name);
        return {
          get partitionCount() {
            return log.partitionCount;
          },
          append: change((...values) => log.append(...values), name),
          read: (partition, from, limits) => log.read(partition, from, limits),
          durableEnd: (partition) => log.durableEnd(partition),
          appendedEnd: (partition) => log.appendedEnd(partition),
          firstOffset: (partition) => log.firstOffset(partition),
          onDurable: (listener) => log.onDurable(listener),
          trim: (partition, before) => log.trim(partition, before),
          close: () => log.close(),
        };
      },
    }),
  };
}

/** A record of the user log in which every trim is an event of an unknown kind. */
function withoutTrims(payload: Uint8Array): Uint8Array {
  const record = decode(UserRecord, payload);
  const spreads = record.spreads.map((spread) =>
    decode(Event, spread.event).trimmed === undefined ? spread : { ...spread, event: NO_EVENT },
  );
  return encode(UserRecord, { ...record, spreads });
}

function isRecall(event: Uint8Array): boolean {
  return decode(Event, event).changed?.message?.recall !== undefined;
}

/** A record of the user log in which changes of messages go to all who got a message of the conversation. */
function withChangesForAll(payload: Uint8Array, receivers: Map<string, Set<UserId>>): Uint8Array {
  const record = decode(UserRecord, payload);
  const spreads = record.spreads.map((spread) => {
    const { message, changed } = decode(Event, spread.event);
    const conversationId = message?.conversationId ?? changed?.message?.conversationId;
    if (conversationId === undefined) return spread;
    const known = receivers.get(conversationId) ?? new Set();
    receivers.set(conversationId, known);
    for (const userId of spread.userIds) known.add(userId);
    return changed === undefined ? spread : { ...spread, userIds: [...known] };
  });
  return encode(UserRecord, { ...record, spreads });
}

/** What a device is pushed goes through `change`, which knows the first push of a connection; the PTS stay as they are. */
function pushing(
  change: (events: readonly Uint8Array[], random: SeededRandom, isFirst: boolean) => readonly Uint8Array[],
): PlantedBug {
  return {
    calls: (calls, random) => ({
      ...calls,
      sync: {
        listConversations: (session, page) => calls.sync.listConversations(session, page),
        attach: (session, position, sink) => {
          let isFirst = true;
          return calls.sync.attach(session, position, {
            push: (epoch, firstPts, events) => {
              sink.push(epoch, firstPts, change(events, random, isFirst));
              isFirst = false;
            },
            rebase: (to, reason) => sink.rebase(to, reason),
            hasRoom: () => sink.hasRoom(),
            fail: () => sink.fail(),
          });
        },
      },
    }),
  };
}

type ListPage = Awaited<ReturnType<Calls["sync"]["listConversations"]>>;

/** A page of the conversation list goes through `change`. */
function listing(change: (page: ListPage, random: SeededRandom) => ListPage["entries"]): PlantedBug {
  return {
    calls: (calls, random) => ({
      ...calls,
      sync: {
        attach: (session, position, sink) => calls.sync.attach(session, position, sink),
        listConversations: async (session, page) => {
          const answer = await calls.sync.listConversations(session, page);
          return { ...answer, entries: change(answer, random) };
        },
      },
    }),
  };
}

/** The methods of tables as own properties, so that one of them can be replaced. */
function withTableMethods(tables: Tables): Tables {
  return {
    find: (table, partition, sort) => tables.find(table, partition, sort),
    findMany: (table, keys) => tables.findMany(table, keys),
    range: (query) => tables.range(query),
    scanTable: (scan) => tables.scanTable(scan),
    write: (batches, options) => tables.write(batches, options),
    appendRows: (request) => tables.appendRows(request),
    close: () => tables.close(),
  };
}

/** The methods of a service as own properties, so that one of them can be replaced. */
function withMethods(message: Calls["message"]): Calls["message"] {
  return {
    send: (session, request) => message.send(session, request),
    markRead: (session, conversationId, sequence) => message.markRead(session, conversationId, sequence),
    hide: (session, conversationId, sequences) => message.hide(session, conversationId, sequences),
    edit: (session, request) => message.edit(session, request),
    recall: (session, request) => message.recall(session, request),
    edits: (session, request) => message.edits(session, request),
    createDirect: (session, userId) => message.createDirect(session, userId),
    createGroup: (session, group) => message.createGroup(session, group),
    changeMembers: (session, change) => message.changeMembers(session, change),
    listMembers: (session, page) => message.listMembers(session, page),
    history: (session, request) => message.history(session, request),
    digest: (session, span) => message.digest(session, span),
  };
}
