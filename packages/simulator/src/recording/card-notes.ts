/** What applications and people asked for with cards, and what they were answered and told: whatever became of their devices. */
import type { CardActed } from "@parley/client";
import type { ConversationId, UserId } from "@parley/protocol";

export interface CardPlace {
  readonly conversationId: ConversationId;
  readonly sequence: number;
}

/** `userId` "": the part that all see. */
export interface AskedUpdate extends CardPlace {
  readonly userId: UserId | "";
  readonly content: string;
  readonly revision: number;
  /** It was answered that it is done. */
  isDone: boolean;
}

export interface AskedAction extends CardPlace {
  readonly userId: UserId;
  readonly actionId: string;
  isDone: boolean;
}

export interface ToldAction extends CardActed {
  /** Who was told. */
  readonly toldId: UserId;
}

export class CardNotes {
  readonly updates: AskedUpdate[] = [];
  readonly actions: AskedAction[] = [];
  readonly told: ToldAction[] = [];

  /** Returns what notes that it is done. */
  asked(update: Omit<AskedUpdate, "isDone">): () => void {
    const noted = { ...update, isDone: false };
    this.updates.push(noted);
    return () => {
      noted.isDone = true;
    };
  }

  /** Returns what notes that it is done. */
  acted(action: Omit<AskedAction, "isDone">): () => void {
    const noted = { ...action, isDone: false };
    this.actions.push(noted);
    return () => {
      noted.isDone = true;
    };
  }

  lastActionId(userId: UserId): string | undefined {
    return this.actions.findLast((action) => action.userId === userId)?.actionId;
  }
}
