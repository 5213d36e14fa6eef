/** What a device stores, and what it is told of its user's settings. */
import { isDeepStrictEqual } from "node:util";
import { decode, Event } from "@parley/protocol";
import type { Device } from "./device.js";
import type { Truth } from "./recording/truth.js";

/** What cannot be seen any more is not stored either, though nothing shows it. */
export function judgeStore(device: Device): readonly string[] {
  return (device.client?.conversations() ?? []).flatMap(({ conversationId, firstVisible }) => {
    const count = device.storedBelow(conversationId, firstVisible);
    if (count === 0) return [];
    return [`${device.name} still stores ${count} messages of ${conversationId} below ${firstVisible}`];
  });
}

/** When its user is not to be disturbed is what was set last, on whatever device. */
export async function judgeQuiet(truth: Truth, { name, userId, client }: Device): Promise<readonly string[]> {
  const expected = truth
    .user(userId)
    .events.map((event) => decode(Event, event).settings?.doNotDisturb)
    .findLast((quiet) => quiet !== undefined);
  const quiet = await client!.notify.getDoNotDisturb();
  return isDeepStrictEqual(quiet, expected) ? [] : [`${name} has another do-not-disturb than was set last`];
}
