/** Events of business modules: opaque to every service, ordered, stored and synchronised like all others. */
import { type Infer, bytes, nested, schema, string, strings, uint } from "./codec/schema.js";
import type { ConversationId, DeviceId, ModuleName } from "./ids.js";

/** What a notification of an event says, where nobody sees the event itself. */
export const ModulePush = schema("ModulePush", {
  /** "none", "alert" or "data". */
  policy: string(1),
  title: string(2),
  text: string(3),
});
export type ModulePush = Infer<typeof ModulePush>;

/** An event that a module published. `data` is the module's own. */
export const ModuleEvent = schema("ModuleEvent", {
  module: string<ModuleName>(1),
  /** Given by the module: published twice within a day, it is there once. */
  id: string(2),
  timeMs: uint(3),
  data: bytes(4),
  /** When set: it replaces what waits with the same key of the same module. */
  collapseKey: string(5),
  /** One of MODULE_PRIORITIES. */
  priority: uint(6),
  /** From then on it is not pushed any more. 0: never. */
  expiresAtMs: uint(7),
  /** When not empty: for these devices only. */
  deviceIds: strings<DeviceId>(8),
  /** When not empty: for these kinds of devices only. */
  deviceKinds: strings(9),
  /** When it was published to a conversation. */
  conversationId: string<ConversationId>(10),
  push: nested(11, ModulePush),
});
export type ModuleEvent = Infer<typeof ModuleEvent>;

/** Normal is the default. */
export const MODULE_PRIORITIES = { normal: 0, urgent: 1, low: 2 } as const;

/** What a device says of itself in Hello; empty: it does not say. */
export const DEVICE_KINDS = ["phone", "tablet", "desktop", "web", "server"] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number] | "";

/** The tag of Event.module: field 18, of the wire type 2. */
const TAG_LOW = 0x92;
const TAG_HIGH = 0x01;

/** Whether an encoded Event is of a module, from its first bytes: an Event has one field. Cost: two comparisons. */
export function isModuleEvent(event: Uint8Array): boolean {
  return event[0] === TAG_LOW && event[1] === TAG_HIGH;
}
