/** What a person sets of its notifications and of its list, on any of its devices. */
import type { ParleyClient } from "@parley/client";
import { NEVER_MS, NOTIFY_LEVELS } from "@parley/protocol";
import type { SeededRandom } from "./seeded-random.js";

const ZONES = ["UTC", "Asia/Shanghai", "America/New_York"] as const;

/** Of a conversation that one is in or was in, or of oneself: what is not allowed is refused. */
export function notifyOnce(
  client: ParleyClient,
  random: SeededRandom,
  run: (kind: string, operation: () => Promise<unknown>) => void,
): void {
  const { notify } = client;
  const entries = client.conversations();
  if (entries.length === 0 || random.isTrue(0.3)) {
    const span = {
      days: [random.integer(7)],
      fromMinute: random.integer(1440),
      untilMinute: random.integer(1440),
    };
    const spans = random.isTrue(0.5) ? [span] : [];
    const quiet = { isOn: random.isTrue(0.5), timeZone: random.pick(ZONES), spans };
    run("do-not-disturb", () =>
      notify.setDoNotDisturb({ ...quiet, letsMentionsThrough: random.isTrue(0.5) }),
    );
    return;
  }
  const { conversationId } = random.pick(entries);
  if (random.isTrue(0.3)) {
    const isPinned = random.isTrue(0.6);
    run("set-pinned", () => client.setPinned(conversationId, isPinned));
    return;
  }
  const level = random.pick(NOTIFY_LEVELS);
  const mutedUntilMs = random.pick([0, 0, 1, NEVER_MS]);
  run("set-notify", () => notify.setConversation(conversationId, { level, mutedUntilMs }));
}
