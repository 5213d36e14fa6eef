/** Private parts of cards and what was done with cards, as the machine makes them of the logs. */
import type { CardRow, ConversationChanges, ConversationState, NeededCards } from "@parley/domain";
import type { Card, CardAction, ConversationId, UserId } from "@parley/protocol";
import type { CardPlace } from "./card-notes.js";

interface Rows {
  readonly cards: Map<number, CardRow>;
  /** By sequence and user. */
  readonly parts: Map<string, Card>;
  /** By sequence and user, in their order; the last one is what is kept. */
  readonly actions: Map<string, CardAction[]>;
}

export class CardTruth {
  readonly #rows = new Map<ConversationId, Rows>();

  load({ key, card }: ConversationState, { sequences, partOf, actionOf }: NeededCards): void {
    const { cards, parts, actions } = this.#rowsOf(key.conversationId);
    for (const sequence of sequences) {
      const row = cards.get(sequence);
      if (row !== undefined) card.rows.set(sequence, row);
    }
    const [sequence] = sequences;
    card.part = parts.get(`${sequence}/${partOf}`);
    card.action = actions.get(`${sequence}/${actionOf}`)?.at(-1);
  }

  take(conversationId: ConversationId, changes: ConversationChanges): void {
    const { cards, parts, actions } = this.#rowsOf(conversationId);
    for (const { sequence, row } of changes.cards) cards.set(sequence, row);
    for (const { sequence, userId, row } of changes.cardParts) parts.set(`${sequence}/${userId}`, row);
    for (const { sequence, row } of changes.cardActions) {
      const name = `${sequence}/${row.userId}`;
      actions.set(name, [...(actions.get(name) ?? []), row]);
    }
  }

  partOf({ conversationId, sequence }: CardPlace, userId: UserId): Card | undefined {
    return this.#rowsOf(conversationId).parts.get(`${sequence}/${userId}`);
  }

  /** Of everybody the last one, by user id. */
  lastActions({ conversationId, sequence }: CardPlace): readonly CardAction[] {
    const last = [...this.#rowsOf(conversationId).actions].flatMap(([name, actions]) =>
      name.startsWith(`${sequence}/`) ? actions.slice(-1) : [],
    );
    return last.toSorted((one, other) => (one.userId < other.userId ? -1 : 1));
  }

  /** One that was ever done, with this number when it is given. */
  findAction(
    { conversationId, sequence, userId, actionId }: CardPlace & Pick<CardAction, "userId" | "actionId">,
    number?: number,
  ): CardAction | undefined {
    return this.#rowsOf(conversationId)
      .actions.get(`${sequence}/${userId}`)
      ?.find((action) => action.actionId === actionId && (number ?? action.number) === action.number);
  }

  #rowsOf(conversationId: ConversationId): Rows {
    let rows = this.#rows.get(conversationId);
    if (rows === undefined) {
      rows = { cards: new Map(), parts: new Map(), actions: new Map() };
      this.#rows.set(conversationId, rows);
    }
    return rows;
  }
}
