/** What the run of a planted bug needs so that it can show. */
import { type Plan, type PlantedBugName, planOf, type Scenario } from "@parley/simulator";

/** Where a bug shows: most do anywhere. */
const SCENARIO: Partial<Record<PlantedBugName, Scenario>> = {
  "acknowledge-before-fsync": "crashes",
  "campaign-ends-with-its-process": "crashes",
  "everything-is-forgotten-at-a-restart": "crashes",
  "ignore-failed-fsync": "fsync",
  "merged-reaction-is-forgotten-after-a-crash": "crashes",
  "notification-ends-with-its-process": "crashes",
};

/** A run of messages and nothing else. */
const MESSAGES_ALONE: Partial<Plan> = {
  backupMs: undefined,
  trimMs: undefined,
  changeMs: undefined,
  kindsMs: undefined,
  searchMs: undefined,
  statesMs: undefined,
  mediaMs: undefined,
  governMs: undefined,
  campaignMs: undefined,
  review: undefined,
  cardsMs: undefined,
  modulesMs: undefined,
  tabsMs: undefined,
  notifyMs: undefined,
  cold: undefined,
  rarePaths: {},
};

/** What a run needs to show a bug soon that hardly any seed would show by itself. */
const NEEDED: Partial<Record<PlantedBugName, Partial<Plan>>> = {
  "backup-does-not-hold-the-cold": {
    backupMs: 1_500,
    cold: { everyMs: 200, ageMs: 0, thawChance: 0.2, objectBytes: 500, seed: 1 },
  },
  "campaign-ends-with-its-process": { campaignMs: 300 },
  "card-action-is-forgotten": { cardsMs: 60 },
  "card-part-goes-to-another": { cardsMs: 60 },
  "old-card-update-wins": { cardsMs: 60 },
  "module-event-is-given-twice": { modulesMs: 60, rarePaths: { "rows-are-flushed-at-once": 0.8 } },
  "newest-of-a-key-is-hidden": { modulesMs: 60 },
  "module-event-for-another-kind": { modulesMs: 60 },
  "edit-shows-text-of-before-joining": { changeMs: 60 },
  "everything-is-forgotten-at-a-restart": { notifyMs: 300, sharedFrom: 1 },
  // It shows where a page that was not synced is not written again: in long commits to one segment.
  "ignore-failed-fsync": {
    ...MESSAGES_ALONE,
    users: 3,
    devicesPerUser: 1,
    groups: 1,
    partitions: 1,
    actionMs: 30,
    busyMs: 6_000,
    diskMs: 10,
    segmentBytes: 1_000_000,
    faults: { ...planOf(1, "calm").faults, diskErrorMs: 1_000, serverCrashMs: 1_000 },
  },
  "later-review-ends-with-its-process": {
    review: { delayMs: 1_000, failChance: 0, seed: 5 },
    rarePaths: { "rows-are-flushed-at-once": 0.8 },
  },
  "mention-mark-is-forgotten": { kindsMs: 60 },
  "merged-reaction-is-forgotten-after-a-crash": { statesMs: 60 },
  "mute-is-forgotten-at-a-replay": { governMs: 60 },
  "given-message-is-taken-twice": { tabsMs: 300 },
  "old-leader-goes-on-writing": { tabsMs: 300 },
  "mute-is-acknowledged-and-lost": { notifyMs: 100, actionMs: 150 },
  "notification-ends-with-its-process": {
    notifyMs: 2_000,
    rarePaths: { "rows-are-flushed-at-once": 0.8 },
  },
  "own-reaction-is-not-on-pages": { statesMs: 400 },
  "quote-copies-the-text": { kindsMs: 60 },
  "quote-shows-what-is-directed": { kindsMs: 60, users: 4, devicesPerUser: 1, groups: 1 },
  "reaction-to-a-message-from-before-joining": { statesMs: 60, governMs: 100, sharedFrom: 0 },
  "topic-tells-of-before-joining": { changeMs: 60, sharedFrom: 1, users: 5, groups: 2 },
};

/** The plan of a seed with a planted bug; undefined when the seed cannot show it: it has no backups, or no files. */
export function plantedPlan(planted: PlantedBugName, seed: number): Plan | undefined {
  const plan = { ...planOf(seed, SCENARIO[planted] ?? "mixed"), ...NEEDED[planted] };
  return canShow(planted, plan) ? plan : undefined;
}

function canShow(planted: PlantedBugName, { backupMs, mediaMs }: Plan): boolean {
  if (planted.startsWith("file-")) return mediaMs !== undefined;
  return !(planted.startsWith("backup-") && backupMs === undefined);
}
