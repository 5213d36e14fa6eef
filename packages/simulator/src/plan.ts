/** What one seed does: every size, chance and pace, drawn once at the beginning, so that a report can show them all. */
import { RARE_PATHS, type RarePath } from "@parley/base";
import { SeededRandom } from "./seeded-random.js";

export interface Plan {
  readonly users: number;
  readonly devicesPerUser: number;
  readonly groups: number;
  readonly partitions: number;
  /** How long devices act and things break. */
  readonly busyMs: number;
  /** Mean time between two actions of a device. */
  readonly actionMs: number;
  readonly delayMs: number;
  readonly lateChance: number;
  readonly lateMs: number;
  readonly diskMs: number;
  readonly tableReadMs: number;
  readonly tableWriteMs: number;
  readonly splitChance: number;
  readonly segmentBytes: number;
  readonly rebaseEvents: number;
  /** Groups with more members are large ones. 0: none. */
  readonly sharedFrom: number;
  readonly retentionDays: number;
  /** Events that a queue keeps; undefined: as many as by default. */
  readonly queueEvents: number | undefined;
  /** Devices take compressed packets. */
  readonly isPacking: boolean;
  readonly heartbeatMs: number;
  /** Mean time between two backups; without it there is none. */
  readonly backupMs?: number | undefined;
  /** Mean time between two trims of a conversation; undefined: none in this run. */
  readonly trimMs?: number | undefined;
  /** Mean time between two edits or recalls of a device; undefined: none in this run. */
  readonly changeMs?: number | undefined;
  /** Mean time between two messages of a device that are no plain texts; undefined: none in this run. */
  readonly kindsMs?: number | undefined;
  /** Mean time between two searches of a device; undefined: none in this run. */
  readonly searchMs?: number | undefined;
  /** Mean time between two reactions, pins or readings of a device; undefined: none in this run. */
  readonly statesMs?: number | undefined;
  /** Mean time between two files of a device; undefined: none in this run. */
  readonly mediaMs?: number | undefined;
  /** Mean time between two things that a device does with groups; undefined: nothing in this run. */
  readonly governMs?: number | undefined;
  /** Mean time between two campaigns of the news account; undefined: there is no such account. */
  readonly campaignMs?: number | undefined;
  /** How contents are reviewed; undefined: not at all. */
  readonly review?: ReviewPlan | undefined;
  /** Mean time between two things that a device does with cards; undefined: nothing in this run. */
  readonly cardsMs?: number | undefined;
  /** Mean time between two publications of a business module; undefined: none in this run. */
  readonly modulesMs?: number | undefined;
  /** Mean time between two things that happen to the tabs of a device; undefined: devices have one tab. */
  readonly tabsMs?: number | undefined;
  /** Mean time between two settings of notifications by a device, and by somebody who is never there; undefined: nobody is notified. */
  readonly notifyMs?: number | undefined;
  /** How often rare paths are taken; those that are not named never are. */
  readonly rarePaths: Readonly<Partial<Record<RarePath, number>>>;
  /** How old messages are looked after; undefined: not at all. */
  readonly cold?: ColdPlan | undefined;
  /** Mean times between faults of a kind; undefined: none in this run. */
  readonly faults: {
    readonly severMs: number | undefined;
    readonly silenceMs: number | undefined;
    readonly stallMs: number | undefined;
    readonly isolateMs: number | undefined;
    readonly deviceCrashMs: number | undefined;
    readonly deviceWipeMs: number | undefined;
    readonly serverCrashMs: number | undefined;
    readonly serverStopMs: number | undefined;
    readonly serverPauseMs: number | undefined;
    readonly diskErrorMs: number | undefined;
    readonly diskFullMs: number | undefined;
    readonly clockJumpMs: number | undefined;
    readonly slowDiskMs: number | undefined;
  };
}

export interface ColdPlan {
  /** Mean time between two walks over all conversations. */
  readonly everyMs: number;
  /** What is older goes cold. */
  readonly ageMs: number;
  /** How often everything comes back instead. */
  readonly thawChance: number;
  readonly objectBytes: number;
  readonly seed: number;
}

export interface ReviewPlan {
  /** Mean time that a review takes. */
  readonly delayMs: number;
  readonly failChance: number;
  readonly seed: number;
}

export const SCENARIOS = ["mixed", "calm", "crashes", "network", "disk", "fsync"] as const;
export type Scenario = (typeof SCENARIOS)[number];

type Faults = Plan["faults"];

const NO_FAULTS: Faults = {
  severMs: undefined,
  silenceMs: undefined,
  stallMs: undefined,
  isolateMs: undefined,
  deviceCrashMs: undefined,
  deviceWipeMs: undefined,
  serverCrashMs: undefined,
  serverStopMs: undefined,
  serverPauseMs: undefined,
  diskErrorMs: undefined,
  diskFullMs: undefined,
  clockJumpMs: undefined,
  slowDiskMs: undefined,
};

const NETWORK = ["severMs", "silenceMs", "stallMs", "isolateMs"] as const;
const CRASHES = ["deviceCrashMs", "deviceWipeMs", "serverCrashMs", "serverStopMs", "serverPauseMs"] as const;
const DISK = ["diskErrorMs", "diskFullMs", "slowDiskMs", "serverCrashMs"] as const;

/** Mean times that a fault of each kind is drawn around. */
const USUAL_MS: Readonly<Record<keyof Faults, number>> = {
  severMs: 1_500,
  silenceMs: 4_000,
  stallMs: 4_000,
  isolateMs: 6_000,
  deviceCrashMs: 4_000,
  deviceWipeMs: 15_000,
  serverCrashMs: 6_000,
  serverStopMs: 10_000,
  serverPauseMs: 8_000,
  diskErrorMs: 10_000,
  diskFullMs: 10_000,
  clockJumpMs: 8_000,
  slowDiskMs: 6_000,
};

/** Of the seeds, those that take backups: each of them is restored and looked at, which takes as long as many messages. */
const BACKUP_SHARE = 0.2;
const BACKUP_MS = 5_000;

/** The plan of a seed. */
export function planOf(seed: number, scenario: Scenario): Plan {
  const random = new SeededRandom(seed ^ 0x5eed);
  const isBusy = random.isTrue(0.3);
  return {
    users: random.between(2, 5),
    devicesPerUser: random.between(1, 2),
    groups: random.between(1, 3),
    partitions: random.pick([1, 2, 3]),
    busyMs: random.between(6_000, 16_000),
    actionMs: isBusy ? random.between(20, 80) : random.between(150, 600),
    delayMs: random.pick([0.2, 2, 20, 80]),
    lateChance: random.pick([0, 0, 0.02, 0.2]),
    lateMs: random.pick([50, 500, 3_000]),
    diskMs: random.pick([0.05, 0.5, 5]),
    tableReadMs: random.pick([0.01, 0.2, 3]),
    tableWriteMs: random.pick([0.05, 1, 10]),
    splitChance: random.pick([0, 0.3, 1]),
    segmentBytes: random.pick([2_000, 20_000, 1_000_000]),
    rebaseEvents: random.pick([3, 20, 2_000]),
    retentionDays: 30,
    heartbeatMs: random.pick([1_000, 2_000, 5_000]),
    faults: faultsOf(random, scenario),
    rarePaths: rarePathsOf(random),
    sharedFrom: sharedFromOf(seed),
    cold: coldPlanOf(seed),
    backupMs: backupMsOf(seed),
    trimMs: trimMsOf(seed),
    changeMs: changeMsOf(seed),
    kindsMs: kindsMsOf(seed),
    searchMs: searchMsOf(seed),
    statesMs: statesMsOf(seed),
    mediaMs: mediaMsOf(seed),
    governMs: governMsOf(seed),
    campaignMs: campaignMsOf(seed),
    review: reviewPlanOf(seed),
    cardsMs: cardsMsOf(seed),
    modulesMs: modulesMsOf(seed),
    tabsMs: tabsMsOf(seed),
    notifyMs: notifyMsOf(seed),
    queueEvents: queueEventsOf(seed),
    isPacking: new SeededRandom(seed ^ 0x9ac7).isTrue(0.25),
  };
}

/** Drawn from a source of its own: the rest of the plan is what it was before there was a cold tier. */
function coldPlanOf(seed: number): ColdPlan | undefined {
  const random = new SeededRandom(seed ^ 0xc01d);
  if (!random.isTrue(0.4)) return undefined;
  return {
    everyMs: random.pick([200, 1_000, 4_000]),
    ageMs: random.pick([0, 0, 500, 3_000]),
    thawChance: random.pick([0, 0.2]),
    objectBytes: random.pick([500, 5_000, 1_000_000]),
    seed: random.integer(2 ** 31),
  };
}

/** Drawn by itself: in a quarter of the seeds, devices that were away find nothing of what they missed. */
function queueEventsOf(seed: number): number | undefined {
  return new SeededRandom(seed ^ 0x90e5).pick([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    8,
    40,
  ]);
}

/** Drawn by itself, so that the rest of a seed's plan is as it was before there were trims. */
function trimMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0x7213);
  return random.isTrue(0.5) ? 300 + random.unit() * 3_000 : undefined;
}

/** Drawn by itself too: small enough that groups become large ones, some of them in the midst of a run. */
function sharedFromOf(seed: number): number {
  const random = new SeededRandom(seed ^ 0x5a4e);
  return random.pick([0, 1, 1, 2, 3]);
}

/** Drawn by itself too: no seed's plan changed when messages could be edited. */
function changeMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0xed17);
  return random.isTrue(0.4) ? 400 + random.unit() * 2_600 : undefined;
}

/** Drawn by itself too. */
function kindsMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0x41d5);
  return random.isTrue(0.5) ? 500 + random.unit() * 2_500 : undefined;
}

/** Drawn by itself too. */
function searchMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0x5ea2);
  return random.isTrue(0.3) ? 400 + random.unit() * 2_600 : undefined;
}

/** Drawn by itself as well. */
function statesMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0x57a7);
  return random.isTrue(0.4) ? random.pick([60, 400, 2_000]) : undefined;
}

/** Drawn by itself too. */
function mediaMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0x3ed1);
  return random.isTrue(0.2) ? 500 + random.unit() * 2_500 : undefined;
}

/** Drawn by itself too. */
function cardsMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0xca4d);
  return random.isTrue(0.25) ? random.pick([60, 400, 1_500]) : undefined;
}

/** Drawn by itself too. */
function modulesMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0x40d5);
  return random.isTrue(0.25) ? random.pick([60, 400, 1_500]) : undefined;
}

/** Drawn by itself too: no seed's plan changed when devices could have several tabs. */
function tabsMsOf(seed: number): number | undefined {
  // Each tab is told what modules say, and what they are told is noted of devices.
  if (modulesMsOf(seed) !== undefined) return undefined;
  const random = new SeededRandom(seed ^ 0x7ab5);
  return random.isTrue(0.3) ? random.pick([300, 1_000, 3_000]) : undefined;
}

/** Drawn by itself too. */
function notifyMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0x4071);
  return random.isTrue(0.25) ? random.pick([100, 500, 2_000]) : undefined;
}

/** Drawn by itself too: no seed's plan changed when groups could be governed. */
function governMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0x60e4);
  return random.isTrue(0.4) ? 300 + random.unit() * 2_000 : undefined;
}

/** Drawn by itself as well. */
function campaignMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0xca3b);
  return random.isTrue(0.2) ? 500 + random.unit() * 4_000 : undefined;
}

/** Drawn by itself too. */
function reviewPlanOf(seed: number): ReviewPlan | undefined {
  const random = new SeededRandom(seed ^ 0x4e71);
  if (!random.isTrue(0.2)) return undefined;
  const [delayMs, failChance] = [random.pick([1, 20, 200]), random.pick([0, 0.02, 0.2])];
  return { delayMs, failChance, seed: random.integer(2 ** 31) };
}

function faultsOf(random: SeededRandom, scenario: Scenario): Faults {
  const names = {
    mixed: Object.keys(NO_FAULTS) as (keyof Faults)[],
    calm: [],
    crashes: CRASHES,
    network: NETWORK,
    disk: DISK,
    fsync: ["diskErrorMs", "serverCrashMs"] as const,
  }[scenario];
  const faults: { -readonly [K in keyof Faults]: Faults[K] } = { ...NO_FAULTS };
  // In a mixed run each kind is there in about every other seed: few kinds at once reach further than all of them.
  const chance = scenario === "mixed" ? 0.45 : 0.8;
  for (const name of names) {
    if (random.isTrue(chance)) faults[name] = USUAL_MS[name] * (0.4 + random.unit() * 1.6);
  }
  return faults;
}

/** With a chance of its own, so that the plans of seeds without backups are what they were. */
function backupMsOf(seed: number): number | undefined {
  const random = new SeededRandom(seed ^ 0xbac0);
  return random.isTrue(BACKUP_SHARE) ? BACKUP_MS * (0.4 + random.unit() * 1.6) : undefined;
}

function rarePathsOf(random: SeededRandom): Plan["rarePaths"] {
  const chances: Partial<Record<RarePath, number>> = {};
  for (const path of RARE_PATHS) {
    if (!random.isTrue(0.4)) continue;
    // Putting off is felt by everybody; the rest may be the rule.
    chances[path] = path === "request-is-put-off" ? random.unit() * 0.05 : random.pick([0.02, 0.2, 0.8]);
  }
  return chances;
}
