/** Who sees that somebody types. Nothing is written, and nothing kept. */
import type { Session } from "@parley/contracts";
import { may } from "@parley/domain";
import type { Clock } from "@parley/base";
import { type ConversationId, type UserId, TYPING_MEMBERS_MAX } from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import { CONVERSATION_MEMBER, conversationPartition } from "./conversation-tables.js";
import type { HistoryReader } from "./history.js";

export interface TypingOptions {
  readonly tables: Pick<WriteBackTables, "range">;
  readonly history: Pick<HistoryReader, "authorize">;
  readonly clock: Clock;
}

export class Typing {
  readonly #options: TypingOptions;

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  /** Errors: "not-a-member". */
  async audience(session: Session, conversationId: ConversationId): Promise<readonly UserId[]> {
    const { tables, history, clock } = this.#options;
    const { key, head, member } = await history.authorize(session, conversationId);
    if (head.memberCount > TYPING_MEMBERS_MAX || !may("post", head, member, clock.nowMs())) return [];
    const rows = await tables.range({
      table: CONVERSATION_MEMBER,
      partition: conversationPartition(key),
      limit: TYPING_MEMBERS_MAX,
    });
    const userIds = rows.map((row) => row.sort[0] as UserId);
    return userIds.filter((userId) => userId !== session.userId);
  }
}
