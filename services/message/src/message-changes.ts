/** Edits and recalls: asked for here, decided by the conversation machine; and what messages said before their edits. */
import type { EditPage, EditRequest, EditsRequest, MessageRequest, Session } from "@parley/contracts";
import type { ConversationChange, Verdict } from "@parley/domain";
import { type ConversationId, Edit, EDITS_MAX, countFitting, decode } from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { checkedBody } from "./checked-body.js";
import { CONVERSATION_EDIT, CONVERSATION_MESSAGE, conversationPartition } from "./conversation-tables.js";
import type { HistoryReader } from "./history.js";
import { badRequest, refusal, requireDone } from "./refusal.js";
import type { ReviewGate } from "./review/review-gate.js";
import { SendOrder } from "./send-order.js";

export interface MessageChangesOptions {
  readonly tables: WriteBackTables;
  readonly history: HistoryReader;
  /** How long its sender may change a message. 0: for ever. */
  readonly editMs: number;
  readonly review: ReviewGate | undefined;
  readonly recallMs: number;
  /** Refuses who is surely not a member, so that it costs no record. Errors: "not-a-member". */
  readonly refuseStranger: (session: Session, conversationId: ConversationId) => void;
  readonly submit: (
    session: Session,
    conversationId: ConversationId,
    change: ConversationChange,
  ) => Promise<Verdict>;
}

export class MessageChanges {
  readonly #options: MessageChangesOptions;
  readonly #order = new SendOrder();

  constructor(options: MessageChangesOptions) {
    this.#options = options;
  }

  async edit(session: Session, { conversationId, sequence, body }: EditRequest): Promise<void> {
    const checked = checkedBody(body);
    // Nothing is awaited before the append: the order of calls is the order in the log.
    this.#check(session, conversationId, sequence);
    const { review } = this.#options;
    if (review === undefined) return this.#edit(session, { conversationId, sequence, body: checked });
    const { tenantId, userId: senderId } = session;
    const passage = review.pass({ tenantId, conversationId, senderId, body: checked });
    const name = [tenantId, conversationId, senderId, sequence].join("/");
    const isNow = !(passage instanceof Promise) && !this.#order.isWaiting(name);
    const passed = isNow
      ? passage
      : await this.#order.run(
          name,
          async () => passage,
          async (one) => one,
        );
    if (passed.failure !== undefined) throw passed.failure;
    return this.#edit(session, { conversationId, sequence, body: passed.body });
  }

  async #edit(session: Session, { conversationId, sequence, body }: EditRequest): Promise<void> {
    const { submit, editMs } = this.#options;
    const edit = { actorId: session.userId, sequence, body, limitMs: editMs };
    const verdict = await submit(session, conversationId, { edit });
    requireDone(verdict);
  }

  async recall(session: Session, { conversationId, sequence }: MessageRequest): Promise<void> {
    this.#check(session, conversationId, sequence);
    const { submit, recallMs, tables, history } = this.#options;
    // A store of old messages that cannot be read now refuses here, and not in the midst of the log.
    const { key } = await history.authorize(session, conversationId);
    const value = await tables.find(CONVERSATION_MESSAGE, conversationPartition(key), [sequence]);
    if (value === undefined) throw unknown();
    const verdict = await submit(session, conversationId, {
      recall: { actorId: session.userId, sequence, limitMs: recallMs, isReview: false },
    });
    requireDone(verdict);
  }

  /**
   * What a message said before its edits, from a revision on. Errors: "not-a-member", "message-unknown" (also what this user
   * has hidden), "message-recalled".
   */
  async edits(session: Session, { conversationId, sequence, from }: EditsRequest): Promise<EditPage> {
    const { tables, history } = this.#options;
    const { key, firstVisible } = await history.authorize(session, conversationId);
    if (sequence < Math.max(1, firstVisible)) throw unknown();
    const partition = conversationPartition(key);
    const rows = await tables.range({
      table: CONVERSATION_EDIT,
      partition,
      from: [sequence, from],
      before: [sequence + 1],
      limit: EDITS_MAX,
    });
    // After the edits: what was recalled in between is refused, and not answered as if it had never been edited.
    const [message] = await history.messagesAt(session, conversationId, [sequence]);
    if (message === undefined) throw unknown();
    if (message.recall !== undefined) throw refusal({ kind: "refused", code: "message-recalled" });
    const fitting = rows.slice(0, countFitting(rows.map((row) => row.value.length)));
    const next = rows[fitting.length]?.sort[1] as number | undefined;
    return { items: fitting.map((row) => decode(Edit, row.value)), next: next ?? 0 };
  }

  #check(session: Session, conversationId: ConversationId, sequence: number): void {
    if (sequence < 1) throw badRequest("A message is named by its sequence, from 1 on.");
    this.#options.refuseStranger(session, conversationId);
  }
}

function unknown(): Error {
  return refusal({ kind: "refused", code: "message-unknown" });
}
