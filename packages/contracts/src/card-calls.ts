import type { CardAction, UserId } from "@parley/protocol";
import type { MessageRequest } from "./message-calls.js";
import type { Session } from "./session.js";

/** `userId` "": the part that all see; with one an empty content takes that user's part away. */
export interface CardUpdateRequest extends MessageRequest {
  readonly userId: UserId | "";
  readonly content: string;
  readonly revision: number;
}

export interface CardActionRequest extends MessageRequest {
  readonly actionId: string;
  readonly verb: string;
  readonly data: string;
  readonly revision: number;
}

/** `after` is exclusive, "" from the beginning. */
export interface CardActionsRequest extends MessageRequest {
  readonly after: string;
  readonly limit: number;
}

export interface CardActionPage {
  readonly items: readonly CardAction[];
  /** Empty on the last page. */
  readonly next: UserId | "";
}

/** What applications do with cards of theirs, and people with those of others. */
export interface CardCalls {
  /** Replaces a part of a card; durable and visible to reads when it resolves. */
  update(session: Session, request: CardUpdateRequest): Promise<void>;
  /** Does something with a card; durable when it resolves. */
  act(session: Session, request: CardActionRequest): Promise<void>;
  /** The last action of everybody on a card of one's own, by user id. */
  actions(session: Session, request: CardActionsRequest): Promise<CardActionPage>;
}
