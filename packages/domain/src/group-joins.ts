/** Who comes without being brought: at once where the group is open, by an admin's answer where it approves. */
import { type UserId, JOIN_REQUEST_DAYS, JOIN_REQUESTS_MAX } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import type { JoinRequestRow } from "./group-rows.js";
import { draftGroup, tellStaff } from "./group-step.js";
import { admit } from "./membership.js";
import { forbids, groupOf } from "./permissions.js";
import { castAs } from "./scenario-roles.js";
import { DONE, type Verdict, refused } from "./verdict.js";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whoever is a member already is done. */
export function applyJoin(
  step: ConversationStep,
  join: NonNullable<ConversationRecord["join"]>,
  timeMs: number,
): Verdict {
  const { state, head } = step;
  const { userId, text, fields, messageId } = join;
  const { scenario, joinPolicy, isDissolved } = groupOf(head);
  if (state.members.has(userId)) return DONE;
  // Who is not let in learns no more than that there is nothing for them here.
  if (head.isDirect || isDissolved || state.members.size === 0) return refused("not-a-member");
  if (joinPolicy !== "open" && joinPolicy !== "approval") return refused("not-a-member");
  const scenarioRole = join.scenarioRole || (scenario?.defaultRole ?? "");
  const role = scenario?.roles.find(({ name }) => name === scenarioRole);
  if (scenario !== undefined && role?.mayJoin !== true) return refused("not-allowed");
  if (castAs(scenario, scenarioRole, fields) === undefined) return refused("bad-request");
  if (joinPolicy === "open") {
    const isOwn = (name: string): boolean =>
      role?.fields.find((field) => field.name === name)?.setBy === "self";
    if (!fields.every(({ name }) => isOwn(name))) return refused("not-allowed");
    return admit(
      step,
      {
        actorId: userId,
        messageId,
        joiners: [{ userId, scenarioRole, fields }],
        sharedFrom: join.sharedFrom,
      },
      timeMs,
    );
  }
  const over = [...state.requests].filter(([, row]) => isOver(row, timeMs)).map(([id]) => id);
  const isNew = !state.requests.has(userId);
  if (isNew && state.requests.size - over.length >= JOIN_REQUESTS_MAX) return refused("group-full");
  for (const id of over) step.setRequest(id, undefined);
  const row: JoinRequestRow = { userId, text, timeMs, scenarioRole, fields };
  step.setRequest(userId, row);
  draftGroup(step).requestCount = state.requests.size;
  tellStaff(step, { request: row });
  return DONE;
}

/** Those whose question is over, or who ask no longer, are passed over. */
export function applyAnswerJoin(
  step: ConversationStep,
  answer: NonNullable<ConversationRecord["answerJoin"]>,
  timeMs: number,
): Verdict {
  const { state } = step;
  const { actorId, messageId } = answer;
  const actor = state.members.get(actorId);
  if (actor === undefined) return refused("not-a-member");
  if (step.head.isDirect) return refused("not-allowed");
  const forbidden = forbids("answer", step.head, actor, timeMs);
  if (forbidden !== undefined) return forbidden;
  const asking = [...new Set(answer.userIds)].flatMap((userId): readonly JoinRequestRow[] => {
    const row = state.requests.get(userId);
    return row === undefined || isOver(row, timeMs) ? [] : [row];
  });
  if (asking.length === 0) return DONE;
  if (answer.isAccepted) {
    // The scenario may have changed since they asked: those whose answers no longer fit are not let in.
    const { scenario } = groupOf(step.head);
    const joiners = asking.filter((row) => castAs(scenario, row.scenarioRole, row.fields) !== undefined);
    const verdict = admit(step, { actorId, messageId, joiners, sharedFrom: answer.sharedFrom }, timeMs);
    if (verdict.kind === "refused") return verdict;
  }
  // Who was let in is answered already.
  const refusedIds: readonly UserId[] = asking
    .map(({ userId }) => userId)
    .filter((userId) => state.requests.has(userId));
  if (refusedIds.length === 0) return DONE;
  for (const userId of refusedIds) step.setRequest(userId, undefined);
  draftGroup(step).requestCount = state.requests.size;
  tellStaff(step, { answered: refusedIds });
  return DONE;
}

/** Whether nobody answered in time. */
export function isOver(row: JoinRequestRow, timeMs: number): boolean {
  return timeMs - row.timeMs > JOIN_REQUEST_DAYS * DAY_MS;
}
