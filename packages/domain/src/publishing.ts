/**
 * What modules publish to a conversation: told to all members as any event is, without a sequence of its own. It counts once by
 * its id, as long as `isRepeat` says.
 */
import type { ModuleEvent } from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import { isRepeat, moduleEventKey } from "./module-repeats.js";
import { DONE, REPEATED, type Verdict } from "./verdict.js";

export function applyModule(step: ConversationStep, event: ModuleEvent, timeMs: number): Verdict {
  const { given, key } = step.state;
  const name = moduleEventKey(event);
  if (isRepeat(given, name, timeMs)) return REPEATED;
  step.tell({ module: { ...event, conversationId: key.conversationId, timeMs } });
  const { module, id, collapseKey } = event;
  // Of a small group the queues of its members have their own places.
  const pts = step.head.isShared ? step.head.topicPts : 0;
  step.changes.modules.push({ module, id, collapseKey, pts, isOnce: true });
  return DONE;
}
