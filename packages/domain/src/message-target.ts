/** The message that a record is about. */
import type { Message, UserId } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { MemberRow } from "./conversation-rows.js";
import { seesMessage } from "./directed.js";
import { type Verdict, refused } from "./verdict.js";

/** The message, and who acts on it; or why this one may not. What one does not see is as unknown as what is not there. */
export function findTarget(
  step: ConversationStep,
  actorId: UserId,
  sequence: number,
): { readonly message: Message; readonly member: MemberRow } | Verdict {
  const { state, head } = step;
  const member = state.members.get(actorId);
  if (member === undefined) return refused("not-a-member");
  const message = state.targets.get(sequence);
  const isVisible = sequence >= Math.max(member.firstVisible, head.firstKept);
  if (message === undefined || !isVisible || !seesMessage(message, actorId))
    return refused("message-unknown");
  return { message, member };
}
