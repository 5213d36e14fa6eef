/** How a bug is planted: parts of the server with something else in the place of one of their methods. */
import type { BackupFiles, BackupSource } from "@parley/backup";
import type { BlobStore } from "@parley/blobs";
import type { ClientStore } from "@parley/client";
import type { MediaCalls } from "@parley/contracts";
import type { Journal } from "@parley/engine-embedded";
import type { FileOps } from "@parley/engine-embedded/simulation";
import type { Calls } from "@parley/gateway";
import type { ObjectStore, Tables } from "@parley/tables";
import type { Search } from "./search-bugs.js";
import type { SeededRandom } from "./seeded-random.js";

export interface PlantedBug {
  /** A bug of the devices: their store. */
  readonly store?: (store: ClientStore) => ClientStore;
  readonly files?: (files: FileOps) => FileOps;
  readonly objects?: (objects: ObjectStore) => ObjectStore;
  readonly media?: (media: MediaCalls) => MediaCalls;
  readonly parts?: (parts: BlobStore) => BlobStore;
  readonly tables?: (tables: Tables) => Tables;
  readonly journal?: (journal: Journal) => Journal;
  readonly calls?: (calls: Calls, random: SeededRandom) => Calls;
  /** What a backup is taken of, and where it is put. */
  readonly backupSource?: (source: BackupSource) => BackupSource;
  readonly backupFiles?: (files: BackupFiles) => BackupFiles;
}

export type Append = ReturnType<Journal["log"]>["append"];

/** The sync of a segment file does something else. */
export function withSync(change: (sync: () => Promise<void>) => Promise<void>): PlantedBug {
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

/** What is appended to the logs goes another way. */
export function appending(change: (append: Append, name: string) => Append): PlantedBug {
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

/** What a device is pushed goes through `change`, which knows the first push of a connection; the PTS stay as they are. */
export function pushing(
  change: (events: readonly Uint8Array[], random: SeededRandom, isFirst: boolean) => readonly Uint8Array[],
  deviceKind?: string,
): PlantedBug {
  return {
    calls: (calls, random) => ({
      ...calls,
      sync: {
        setPinned: (session, pin) => calls.sync.setPinned(session, pin),
        listConversations: (session, page) => calls.sync.listConversations(session, page),
        attach: (session, position, sink) => {
          let isFirst = true;
          return calls.sync.attach(session, position, {
            deviceKind: deviceKind ?? sink.deviceKind ?? "",
            push: (epoch, firstPts, events, conversationId) => {
              sink.push(epoch, firstPts, change(events, random, isFirst), conversationId);
              isFirst = false;
            },
            ahead: (...args) => sink.ahead(...args),
            rebase: (...args) => sink.rebase(...args),
            caughtUp: (of) => sink.caughtUp(of),
            hasRoom: () => sink.hasRoom(),
            fail: () => sink.fail(),
          });
        },
      },
    }),
  };
}

/** Searches go another way. */
export function searching(change: (search: Search) => Search): PlantedBug {
  return {
    calls: (calls) => ({
      ...calls,
      message: {
        ...withMethods(calls.message),
        search: change((session, request) => calls.message.search(session, request)),
      },
    }),
  };
}

export type ListPage = Awaited<ReturnType<Calls["sync"]["listConversations"]>>;

/** A page of the conversation list goes through `change`. */
export function listing(change: (page: ListPage, random: SeededRandom) => ListPage["entries"]): PlantedBug {
  return {
    calls: (calls, random) => ({
      ...calls,
      sync: {
        setPinned: (session, pin) => calls.sync.setPinned(session, pin),
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
export function withTableMethods(tables: Tables): Tables {
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
export function withMethods(message: Calls["message"]): Calls["message"] {
  return {
    send: (session, request) => message.send(session, request),
    markRead: (session, conversationId, sequence) => message.markRead(session, conversationId, sequence),
    hide: (session, conversationId, sequences) => message.hide(session, conversationId, sequences),
    edit: (session, request) => message.edit(session, request),
    recall: (session, request) => message.recall(session, request),
    edits: (session, request) => message.edits(session, request),
    search: (session, request) => message.search(session, request),
    react: (session, request) => message.react(session, request),
    reactions: (session, request) => message.reactions(session, request),
    pin: (session, request) => message.pin(session, request),
    pins: (session, request) => message.pins(session, request),
    readers: (session, request) => message.readers(session, request),
    readCounts: (session, request) => message.readCounts(session, request),
    createDirect: (session, userId) => message.createDirect(session, userId),
    createGroup: (session, group) => message.createGroup(session, group),
    changeMembers: (session, change) => message.changeMembers(session, change),
    groups: message.groups,
    cards: message.cards,
    history: (session, request) => message.history(session, request),
    messages: (session, request) => message.messages(session, request),
    mentions: (session, request) => message.mentions(session, request),
    typingAudience: (session, conversationId) => message.typingAudience(session, conversationId),
    digest: (session, span) => message.digest(session, span),
  };
}
