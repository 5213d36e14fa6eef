/**
 * "Mentions of me". Everywhere: the places that the user's partition knows, merged by time with the index of each large group, where
 * nothing is written for each member. The places only say where to look: each message is read through the visible path and must
 * mention the user now.
 */
import type { MentionPlace, MentionsAnswer, MentionsRequest, Session, SyncCalls } from "@parley/contracts";
import { failureCode } from "@parley/base";
import {
  type ConversationId,
  type Message,
  MENTION_PAGE_MAX,
  Message as MessageSchema,
  countFitting,
  encode,
  parseConversationId,
} from "@parley/protocol";
import { type HistoryReader, type MentionPage, isMentionOf } from "./history.js";
import { badRequest } from "./refusal.js";

/** Conversations that one page reads at a time. */
const READS_AT_A_TIME = 16;

/** A place, with its message where that was read already. */
interface Candidate extends MentionPlace {
  readonly message?: Message;
}

export class Mentions {
  readonly #history: HistoryReader;
  readonly #sync: Pick<SyncCalls, "mentionPlaces">;

  constructor(history: HistoryReader, sync: Pick<SyncCalls, "mentionPlaces">) {
    this.#history = history;
    this.#sync = sync;
  }

  /** Errors: "bad-request" for a cursor that is none; of one conversation also "not-a-member", "index-not-ready". */
  async list(session: Session, request: MentionsRequest): Promise<MentionsAnswer> {
    const limit = Math.min(Math.max(1, request.limit || MENTION_PAGE_MAX), MENTION_PAGE_MAX);
    if (request.conversationId === "") return this.#everywhere(session, placeOf(request.cursor), limit);
    const { conversationId, cursor } = request;
    const page = await this.#history.mentions(session, { conversationId, before: numberOf(cursor), limit });
    return { messages: page.messages, next: page.before === 0 ? "" : String(page.before) };
  }

  async #everywhere(
    session: Session,
    before: MentionPlace | undefined,
    limit: number,
  ): Promise<MentionsAnswer> {
    const { places, shared } = await this.#sync.mentionPlaces(session, { before, limit });
    const groups = await mapSome(shared, (conversationId) =>
      this.#ofGroup(session, conversationId, { before, limit }),
    );
    const merged = new Map<string, Candidate>();
    for (const each of [...places, ...groups.flatMap((group) => group.found)])
      merged.set(`${each.conversationId}/${each.sequence}`, each);
    // Beyond the end of what a source told there may be more of it: nothing older is shown on this page.
    const floors = groups.flatMap(({ floor }) => (floor === undefined ? [] : [floor]));
    if (places.length === limit) floors.push(places.at(-1)!);
    const floor = floors.toSorted(newestFirst)[0];
    const sorted = [...merged.values()].toSorted(newestFirst);
    const certain = sorted.filter((each) => floor === undefined || newestFirst(each, floor) <= 0);
    const page = certain.slice(0, limit);
    const isCut = page.length < certain.length || floor !== undefined;
    return this.#read(session, page, isCut ? (page.at(-1) ?? floor) : undefined);
  }

  /** The mentions of a large group from a place on, and the last place up to which they are all of them. */
  async #ofGroup(
    session: Session,
    conversationId: ConversationId,
    { before, limit }: { readonly before: MentionPlace | undefined; readonly limit: number },
  ): Promise<{ readonly found: readonly Candidate[]; readonly floor: MentionPlace | undefined }> {
    const page = await orNobody(this.#pageOfGroup(session, conversationId, before, limit));
    if (page === undefined) return { found: [], floor: undefined };
    const found = page.messages.map((message) => ({ ...placeOfMessage(message), message }));
    const floor = { timeMs: page.beforeMs, conversationId, sequence: page.before };
    return { found, floor: page.before === 0 ? undefined : floor };
  }

  /** What of a group comes after a place in the order of all: in its own conversation by sequence, elsewhere by time and id. */
  #pageOfGroup(
    session: Session,
    conversationId: ConversationId,
    before: MentionPlace | undefined,
    limit: number,
  ): Promise<MentionPage> {
    const isHere = before?.conversationId === conversationId;
    if (before === undefined || isHere)
      return this.#history.mentions(session, { conversationId, before: before?.sequence ?? 0, limit });
    const timeMs = conversationId < before.conversationId ? before.timeMs : before.timeMs - 1;
    return this.#history.mentionsUntil(session, conversationId, { timeMs, limit });
  }

  async #read(
    session: Session,
    page: readonly Candidate[],
    last: MentionPlace | undefined,
  ): Promise<MentionsAnswer> {
    const unread = new Map<ConversationId, number[]>();
    for (const { conversationId, sequence, message } of page) {
      if (message !== undefined) continue;
      unread.set(conversationId, [...(unread.get(conversationId) ?? []), sequence]);
    }
    const read = await mapSome([...unread], ([conversationId, sequences]) =>
      orNobody(this.#history.messagesAt(session, conversationId, sequences)),
    );
    const byPlace = new Map<string, Message>();
    for (const message of read.flatMap((messages) => messages ?? []))
      byPlace.set(`${message.conversationId}/${message.sequence}`, message);
    const messages = page
      .map((each) => each.message ?? byPlace.get(`${each.conversationId}/${each.sequence}`))
      .filter((message) => message !== undefined)
      .filter(isMentionOf(session));
    const fitting = messages.slice(
      0,
      countFitting(messages.map((each) => encode(MessageSchema, each).length)),
    );
    const end = fitting.length < messages.length ? placeOfMessage(fitting.at(-1)!) : last;
    return { messages: fitting, next: end === undefined ? "" : cursorOf(end) };
  }
}

function placeOfMessage({ timeMs, conversationId, sequence }: Message): MentionPlace {
  return { timeMs, conversationId, sequence };
}

/** The order of all mentions of a user: by time, then by the rest so that no two are equal. */
function newestFirst(one: MentionPlace, other: MentionPlace): number {
  if (one.timeMs !== other.timeMs) return other.timeMs - one.timeMs;
  if (one.conversationId !== other.conversationId) return one.conversationId < other.conversationId ? 1 : -1;
  return other.sequence - one.sequence;
}

function cursorOf({ timeMs, sequence, conversationId }: MentionPlace): string {
  return `${timeMs}/${sequence}/${conversationId}`;
}

function placeOf(cursor: string): MentionPlace | undefined {
  if (cursor === "") return undefined;
  const [timeMs = "", sequence = "", conversationId = "", ...rest] = cursor.split("/");
  if (rest.length > 0 || timeMs === "" || sequence === "") throw notOurs();
  return {
    timeMs: numberOf(timeMs),
    sequence: numberOf(sequence),
    conversationId: parseConversationId(conversationId),
  };
}

function numberOf(text: string): number {
  if (text === "") return 0;
  if (!/^\d{1,15}$/.test(text)) throw notOurs();
  return Number(text);
}

function notOurs(): Error {
  return badRequest("The cursor is not one of these pages.");
}

/** Undefined for a conversation that the user has left: nothing is seen there. */
async function orNobody<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (failureCode(error) === "not-a-member") return undefined;
    throw error;
  }
}

async function mapSome<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += READS_AT_A_TIME)
    results.push(...(await Promise.all(items.slice(start, start + READS_AT_A_TIME).map(map))));
  return results;
}
