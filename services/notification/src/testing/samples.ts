import type { Ambient } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { ManualTime } from "@parley/base/testing";
import type { Notification } from "../channels/channel.js";

/** A message that came in. */
export const SAMPLE: Notification = {
  id: "01",
  kind: "alert",
  collapseKey: "g:team",
  title: "Team",
  text: "Ann: 你好",
  badge: 3,
  urgency: "high",
  ttlSeconds: 3_600,
  conversationId: "g:team",
  data: new Uint8Array(0),
};

/** Real waiting, for real sockets, on a clock that a test moves. */
export function clockedAmbient(time: ManualTime): Ambient {
  return { ...systemAmbient(), clock: time };
}
