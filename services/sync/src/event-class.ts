/** What may wait for company on the way to a device. */
import { assert } from "@parley/base";
import { decode, Event, isModuleEvent, MODULE_PRIORITIES } from "@parley/protocol";

const LENGTH_DELIMITED = 2;

/** Counts and lists that nobody waits for: what others read and gave, and who comes and goes. */
const LOW_TAGS: ReadonlySet<number> = new Set((["readers", "reactions", "members"] as const).map(tagOf));

/**
 * Whether encoded events are all of a low class. Reads their first bytes alone, for an event has one field; only those of modules
 * say themselves what they are.
 */
export function areLow(events: readonly Uint8Array[]): boolean {
  return events.every(isLow);
}

export function isLow(event: Uint8Array): boolean {
  if (event.length === 0 || LOW_TAGS.has(event[0]!)) return true;
  return isModuleEvent(event) && decode(Event, event).module?.priority === MODULE_PRIORITIES.low;
}

function tagOf(name: keyof Event): number {
  const tag = (Event.fields.find((field) => field.name === name)!.number << 3) | LENGTH_DELIMITED;
  assert(tag < 0x80, "a tag of one byte");
  return tag;
}
