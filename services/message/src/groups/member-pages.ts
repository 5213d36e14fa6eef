/** The members of a group, page by page, and what changed of them since a device last asked. */
import type { MembersPage, MembersRequest, PeopleAmong, Session } from "@parley/contracts";
import { type ConversationKey, MemberChangeRow, MemberRow, groupOf, memberOf } from "@parley/domain";
import {
  type ConversationId,
  type Member,
  type UserId,
  directoryLimit,
  MEMBERS_PER_REQUEST_MAX,
  Member as MemberSchema,
  PAGE_BYTES_MAX,
  countFitting,
  decode,
  encode,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import {
  CONVERSATION_MEMBER,
  CONVERSATION_MEMBER_CHANGE,
  conversationPartition,
} from "../conversation-tables.js";
import type { HistoryReader } from "../history.js";

/** Changes that one answer is made of; a device that has missed more asks again. */
const CHANGES_PER_PAGE = 100;
/** In a group of so many somebody is looked for among all its members, and in a larger one among all people. */
const MEMBERS_LOOKED_THROUGH = 1_000;
/** Beyond all ids that begin with a prefix. */
const AFTER_ALL = "\u{10ffff}";

type View = Awaited<ReturnType<HistoryReader["authorize"]>>;

export class MemberPages {
  readonly #tables: WriteBackTables;
  readonly #history: Pick<HistoryReader, "authorize">;

  constructor(tables: WriteBackTables, history: Pick<HistoryReader, "authorize">) {
    this.#tables = tables;
    this.#history = history;
  }

  /** Errors: "not-a-member". Cost: one range of rows, whatever the group's size. */
  async read(session: Session, request: MembersRequest): Promise<MembersPage> {
    // The head first: what the rows say besides is newer, and comes again with the changes.
    const view = await this.#history.authorize(session, request.conversationId);
    const { membersRevision } = groupOf(view.head);
    const { memberCount } = view.head;
    const empty: MembersPage = {
      members: [],
      memberCount,
      next: "",
      revision: membersRevision,
      membersRevision,
      removed: [],
      isReset: false,
    };
    if (request.sinceRevision > 0) return { ...empty, ...(await this.#changes(view, request.sinceRevision)) };
    return { ...empty, ...(await this.#page(view.key, request)) };
  }

  /** Errors: "not-a-member". Cost: of a small group one range of rows; of a large one a row for each who is asked about. */
  async among(session: Session, conversationId: ConversationId): Promise<PeopleAmong> {
    const { key, head } = await this.#history.authorize(session, conversationId);
    const table = CONVERSATION_MEMBER;
    const partition = conversationPartition(key);
    const has = async (userIds: readonly UserId[]): Promise<readonly boolean[]> => {
      const keys = userIds.map((userId) => ({ partition, sort: [userId] }));
      return (await this.#tables.findMany(table, keys)).map((row) => row !== undefined);
    };
    if (head.memberCount > MEMBERS_LOOKED_THROUGH) return { all: undefined, has };
    // Who comes while this is read is found the next time.
    const rows = await this.#tables.range({ table, partition, limit: MEMBERS_LOOKED_THROUGH });
    return { all: rows.map(({ sort }) => sort[0] as UserId), has };
  }

  async #page(
    key: ConversationKey,
    { after, limit: asked, prefix }: MembersRequest,
  ): Promise<Pick<MembersPage, "members" | "next">> {
    const limit = directoryLimit(asked);
    const from = after === "" ? prefix : `${after}\u0000`;
    const rows = await this.#tables.range({
      table: CONVERSATION_MEMBER,
      partition: conversationPartition(key),
      limit,
      ...(from === "" ? {} : { from: [from < prefix ? prefix : from] }),
      ...(prefix === "" ? {} : { before: [`${prefix}${AFTER_ALL}`] }),
    });
    const all = rows.map((row) => memberOf(row.sort[0] as UserId, decode(MemberRow, row.value)));
    const members = all.slice(0, countFitting(all.map((member) => encode(MemberSchema, member).length)));
    const isLast = rows.length < limit && members.length === all.length;
    return { members, next: isLast ? "" : (members.at(-1)?.userId ?? "") };
  }

  /** The oldest changes after `since`, as many as an answer holds. */
  async #changes(
    view: View,
    since: number,
  ): Promise<Pick<MembersPage, "members" | "removed" | "revision" | "isReset">> {
    const { membersRevision } = groupOf(view.head);
    const reset = { members: [], removed: [], revision: membersRevision, isReset: true };
    if (since >= membersRevision) return { ...reset, isReset: since > membersRevision };
    const partition = conversationPartition(view.key);
    const rows = await this.#tables.range({
      table: CONVERSATION_MEMBER_CHANGE,
      partition,
      from: [since + 1],
      before: [membersRevision + 1],
      limit: CHANGES_PER_PAGE,
    });
    if (rows[0]?.sort[0] !== since + 1) return reset;
    const userIds = new Set<UserId>();
    let revision = since;
    for (const { sort, value } of rows) {
      const row = decode(MemberChangeRow, value);
      if (revision > since && userIds.size + row.userIds.length > MEMBERS_PER_REQUEST_MAX) break;
      for (const userId of row.userIds) userIds.add(userId);
      revision = sort[0] as number;
    }
    const ids = [...userIds];
    const values = await this.#tables.findMany(
      CONVERSATION_MEMBER,
      ids.map((userId) => ({ partition, sort: [userId] })),
    );
    const members: Member[] = [];
    const removed: UserId[] = [];
    let bytes = 0;
    for (const [index, userId] of ids.entries()) {
      const value = values[index];
      if (value === undefined) removed.push(userId);
      else {
        members.push(memberOf(userId, decode(MemberRow, value)));
        bytes += value.length;
      }
    }
    // So much came with fields at once that the list is the shorter answer.
    return bytes > PAGE_BYTES_MAX ? reset : { members, removed, revision, isReset: false };
  }
}
