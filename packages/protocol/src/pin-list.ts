/** Pinned messages as they are listed: with the messages, so they cannot stand beside what messages are made of. */
import { type Infer, list, nested, schema, string, uint } from "./codec/schema.js";
import type { UserId } from "./ids.js";
import { Message } from "./model.js";

/** A pinned message, and who pinned it when. */
export const Pin = schema("Pin", {
  actorId: string<UserId>(1),
  timeMs: uint(2),
  message: nested(3, Message),
});
export type Pin = Infer<typeof Pin>;

export const PinList = schema("PinList", {
  requestId: uint(1),
  pins: list(2, Pin),
  /** As in PinnedEvent. */
  revision: uint(3),
  /** `before` of the next page; 0 on the last one. */
  next: uint(4),
});
