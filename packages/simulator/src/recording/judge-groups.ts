/** Compares what devices know of groups with what the logs say. */
import { isDeepStrictEqual } from "node:util";
import type { Group } from "@parley/client";
import { type ConversationState, groupOf, infoOf, memberOf } from "@parley/domain";
import type { ConversationId, Member, UserId } from "@parley/protocol";

/** What a device knows of one group in the end. */
export interface GroupView {
  /** From memory, before anything was asked for. */
  readonly held: Group | undefined;
  readonly loaded: Group;
  readonly members: readonly Member[];
}

/** What is wrong with it. */
export function judgeGroup(
  name: string,
  at: { readonly userId: UserId; readonly conversationId: ConversationId; readonly state: ConversationState },
  view: GroupView,
): readonly string[] {
  const { state, userId, conversationId } = at;
  const { head } = state;
  const row = state.members.get(userId);
  if (head === undefined || row === undefined) return [];
  const { membersRevision, scenario } = groupOf(head);
  const group: Group = {
    info: infoOf(head),
    self: memberOf(userId, row),
    memberCount: state.members.size,
    membersRevision,
    scenario,
  };
  const members = [...state.members]
    .map(([id, member]) => memberOf(id, member))
    .toSorted((one, other) => (one.userId < other.userId ? -1 : 1));
  const complaints: string[] = [];
  const compare = (what: string, mine: unknown, right: unknown): void => {
    if (isDeepStrictEqual(mine, right)) return;
    complaints.push(
      `${name} ${what} ${conversationId} as ${JSON.stringify(mine)} instead of ${JSON.stringify(right)}`,
    );
  };
  if (view.held !== undefined) compare("holds the group", view.held, group);
  compare("loads the group", view.loaded, group);
  compare("has the members of", view.members, members);
  return complaints;
}
