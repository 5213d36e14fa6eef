/** The state that the conversation machine folds records into: the content of its rows, kept in memory. */
import type { Card, CardAction, Message, ModuleEvent, UserId } from "@parley/protocol";
import type { ConversationRecord } from "./conversation-record.js";
import type {
  CardRow,
  ConversationKey,
  HeadRow,
  MemberRow,
  ReactionRow,
  ReactionSumRow,
  SendRow,
} from "./conversation-rows.js";
import type { JoinRequestRow } from "./group-rows.js";
import type { GivenModuleEvents } from "./module-repeats.js";

/** The recent sends of one device to one conversation, by number. */
export interface SenderState {
  lastNumber: number;
  /** Index is number mod SENDS_IN_FLIGHT_MAX. */
  readonly recent: (SendRow | undefined)[];
}

export interface ConversationState {
  readonly key: ConversationKey;
  /** Undefined: the conversation does not exist. */
  head: HeadRow | undefined;
  /** Everybody who is a member now. */
  readonly members: Map<UserId, MemberRow>;
  /** Senders by `senderKey`; loaded before a send of theirs is applied. */
  readonly senders: Map<string, SenderState>;
  /** The messages that a record is about, by sequence; loaded before it is applied (see `neededBy`), and only for it. */
  readonly targets: Map<number, Message>;
  /** Their reactions, as far as the record needs them. */
  readonly sums: Map<number, ReactionSumRow>;
  /** What the one who reacts gave before. */
  reactor: ReactionRow | undefined;
  readonly card: LoadedCard;
  /** When the event of a module that a record publishes was published before. */
  readonly given: GivenModuleEvents;
  /** Who asks to join: JOIN_REQUESTS_MAX at most. */
  readonly requests: Map<UserId, JoinRequestRow>;
}

/** Of cards what a record needs. */
export interface LoadedCard {
  /** By sequence. */
  readonly rows: Map<number, CardRow>;
  /** The private part that the record is about. */
  part: Card | undefined;
  /** The last action of who acts. */
  action: CardAction | undefined;
}

export function emptyConversation(key: ConversationKey): ConversationState {
  return {
    key,
    head: undefined,
    members: new Map(),
    senders: new Map(),
    targets: new Map(),
    sums: new Map(),
    reactor: undefined,
    card: { rows: new Map(), part: undefined, action: undefined },
    given: new Map(),
    requests: new Map(),
  };
}

/** Rows that have to be loaded before a record is applied, besides the state itself. */
export interface NeededRows {
  /** Messages. */
  readonly targets: readonly number[];
  /** Messages of which the reactions are needed. */
  readonly sums: readonly number[];
  /** Who reacts, to the message in `sums`. */
  readonly reactorId: UserId | undefined;
  readonly cards?: NeededCards;
  /** The event of a module of which it has to be known whether it was published before. */
  readonly module?: Pick<ModuleEvent, "module" | "id">;
}

export interface NeededCards {
  readonly sequences: readonly number[];
  /** Whose private part of the first one. */
  readonly partOf?: UserId;
  /** Whose last action on the first one. */
  readonly actionOf?: UserId;
}

/** What `record` needs, or undefined when it needs nothing. */
export function neededBy(state: ConversationState, record: ConversationRecord): NeededRows | undefined {
  const { react, spread, cardUpdate, cardAction } = record;
  if (react !== undefined)
    return { targets: [react.sequence], sums: [react.sequence], reactorId: react.actorId };
  if (spread !== undefined) {
    const sums = state.head?.reacting?.unspread ?? [];
    const sequences = state.head?.carding?.unspread ?? [];
    const targets = sequences.length === 0 ? sums : [...new Set([...sums, ...sequences])];
    return { targets, sums, reactorId: undefined, cards: { sequences } };
  }
  if (record.module !== undefined)
    return { targets: [], sums: [], reactorId: undefined, module: record.module };
  const card = cardUpdate ?? cardAction;
  if (card !== undefined) {
    const { sequence } = card;
    const whose = cardUpdate === undefined ? { actionOf: card.userId } : { partOf: card.userId };
    const cards = { sequences: [sequence], ...whose };
    return { targets: [sequence], sums: [], reactorId: undefined, cards };
  }
  const target = record.edit ?? record.recall ?? record.pin;
  return target === undefined ? undefined : { targets: [target.sequence], sums: [], reactorId: undefined };
}

/** What was loaded for a record is of no use for the next one. */
export function forgetNeeded(state: ConversationState): void {
  // Clearing an empty map makes a new one all the same, and this is done for every record.
  if (state.targets.size > 0) state.targets.clear();
  if (state.sums.size > 0) state.sums.clear();
  state.reactor = undefined;
  if (state.card.rows.size > 0) state.card.rows.clear();
  if (state.given.size > 0) state.given.clear();
  state.card.part = undefined;
  state.card.action = undefined;
}

/** The sender of a send within its conversation. */
export function senderKey(userId: string, deviceId: string): string {
  return `${userId}/${deviceId}`;
}
