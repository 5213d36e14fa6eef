import type { AccountCalls, HiddenSpan, Session } from "@parley/contracts";
import { type ConversationEntry, LIST_PAGE_MAX, type UserId, directConversationId } from "@parley/protocol";
import type { SharedGroups } from "../shared-groups.js";

export interface SystemListsOptions {
  readonly accounts: Pick<AccountCalls, "findUsers" | "listUsers">;
  readonly groups: Pick<SharedGroups, "entryOf">;
}

interface Page {
  readonly entries: readonly ConversationEntry[];
  readonly next: string;
}

/**
 * The conversation list of a system account. Nothing is kept for it as for people: one list with everybody in it would be the
 * hottest partition of all. Its conversations are those with each user, and their state is read from them.
 */
export class SystemLists {
  readonly #options: SystemListsOptions;

  constructor(options: SystemListsOptions) {
    this.#options = options;
  }

  /**
   * One page, by the id of the other user, which is the cursor; a page may be short or empty although there is another.
   * Undefined for people. Cost: for a system account a page of users, and three reads for each conversation.
   */
  async list(
    session: Session,
    page: { readonly cursor: string; readonly limit: number },
    hiddenIn: (span: HiddenSpan) => Promise<readonly number[]>,
  ): Promise<Page | undefined> {
    const { accounts, groups } = this.#options;
    const { tenantId, userId } = session;
    const [self] = await accounts.findUsers(tenantId, [userId]);
    if (self?.isSystem !== true) return undefined;
    const limit = Math.min(Math.max(1, page.limit || LIST_PAGE_MAX), LIST_PAGE_MAX);
    const { users, next } = await accounts.listUsers(tenantId, { prefix: "", after: page.cursor, limit });
    const entryOf = (other: UserId): Promise<ConversationEntry | undefined> =>
      groups.entryOf(session, directConversationId(userId, other), hiddenIn);
    const others = users.filter((user) => user.userId !== userId);
    const entries = await Promise.all(others.map((user) => entryOf(user.userId)));
    return { entries: entries.filter((entry) => entry !== undefined), next };
  }
}
