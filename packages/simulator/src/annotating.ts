/** What a person does with messages without writing any: reactions, pins, reading, and looking who did. */
import type { ParleyClient } from "@parley/client";
import type { SeededRandom } from "./seeded-random.js";

const KEYS = ["👍", "👎", "ok"] as const;

/** Any message near the end, or one that nobody sees: what is not allowed is refused. */
export function annotateOnce(
  client: ParleyClient,
  random: SeededRandom,
  run: (kind: string, operation: () => Promise<unknown>) => void,
): void {
  const entries = client.conversations().filter(({ lastSequence }) => lastSequence > 0);
  if (entries.length === 0) return;
  const { conversationId, lastSequence, firstVisible } = random.pick(entries);
  const near = random.between(Math.max(1, lastSequence - 3), lastSequence);
  const sequence = random.isTrue(0.1) ? Math.max(1, firstVisible - 1) : near;
  const key = random.pick(KEYS);
  const draw = random.unit();
  if (draw < 0.4) run("react", () => client.react(conversationId, sequence, key));
  else if (draw < 0.6) run("unreact", () => client.unreact(conversationId, sequence, key));
  else if (draw < 0.75) client.markRead(conversationId, sequence);
  else if (draw < 0.83) run("pin", () => client.pin(conversationId, sequence));
  else if (draw < 0.87) run("unpin", () => client.unpin(conversationId, sequence));
  else if (draw < 0.91) run("pins", () => client.pins(conversationId));
  else if (draw < 0.94) run("reactions", () => client.reactions(conversationId, sequence));
  else if (draw < 0.97) run("readers", () => client.readers(conversationId, sequence));
  else run("read-counts", () => client.readCounts(conversationId, [sequence]));
}
