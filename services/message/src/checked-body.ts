import {
  type ContentKind,
  type Forward,
  type MergedItem,
  type UserId,
  AUDIENCE_MAX,
  Body,
  CONTENT_KINDS,
  MENTIONS_MAX,
  MERGED_BYTES_MAX,
  MERGED_ITEMS_MAX,
  MergedBody,
  TITLE_BYTES_MAX,
  decode,
  encode,
  filled,
  parseUserId,
} from "@parley/protocol";
import { BODY_KINDS, type CheckBody } from "./kinds/body-kinds.js";
import { requireBytes, requireShort } from "./kinds/sizes.js";
import { badRequest } from "./refusal.js";

/** What somebody may say: one content of a kind that devices send. Errors: "bad-request", "message-too-large". */
export function checkedBody(body: Body | undefined): Body {
  if (body === undefined) throw badRequest("A message needs a body.");
  let kind: ContentKind | undefined;
  for (const each of CONTENT_KINDS) {
    if (body[each] === undefined) continue;
    if (kind !== undefined) throw badRequest("A message is of one kind.");
    kind = each;
  }
  const check = kind === undefined ? undefined : BODY_KINDS[kind];
  if (check === undefined || body.forwarded !== undefined)
    throw badRequest("A message needs a content of a kind that may be sent.");
  (check as CheckBody<ContentKind>)(body[kind!]!, body);
  if (body.mentions !== undefined) checkMentions(body.mentions);
  if (body.reply !== undefined && body.reply.sequence < 1)
    throw badRequest("A message that is answered is named by its sequence, from 1 on.");
  return body;
}

/**
 * What a review makes of a body: what its sender could have said, or of what the server has written the same in other words. Who said
 * first what is forwarded stays. Errors: "bad-request", "message-too-large".
 */
export function checkedReplacement(before: Body, after: Body | undefined): Body {
  const { forwarded, merged } = before;
  if (after?.merged === undefined || merged === undefined)
    return { ...checkedBody(after && { ...after, forwarded: undefined }), forwarded };
  const isOf = ({ senderId, timeMs }: MergedItem, index: number): boolean =>
    merged.items[index]?.senderId === senderId && merged.items[index].timeMs === timeMs;
  if (after.merged.items.length !== merged.items.length || !after.merged.items.every(isOf))
    throw badRequest("What is merged stays by those who said it.");
  requireShort("title", after.merged.title, TITLE_BYTES_MAX);
  requireBytes("merged content", encode(MergedBody, after.merged), MERGED_BYTES_MAX);
  for (const { body } of after.merged.items) decode(Body, body);
  return filled(Body, { merged: after.merged, ...(forwarded && { forwarded }) });
}

/** Whom a directed message is for, each once. Errors: "bad-request". */
export function checkedAudience(audience: readonly UserId[]): readonly UserId[] {
  if (audience.length === 0) return audience;
  if (audience.length > AUDIENCE_MAX)
    throw badRequest(`A message is directed to at most ${AUDIENCE_MAX} members.`);
  return [...new Set(audience)];
}

/** What is to be sent on. Errors: "bad-request". */
export function checkedForward(forward: Forward): Forward {
  const { sequences, isMerged, title } = forward;
  const most = isMerged ? MERGED_ITEMS_MAX : 1;
  const isAscending = sequences.every((sequence, index) => sequence > (sequences[index - 1] ?? 0));
  if (sequences.length === 0 || sequences.length > most || !isAscending)
    throw badRequest(`Forward one message, or 1 to ${MERGED_ITEMS_MAX} merged ones, in their order.`);
  requireShort("title", title, isMerged ? TITLE_BYTES_MAX : 0);
  return forward;
}

function checkMentions({ userIds }: NonNullable<Body["mentions"]>): void {
  if (userIds.length > MENTIONS_MAX) throw badRequest(`A message mentions at most ${MENTIONS_MAX} users.`);
  for (const userId of userIds) parseUserId(userId);
}
