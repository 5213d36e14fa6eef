/** Reactions and pins: asked for here, decided by the conversation machine; and the lists of them. */
import type {
  PinPage,
  PinRequest,
  PinsRequest,
  ReactionPage,
  ReactionsRequest,
  ReactRequest,
  Session,
} from "@parley/contracts";
import { type ConversationChange, PinRow, ReactionRow, type Verdict } from "@parley/domain";
import {
  type ConversationId,
  type Pin,
  type UserId,
  type UserReactions,
  directoryLimit,
  PAGE_BYTES_MAX,
  REACTION_KEY_BYTES_MAX,
  Message as MessageSchema,
  decode,
  encode,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { CONVERSATION_PIN, CONVERSATION_REACTION, conversationPartition } from "./conversation-tables.js";
import type { HistoryReader } from "./history.js";
import { badRequest, refusal, requireDone } from "./refusal.js";
import { requireMessage } from "./require-message.js";

/** Rows of reactions that are read for one page. */
const REACTION_ROWS_MAX = 2_000;

export interface MessageStatesOptions {
  readonly tables: WriteBackTables;
  readonly history: HistoryReader;
  /** How long a reaction may wait now to be told with others. */
  readonly windowMs: (session: Session, conversationId: ConversationId) => number;
  readonly submit: (
    session: Session,
    conversationId: ConversationId,
    change: ConversationChange,
  ) => Promise<Verdict>;
}

export class MessageStates {
  readonly #options: MessageStatesOptions;

  constructor(options: MessageStatesOptions) {
    this.#options = options;
  }

  async react(session: Session, { conversationId, sequence, key, isRemoval }: ReactRequest): Promise<void> {
    if (key.trim() === "" || Buffer.byteLength(key) > REACTION_KEY_BYTES_MAX)
      throw badRequest(`A reaction has 1 to ${REACTION_KEY_BYTES_MAX} bytes.`);
    // A store of old messages that cannot be read now refuses here, and not in the midst of the log.
    await requireMessage(this.#options.history, session, { conversationId, sequence });
    const { submit, windowMs } = this.#options;
    const react = { actorId: session.userId, sequence, key, isRemoval };
    const verdict = await submit(session, conversationId, {
      react: { ...react, windowMs: windowMs(session, conversationId) },
    });
    requireDone(verdict);
  }

  async pin(session: Session, { conversationId, sequence, isRemoval }: PinRequest): Promise<void> {
    await requireMessage(this.#options.history, session, { conversationId, sequence });
    const verdict = await this.#options.submit(session, conversationId, {
      pin: { actorId: session.userId, sequence, isRemoval },
    });
    requireDone(verdict);
  }

  /** Errors: "not-a-member", "message-unknown" (also what this user has hidden), "message-recalled". */
  async reactions(session: Session, request: ReactionsRequest): Promise<ReactionPage> {
    const { conversationId, sequence, key, after } = request;
    const limit = directoryLimit(request.limit);
    const { view, message } = await requireMessage(this.#options.history, session, {
      conversationId,
      sequence,
    });
    if (message.recall !== undefined) throw refusal({ kind: "refused", code: "message-recalled" });
    if (view.head.reacting === undefined) return { items: [], next: "" };
    const rows = await this.#options.tables.range({
      table: CONVERSATION_REACTION,
      partition: conversationPartition(view.key),
      from: after === "" ? [sequence] : [sequence, `${after}\u0000`],
      before: [sequence + 1],
      limit: REACTION_ROWS_MAX,
    });
    const items: UserReactions[] = [];
    for (const { sort, value } of rows) {
      const userId = sort[1] as UserId;
      const { keys } = decode(ReactionRow, value);
      const given = key === "" ? keys : keys.filter((one) => one === key);
      if (given.length > 0) items.push({ userId, keys: given });
      if (items.length === limit) return { items, next: userId };
    }
    const last = rows.at(-1)?.sort[1] as UserId | undefined;
    return { items, next: rows.length === REACTION_ROWS_MAX && last !== undefined ? last : "" };
  }

  /** Errors: "not-a-member". */
  async pins(session: Session, { conversationId, before }: PinsRequest): Promise<PinPage> {
    const { tables, history } = this.#options;
    const view = await history.authorize(session, conversationId);
    const { pinning } = view.head;
    if (pinning === undefined) return { pins: [], revision: 0, next: 0 };
    const wanted = pinning.sequences.filter((sequence) => before === 0 || sequence < before);
    const messages = await history.messagesOf(session, view, wanted.toReversed());
    const partition = conversationPartition(view.key);
    const values = await tables.findMany(
      CONVERSATION_PIN,
      messages.map(({ sequence }) => ({ partition, sort: [sequence] })),
    );
    const pins: Pin[] = [];
    let bytes = 0;
    for (const [index, message] of messages.entries()) {
      const value = values[index];
      // Unpinned since the head was read.
      if (value === undefined) continue;
      bytes += encode(MessageSchema, message).length;
      const last = pins.at(-1)?.message;
      if (bytes > PAGE_BYTES_MAX && last !== undefined)
        return { pins, revision: pinning.revision, next: last.sequence };
      const { actorId, timeMs } = decode(PinRow, value);
      pins.push({ actorId, timeMs, message });
    }
    return { pins, revision: pinning.revision, next: 0 };
  }
}
