/** What is set of a group: changed by those who may, told to all. */
import {
  type GroupSettings,
  type Scenario,
  NEVER_MS,
  filled,
  GroupSettings as Settings,
} from "@parley/protocol";
import type { ConversationStep } from "./conversation-machine.js";
import type { ConversationRecord } from "./conversation-record.js";
import { draftGroup, say, settingsOf, tellGroup } from "./group-step.js";
import { type Action, forbids, groupOf } from "./permissions.js";
import { DONE, type Verdict, refused } from "./verdict.js";

type GroupChange = NonNullable<ConversationRecord["group"]>;
type SettingName = keyof GroupSettings;

/** What one must be allowed to, to change a setting. */
const ACTIONS: Readonly<Record<SettingName, Action>> = {
  title: "edit",
  notice: "edit",
  joinPolicy: "edit",
  isHistoryOpen: "edit",
  mutedUntilMs: "mute",
  postBy: "rule",
  mentionBy: "rule",
  pinBy: "rule",
  addBy: "rule",
  editBy: "rule",
};

/** All of it or nothing. What does not change is done, so that it may be repeated. */
export function applyGroup(step: ConversationStep, change: GroupChange, timeMs: number): Verdict {
  const { state, head } = step;
  const actor = state.members.get(change.actorId);
  if (actor === undefined) return refused("not-a-member");
  if (head.isDirect) return refused("not-allowed");
  const { scenario } = groupOf(head);
  if (!change.names.every((name) => Object.hasOwn(ACTIONS, name))) return refused("bad-request");
  const names = change.names as readonly SettingName[];
  for (const name of names) {
    if (scenario?.locked.includes(name) === true) return refused("not-allowed");
    const forbidden = forbids(ACTIONS[name], head, actor, timeMs);
    if (forbidden !== undefined) return forbidden;
  }
  if (change.scenario !== undefined) {
    if (change.scenario.name !== scenario?.name) return refused("bad-request");
    const forbidden = forbids("rule", head, actor, timeMs);
    if (forbidden !== undefined) return forbidden;
  }
  const before = settingsOf(head);
  const after = { ...before, ...picked(change.settings ?? filled(Settings, {}), names) };
  const isSame = names.every((name) => before[name] === after[name]);
  const newer = newerScenario(scenario, change.scenario);
  if (isSame && newer === undefined) return DONE;
  const { title, isHistoryOpen, ...rest } = after;
  Object.assign(step.draft, { title, isHistoryOpen });
  Object.assign(draftGroup(step), rest, newer === undefined ? {} : { scenario: newer });
  tellGroup(step);
  sayChange(step, change, { before, after, timeMs });
  return DONE;
}

/** The notice that people expect, one at most: a name before a notice before a mute. */
function sayChange(
  step: ConversationStep,
  { actorId, messageId }: GroupChange,
  {
    before,
    after,
    timeMs,
  }: { readonly before: GroupSettings; readonly after: GroupSettings; readonly timeMs: number },
): void {
  const { title, notice, mutedUntilMs: untilMs } = after;
  if (title !== before.title) say(step, { code: "renamed", actorId, text: title }, messageId, timeMs);
  else if (notice !== before.notice)
    say(step, { code: "notice-changed", actorId, text: notice }, messageId, timeMs);
  else if (untilMs !== before.mutedUntilMs) {
    const isMuted = untilMs > timeMs;
    say(
      step,
      isMuted
        ? { code: "muted", actorId, untilMs: Math.min(untilMs, NEVER_MS) }
        : { code: "unmuted", actorId },
      messageId,
      timeMs,
    );
  }
}

function newerScenario(before: Scenario | undefined, now: Scenario | undefined): Scenario | undefined {
  return now !== undefined && now.version > (before?.version ?? 0) ? now : undefined;
}

function picked(settings: GroupSettings, names: readonly SettingName[]): Partial<GroupSettings> {
  return Object.fromEntries(names.map((name) => [name, settings[name]]));
}
