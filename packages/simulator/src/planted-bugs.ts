/**
 * Bugs to order: each breaks one promise of the server the way such servers break them. A run with one of them has to be
 * caught by the judges; a judge that stays silent is broken itself. They wrap the parts from outside, so no production
 * code knows of them.
 */
import type { Session } from "@parley/contracts";
import {
  MODULE_EVENT_FOR_ANOTHER_KIND,
  MODULE_EVENT_IS_GIVEN_TWICE,
  NEWEST_OF_A_KEY_IS_HIDDEN,
} from "./module-bugs.js";
import { CARD_ACTION_IS_FORGOTTEN, CARD_PART_FOR_ANOTHER, OLD_CARD_WINS } from "./card-bugs.js";
import { MemberRow, UserHeadRow, UserRecord } from "@parley/domain";
import { Event, Message, type UserId, decode, encode, plainText } from "@parley/protocol";
import type { Row } from "@parley/tables";
import {
  BACKUP_HOLDS_NOTHING,
  BACKUP_IS_NOT_SYNCED,
  BACKUP_MISSES_THE_TAIL,
  BACKUP_WITH_LATER_ROWS,
} from "./backups/backup-bugs.js";
import { FILE_IS_CACHED_BY_ITS_ID, FILE_PART_IS_NOT_KEPT } from "./media-bugs.js";
import { searchAsSomebodyElse, searchInWhatWasFound } from "./search-bugs.js";
import {
  type PlantedBug,
  appending,
  listing,
  pushing,
  searching,
  withMethods,
  withSync,
  withTableMethods,
} from "./planting.js";

import { isForgotten, withoutMine, withoutSpread, withStatesForAll } from "./state-bugs.js";
import { GIVEN_IS_TAKEN_TWICE, OLD_LEADER_GOES_ON } from "./tab-bugs.js";
import {
  LIST_IS_BEHIND_ITS_TOPIC,
  TOPIC_LOSES_AN_EVENT,
  TOPIC_TELLS_OF_BEFORE_JOINING,
} from "./topic-bugs.js";
import {
  CAMPAIGN_ENDS_WITH_ITS_PROCESS,
  LATER_REVIEW_ENDS_WITH_ITS_PROCESS,
  EVERYTHING_IS_FORGOTTEN,
  MUTE_IS_LOST,
  NOTIFICATION_ENDS_WITH_ITS_PROCESS,
} from "./work-bugs.js";

/** How often a bug that strikes now and then does so. */
const NOW_AND_THEN = 0.1;
const NO_EVENT = encode(Event, {});

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

  "file-part-is-not-kept": FILE_PART_IS_NOT_KEPT,
  "file-is-cached-by-its-id": FILE_IS_CACHED_BY_ITS_ID,

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

  /** As one that looks for what waits in memory only: what a process did not mark itself is not told by it. */
  "merged-reaction-is-forgotten-after-a-crash": appending((append, name) => {
    if (name !== "conversation") return append;
    const marked = new Set<string>();
    return (partition, payload, source, owner) =>
      isForgotten(payload, marked)
        ? append(partition, withoutSpread(payload), source, owner)
        : append(partition, payload, source, owner);
  }),

  /** The summary goes to whoever got the conversation's newest message, instead of to who sees the message. */
  "reaction-to-a-message-from-before-joining": appending((append, name) => {
    if (name !== "user") return append;
    // A record names users of its own partition only.
    const receivers = new Map<number, Map<string, Set<UserId>>>();
    return (partition, payload, source, owner) => {
      const known = receivers.get(partition) ?? new Map<string, Set<UserId>>();
      receivers.set(partition, known);
      return append(partition, withStatesForAll(payload, known), source, owner);
    };
  }),

  "own-reaction-is-not-on-pages": {
    calls: (calls) => ({
      ...calls,
      message: {
        ...withMethods(calls.message),
        async history(session, request) {
          const page = await calls.message.history(session, request);
          return { ...page, messages: page.messages.map(withoutMine) };
        },
      },
    }),
  },

  /** As a search that reads rows by itself: who may see a directed message is not asked. */
  "directed-shows-in-history": {
    tables: (tables) => ({
      ...withTableMethods(tables),
      range: async (query) =>
        (await tables.range(query)).map((row) => withoutAudience(query.table.name, row)),
    }),
  },

  /** A quote is looked up with the eyes of somebody else who was there. */
  "quote-shows-what-is-directed": {
    calls: (calls) => {
      const others = new Map<string, Session>();
      return {
        ...calls,
        message: {
          ...withMethods(calls.message),
          send(session, request) {
            others.set(request.conversationId, session);
            return calls.message.send(session, request);
          },
          messages(session, request) {
            return calls.message.messages(others.get(request.conversationId) ?? session, request);
          },
        },
      };
    },
  },

  "quote-copies-the-text": {
    calls: (calls) => ({
      ...calls,
      message: {
        ...withMethods(calls.message),
        async send(session, request) {
          const { conversationId, body } = request;
          if (body?.reply === undefined || body.text === undefined)
            return calls.message.send(session, request);
          const sequences = [body.reply.sequence];
          const { messages } = await calls.message.messages(session, { conversationId, sequences });
          const quoted = `${plainText(messages[0]?.body)}\n${body.text.text}`;
          return calls.message.send(session, { ...request, body: { ...body, text: { text: quoted } } });
        },
      },
    }),
  },

  "mention-mark-is-forgotten": listing(({ entries }) =>
    entries.map((entry) => ({ ...entry, unreadMentions: [] })),
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

  "mute-is-forgotten-at-a-replay": {
    tables: (tables) => ({
      ...withTableMethods(tables),
      // As rows of a version that did not write it yet: whoever is loaded from them may write again.
      range: async (query) => {
        const rows = await tables.range(query);
        if (query.table.name !== "conversation-member") return rows;
        return rows.map((row) => ({ ...row, value: withoutMute(row.value) }));
      },
    }),
  },

  "campaign-ends-with-its-process": CAMPAIGN_ENDS_WITH_ITS_PROCESS,
  "later-review-ends-with-its-process": LATER_REVIEW_ENDS_WITH_ITS_PROCESS,

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
  "everything-is-forgotten-at-a-restart": EVERYTHING_IS_FORGOTTEN,
  "mute-is-acknowledged-and-lost": MUTE_IS_LOST,
  "notification-ends-with-its-process": NOTIFICATION_ENDS_WITH_ITS_PROCESS,
  "topic-loses-an-event": TOPIC_LOSES_AN_EVENT,
  "topic-tells-of-before-joining": TOPIC_TELLS_OF_BEFORE_JOINING,
  "list-is-behind-its-topic": LIST_IS_BEHIND_ITS_TOPIC,
  "old-card-update-wins": OLD_CARD_WINS,
  "card-part-goes-to-another": CARD_PART_FOR_ANOTHER,
  "card-action-is-forgotten": CARD_ACTION_IS_FORGOTTEN,
  "module-event-is-given-twice": MODULE_EVENT_IS_GIVEN_TWICE,
  "newest-of-a-key-is-hidden": NEWEST_OF_A_KEY_IS_HIDDEN,
  "module-event-for-another-kind": MODULE_EVENT_FOR_ANOTHER_KIND,
  "old-leader-goes-on-writing": OLD_LEADER_GOES_ON,
  "given-message-is-taken-twice": GIVEN_IS_TAKEN_TWICE,
  "search-as-somebody-else": searching(searchAsSomebodyElse),
  "search-finds-what-was-recalled": searching(searchInWhatWasFound),
  "backup-misses-the-tail": BACKUP_MISSES_THE_TAIL,
  "backup-with-later-rows": BACKUP_WITH_LATER_ROWS,
  "backup-is-not-synced": BACKUP_IS_NOT_SYNCED,
  "backup-does-not-hold-the-cold": BACKUP_HOLDS_NOTHING,
} as const satisfies Readonly<Record<string, PlantedBug>>;

export type PlantedBugName = keyof typeof PLANTED_BUGS;

/** A record of the user log in which every trim is an event of an unknown kind. */
function withoutTrims(payload: Uint8Array): Uint8Array {
  const record = decode(UserRecord, payload);
  const spreads = record.spreads.map((spread) =>
    decode(Event, spread.event).trimmed === undefined ? spread : { ...spread, event: NO_EVENT },
  );
  return encode(UserRecord, { ...record, spreads });
}

function withoutAudience(table: string, row: Row): Row {
  if (table !== "conversation-message") return row;
  return { ...row, value: encode(Message, { ...decode(Message, row.value), audience: [] }) };
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

function withoutMute(value: Uint8Array): Uint8Array {
  return encode(MemberRow, { ...decode(MemberRow, value), mutedUntilMs: 0 });
}
