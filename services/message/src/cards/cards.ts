/** Cards: updates and actions are asked for here and decided by the conversation machine; and the list of who did what. */
import type {
  CardActionPage,
  CardActionRequest,
  CardActionsRequest,
  CardCalls,
  CardUpdateRequest,
  Session,
} from "@parley/contracts";
import {
  type UserId,
  Body,
  CardAction,
  directoryLimit,
  countFitting,
  decode,
  filled,
  parseClientMessageId,
} from "@parley/protocol";
import { CONVERSATION_CARD_ACTION, conversationPartition } from "../conversation-tables.js";
import { checkCard, checkCardAction } from "../kinds/card.js";
import type { MessageStatesOptions } from "../message-states.js";
import { badRequest, refusal, requireDone } from "../refusal.js";
import { requireMessage } from "../require-message.js";
import type { ReviewGate } from "../review/review-gate.js";
import { SendOrder } from "../send-order.js";

export interface CardsOptions extends MessageStatesOptions {
  readonly review: ReviewGate | undefined;
}

export class Cards implements CardCalls {
  readonly #options: CardsOptions;
  readonly #order = new SendOrder();

  constructor(options: CardsOptions) {
    this.#options = options;
  }

  async update(session: Session, request: CardUpdateRequest): Promise<void> {
    const { conversationId, sequence, userId, revision, content } = request;
    if (revision < 1) throw badRequest("An update of a card has a revision from 1 on.");
    if (content === "" && userId === "") throw badRequest("A card has a content.");
    if (content !== "") checkCard({ content });
    const name = [session.tenantId, conversationId, sequence, "of", userId].join("/");
    await this.#order.run(
      name,
      // A store of old messages that cannot be read now refuses here, and not in the midst of the log.
      async () => {
        await requireMessage(this.#options.history, session, request);
        return content === "" ? content : this.#reviewed(session, request);
      },
      (said) => this.#update(session, { ...request, content: said }),
    );
  }

  async act(session: Session, request: CardActionRequest): Promise<void> {
    const { conversationId, sequence, actionId, verb, data, revision } = request;
    parseClientMessageId(actionId);
    checkCardAction(request);
    const { userId, tenantId } = session;
    const name = [tenantId, conversationId, sequence, "by", userId].join("/");
    const verdict = await this.#order.run(
      name,
      () => requireMessage(this.#options.history, session, request),
      () => {
        const cardAction = { userId, sequence, actionId, verb, data, revision };
        return this.#options.submit(session, conversationId, { cardAction });
      },
    );
    requireDone(verdict);
  }

  /** Errors: "bad-request", "not-a-member", "message-unknown", "message-recalled", "not-allowed". */
  async actions(session: Session, request: CardActionsRequest): Promise<CardActionPage> {
    const { sequence, after } = request;
    const limit = directoryLimit(request.limit);
    const { view, message } = await requireMessage(this.#options.history, session, request);
    if (message.recall !== undefined) throw refusal({ kind: "refused", code: "message-recalled" });
    const isOwn = message.senderId === session.userId && message.body?.card !== undefined;
    if (!isOwn) throw refusal({ kind: "refused", code: "not-allowed" });
    const rows = await this.#options.tables.range({
      table: CONVERSATION_CARD_ACTION,
      partition: conversationPartition(view.key),
      from: after === "" ? [sequence] : [sequence, `${after}\u0000`],
      before: [sequence + 1],
      limit,
    });
    const fitting = rows.slice(0, countFitting(rows.map(({ value }) => value.length)));
    const isLast = fitting.length === rows.length && rows.length < limit;
    const last = fitting.at(-1)?.sort[1] as UserId | undefined;
    return {
      items: fitting.map(({ value }) => decode(CardAction, value)),
      next: isLast ? "" : (last ?? ""),
    };
  }

  async #update(session: Session, request: CardUpdateRequest): Promise<void> {
    const { conversationId, sequence, content, revision } = request;
    const { submit, windowMs } = this.#options;
    const verdict = await submit(session, conversationId, {
      cardUpdate: {
        actorId: session.userId,
        sequence,
        userId: request.userId as UserId,
        content,
        revision,
        windowMs: windowMs(session, conversationId),
      },
    });
    requireDone(verdict);
  }

  /** What the review lets pass. Errors: "content-refused", "unavailable". */
  async #reviewed(
    { tenantId, userId: senderId }: Session,
    { conversationId, content, revision }: CardUpdateRequest,
  ): Promise<string> {
    const { review } = this.#options;
    if (review === undefined) return content;
    const body = filled(Body, { card: { content, revision } });
    const passage = await review.pass({ tenantId, conversationId, senderId, body });
    if (passage.failure !== undefined) throw passage.failure;
    if (passage.body.card === undefined) throw badRequest("The review of contents made it no card.");
    return passage.body.card.content;
  }
}
