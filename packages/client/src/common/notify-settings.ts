/** What the server is asked about notifications. */
import {
  type ConversationEntry,
  type ConversationId,
  DoNotDisturb,
  filled,
  type Init,
  NEVER_MS,
  type NotifyLevel,
} from "@parley/protocol";
import type { PushTarget } from "./notify.js";
import type { Requests } from "./requests.js";

export interface NotifyChange {
  readonly level?: NotifyLevel;
  readonly mutedUntilMs?: number;
  readonly isMuted?: boolean;
  /** The conversation as it is: what is left out stays. */
  readonly before: ConversationEntry | undefined;
}

export async function setConversationNotify(
  requests: Requests,
  conversationId: ConversationId,
  { level, mutedUntilMs, isMuted, before }: NotifyChange,
): Promise<void> {
  const untilMs = isMuted === undefined ? mutedUntilMs : isMuted ? NEVER_MS : 0;
  await requests.call("setNotify", {
    conversationId,
    // What was never set stays so: it means another thing when the group becomes a large one.
    level: level ?? before?.notifyLevel ?? "",
    mutedUntilMs: untilMs ?? before?.mutedUntilMs ?? 0,
  });
}

export async function setDoNotDisturb(requests: Requests, doNotDisturb: Init<DoNotDisturb>): Promise<void> {
  await requests.call("setNotify", { doNotDisturb: filled(DoNotDisturb, doNotDisturb) });
}

export async function getDoNotDisturb(requests: Requests): Promise<DoNotDisturb | undefined> {
  return (await requests.call("getNotify", {})).doNotDisturb;
}

export async function setPushTarget(requests: Requests, target: PushTarget | undefined): Promise<void> {
  if (target === undefined) await requests.call("setPushTarget", {});
  else if (target.channel === "web-push")
    await requests.call("setPushTarget", { channel: target.channel, ...target.subscription });
  else await requests.call("setPushTarget", target);
}
