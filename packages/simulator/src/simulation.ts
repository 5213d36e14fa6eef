/** One run: a server, some people with their devices, a time of trouble, and a judgement when all is well again. */
import { check } from "@parley/checker";
import { WINDOW_MS_MAX } from "@parley/message";
import { type TenantId, type UserId, parseUserId } from "@parley/protocol";
import { DEFAULT_TENANT } from "@parley/server";
import { type RarePath, reasonOf, withRarePaths } from "@parley/base";
import { ABSENT, AbsentPerson } from "./absent-person.js";
import { judgeBackup } from "./backups/judge-backup.js";
import { SimulatedBackups } from "./backups/simulated-backups.js";
import { Campaigning, type CampaigningOptions, NEWS } from "./campaigning.js";
import { Device } from "./device.js";
import { FaultInjector } from "./faults.js";
import { compareStored } from "./recording/compare-stored.js";
import { complaintsOf } from "./recording/complaints.js";
import { type DeviceView, judge, judgeHeard } from "./recording/judge.js";
import { judgeModules } from "./recording/judge-modules.js";
import { judgeStates, lookAtStates, type StatesView } from "./recording/judge-states.js";
import { judgeQuiet, judgeStore } from "./judge-device.js";
import { look } from "./recording/look.js";
import { Kernel, type TraceLine } from "./kernel.js";
import { Network } from "./network.js";
import { PLANTED_BUGS, type PlantedBugName } from "./planted-bugs.js";
import type { PlantedBug } from "./planting.js";
import { mediaLine } from "./media-line.js";
import { Operator } from "./operator.js";
import type { Plan } from "./plan.js";
import { kindOf, Publishing } from "./publishing.js";
import { withoutAmbient } from "./poison.js";
import { ServerNode } from "./server-node.js";
import { Recording } from "./recording/recording.js";
import { Truth } from "./recording/truth.js";
import { SeededRandom } from "./seeded-random.js";
import { judgeFiles, judgeStranger } from "./simulated-media.js";
import { judgeReviews } from "./simulated-review.js";

const TENANT: TenantId = DEFAULT_TENANT;
const START_MS_MAX = 60_000;
/** When everything is well again, all devices have everything within this time. */
const SETTLE_MS_MAX = 120_000;
/** Longer than what is merged waits to be told. */
const CALM_MS = WINDOW_MS_MAX + 1_000;
/** Backoff, heartbeats and a gateway's patience together; see the limits of the SDK. */
const RECOVERY_MS_MAX = 90_000;
/** Over a slow line: a thousand conversations, each with some answers that are waited for. */
const READ_MS_MAX = 3_600_000;
const BACKUP_MS_MAX = 120_000;

export interface SimulationOptions {
  /** Told what happens. */
  readonly onTrace?: (line: TraceLine) => void;
  /** A bug that the server has in this run; none unless told. */
  readonly planted?: PlantedBugName;
}

export interface SimulationResult {
  readonly seed: number;
  /** What went wrong; empty when nothing did. */
  readonly complaints: readonly string[];
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly messages: number;
  readonly records: number;
  readonly serverStarts: number;
  /** Messages that went cold. */
  readonly coldRows: number;
  /** Messages that were removed from the tables. */
  readonly removedRows: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly operations: Readonly<Record<string, number>>;
  /** How often each rare path was taken. */
  readonly rarePaths: Readonly<Partial<Record<RarePath, number>>>;
  /** Those that were begun while people chatted and judged at the end, and those of them that came to their end. */
  readonly backups: number;
  readonly backupsWhole: number;
}

/** Runs a seed. Never throws for what the run finds. */
export async function simulate(
  seed: number,
  plan: Plan,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  const run = new Run(seed, plan, options);
  try {
    await withoutAmbient(() => run.playRarely());
  } catch (error) {
    run.complain(`the run ended: ${reasonOf(error)}${stackOf(error)}`);
  }
  return run.result();
}

class Run {
  readonly #seed: number;
  readonly #plan: Plan;
  readonly #kernel: Kernel;
  readonly #network: Network;
  readonly #planted: PlantedBug;
  readonly #server: ServerNode;
  readonly #truth: Truth;
  readonly #recording: Recording;
  readonly #backups: SimulatedBackups;
  #backupsBegun = 0;
  #backupsWhole = 0;
  readonly #rareTimes = new Map<RarePath, number>();
  #epoch = 0;
  #isHealed = false;
  readonly #devices: Device[] = [];
  readonly #complaints = new Set<string>();
  #faults: FaultInjector | undefined;
  #operator: Operator | undefined;
  #campaigning: Campaigning | undefined;
  #publishing: Publishing | undefined;
  readonly #absent: AbsentPerson | undefined;

  constructor(seed: number, plan: Plan, { onTrace, planted }: SimulationOptions) {
    this.#seed = seed;
    this.#plan = plan;
    this.#kernel = new Kernel(seed);
    this.#kernel.onTrace = onTrace;
    this.#recording = new Recording({
      tenantId: TENANT,
      nowMs: () => Math.floor(this.#kernel.nowMs),
    });
    this.#network = new Network(this.#kernel, plan, (...of) => this.#recording.packet(...of));
    this.#truth = new Truth({
      onTrouble: (what) => this.complain(what),
      recording: this.#recording,
      epoch: () => this.#epoch,
    });
    this.#planted = planted === undefined ? {} : PLANTED_BUGS[planted];
    this.#backups = new SimulatedBackups({
      kernel: this.#kernel,
      seed,
      plan,
      planted: this.#planted,
      marks: () => this.#truth.marks(),
    });
    this.#absent = plan.notifyMs === undefined ? undefined : this.#openAbsent();
    this.#server = new ServerNode({
      kernel: this.#kernel,
      network: this.#network,
      plan,
      tap: this.#truth.tap,
      planted: this.#planted,
      backups: this.#backups,
      push: this.#absent && ((process) => this.#absent!.push(process)),
      onTrouble: (what) => this.complain(what),
    });
  }

  complain(what: string): void {
    this.#kernel.note("judge", what);
    this.#complaints.add(what);
  }

  /** Plays with the rare paths that the plan has. */
  async playRarely(): Promise<void> {
    const random = this.#kernel.random.fork();
    const undo = withRarePaths((path) => {
      // At the end everybody reads, and whoever is put off then would have to ask again.
      const chance = path === "request-is-put-off" && this.#isHealed ? 0 : (this.#plan.rarePaths[path] ?? 0);
      if (chance === 0 || !random.isTrue(chance)) return false;
      this.#rareTimes.set(path, (this.#rareTimes.get(path) ?? 0) + 1);
      return true;
    });
    try {
      await this.play();
    } finally {
      undo();
    }
  }

  async play(): Promise<void> {
    const kernel = this.#kernel;
    const plan = this.#plan;
    await kernel.outcome("the first start", this.#server.start(), START_MS_MAX);
    await kernel.outcome("adding the users", this.#populate(), START_MS_MAX);
    const world = { kernel, plan, network: this.#network, server: this.#server, devices: this.#devices };
    const faults = new FaultInjector(world);
    this.#faults = faults;
    const untilMs = kernel.nowMs + plan.busyMs;
    for (const [index, device] of this.#devices.entries()) {
      void device.start();
      device.act(plan.actionMs, untilMs);
      if (plan.kindsMs !== undefined) device.useKinds(plan.kindsMs, untilMs, this.#seed ^ (0x41d5 + index));
      if (plan.searchMs !== undefined) device.search(plan.searchMs, untilMs, this.#seed ^ (0x5ea2 + index));
      if (plan.tabsMs !== undefined) device.upset(plan.tabsMs, untilMs);
      if (plan.mediaMs !== undefined) device.sendFiles(plan.mediaMs, untilMs, this.#seed ^ (0x3ed1 + index));
      if (plan.governMs !== undefined) device.govern(plan.governMs, untilMs, this.#seed ^ (0x60e4 + index));
      if (plan.cardsMs !== undefined) device.deal(plan.cardsMs, untilMs, this.#seed ^ (0xca4d + index));
      if (plan.changeMs !== undefined) device.change(plan.changeMs, untilMs, this.#seed ^ (0xed17 + index));
      if (plan.notifyMs !== undefined)
        device.setNotify(plan.notifyMs, untilMs, this.#seed ^ (0x4071 + index));
      if (plan.statesMs !== undefined) device.annotate(plan.statesMs, untilMs, this.#seed ^ (0x57a7 + index));
    }
    faults.start(untilMs);
    this.#backups.start(untilMs);
    this.#trim(untilMs);
    this.#campaign(untilMs);
    this.#publish(untilMs);
    if (plan.notifyMs !== undefined) this.#absent?.act(plan.notifyMs, untilMs);
    await kernel.run(untilMs);
    faults.heal();
    this.#isHealed = true;
    this.#recording.healed();
    kernel.note("faults", "over");
    await this.#settle();
    await this.#judgeWork();
    if (this.#complaints.size > 0) return;
    const { tables } = this.#server.services!.tableStack;
    for (const [conversationId, messages] of this.#truth.messages) {
      const firstKept = this.#truth.firstKept(conversationId);
      const comparing = compareStored(tables, { tenantId: TENANT, conversationId, messages, firstKept });
      const complaint = await kernel.outcome("reading the tables", comparing, READ_MS_MAX);
      if (complaint !== undefined) this.complain(complaint);
    }
    const views: DeviceView[] = [];
    const onTrouble = (what: string): void => this.complain(what);
    for (const device of this.#devices)
      views.push(await kernel.outcome(`reading ${device.name}`, look(device, onTrouble), READ_MS_MAX));
    for (const complaint of judge(this.#truth, views)) this.complain(complaint);
    for (const complaint of judgeHeard(this.#truth, this.#recording.heard.values())) this.complain(complaint);
    for (const complaint of judgeModules(this.#recording.modules, this.#truth, this.#devices))
      this.complain(complaint);
    await this.#judgeStates(views);
    for (const device of plan.notifyMs === undefined ? [] : this.#devices) {
      const asking = kernel.outcome(`asking ${device.name}`, judgeQuiet(this.#truth, device), READ_MS_MAX);
      for (const complaint of await asking) this.complain(complaint);
    }
    for (const complaint of this.#devices.flatMap(judgeStore)) this.complain(complaint);
    for (const { device, entries, messages } of views) this.#recording.looked(device.name, entries, messages);
    const report = check(this.#recording.history, { recoveryMsMax: RECOVERY_MS_MAX });
    for (const complaint of complaintsOf(report)) this.complain(complaint);
    if (plan.mediaMs !== undefined)
      await kernel.outcome("reading the files", this.#judgeMedia(views), READ_MS_MAX);
    await this.#judgeBackups();
  }

  /** After a last collection every file that somebody sees is there, for those who see it and for nobody else. */
  async #judgeMedia(views: readonly DeviceView[]): Promise<void> {
    const services = this.#server.services!;
    const { keeper } = services.media!;
    while (keeper.status.isRunning)
      await new Promise<void>((resolve) => {
        this.#kernel.after(100, "waits for the collector", resolve);
      });
    await keeper.run({ isGentle: false });
    for (const { device, messages } of views) {
      const { name } = device;
      const viewer = { name, session: await services.accounts.verify(this.#device(name).token) };
      const seen = [...messages.values()].flat();
      const places = new Set(seen.map(({ conversationId, sequence }) => `${conversationId} ${sequence}`));
      for (const complaint of await judgeFiles(this.#server.files!, viewer, seen)) this.complain(complaint);
      const unseen = [...this.#truth.messages.values()]
        .flat()
        .filter(({ conversationId, sequence }) => !places.has(`${conversationId} ${sequence}`));
      for (const complaint of await judgeStranger(this.#server.files!, viewer, unseen))
        this.complain(complaint);
    }
  }

  #device(name: string): Device {
    return this.#devices.find((device) => device.name === name)!;
  }

  /** Each device has a line of its own to the files, with chance of its own. */
  #filesOf(name: string): Pick<ConstructorParameters<typeof Device>[0], "http"> {
    if (this.#plan.mediaMs === undefined) return {};
    const random = new SeededRandom(this.#seed ^ 0x3ed1 ^ (name.charCodeAt(1) * 31 + name.charCodeAt(2)));
    const kernel = this.#kernel;
    const services = (): ServerNode["services"] => this.#server.services;
    return {
      http: (process) => mediaLine({ kernel, process, random, services, isHealed: () => this.#isHealed }),
    };
  }

  result(): SimulationResult {
    const operations = new Map<string, number>();
    const others = [this.#operator, this.#campaigning, this.#publishing, this.#absent].filter(
      (one) => one !== undefined,
    );
    for (const { counts } of [...this.#devices, ...others])
      for (const [name, count] of counts) operations.set(name, (operations.get(name) ?? 0) + count);
    let messages = 0;
    for (const each of this.#truth.messages.values()) messages += each.length;
    return {
      seed: this.#seed,
      complaints: [...this.#complaints],
      traceHash: this.#kernel.traceHash,
      events: this.#kernel.eventCount,
      virtualMs: this.#kernel.nowMs,
      messages,
      records: this.#truth.recordCount,
      serverStarts: this.#server.boots,
      ...this.#server.tidied,
      faults: Object.fromEntries(this.#faults?.counts ?? []),
      operations: Object.fromEntries(operations),
      rarePaths: Object.fromEntries(this.#rareTimes),
      backups: this.#backupsBegun,
      backupsWhole: this.#backupsWhole,
    };
  }

  async #judgeBackups(): Promise<void> {
    const begun = await this.#kernel.outcome("the last backup", this.#backups.ended(), BACKUP_MS_MAX);
    const run = {
      kernel: this.#kernel,
      plan: this.#plan,
      disk: this.#backups.disk,
      truth: this.#truth,
      tenantId: TENANT,
      userIds: [...new Set(this.#devices.map(({ userId }) => userId))],
      epoch: this.#epoch,
      hasDiskFault: this.#server.hasDiskFault,
    };
    for (const backup of begun) {
      const judging = judgeBackup(run, backup);
      const { isWhole, complaints } = await this.#kernel.outcome(
        `judging ${backup.directory}`,
        judging,
        BACKUP_MS_MAX,
      );
      this.#backupsBegun += 1;
      if (isWhole) this.#backupsWhole += 1;
      for (const complaint of complaints) this.complain(complaint);
    }
  }

  #openAbsent(): AbsentPerson {
    return new AbsentPerson({
      kernel: this.#kernel,
      seed: this.#seed,
      tenantId: TENANT,
      notify: () => this.#server.calls?.notify,
      truth: this.#truth,
      isHealed: () => this.#isHealed,
      onTrouble: (what) => this.complain(what),
    });
  }

  #trim(untilMs: number): void {
    const { trimMs } = this.#plan;
    if (trimMs === undefined) return;
    this.#operator = new Operator({
      kernel: this.#kernel,
      seed: this.#seed,
      server: this.#server,
      tenantId: TENANT,
      messages: this.#truth.messages,
      onTrouble: (what) => this.complain(what),
    });
    this.#operator.act(trimMs, untilMs);
  }

  #campaign(untilMs: number): void {
    const { campaignMs } = this.#plan;
    if (campaignMs === undefined) return;
    this.#campaigning = new Campaigning(this.#workOptions());
    this.#campaigning.act(campaignMs, untilMs);
  }

  /** What those who work on the server itself need. */
  #workOptions(): CampaigningOptions {
    return {
      kernel: this.#kernel,
      seed: this.#seed,
      tenantId: TENANT,
      userIds: [...new Set(this.#devices.map(({ userId }) => userId))],
      services: () => this.#server.services,
      onTrouble: (what) => this.complain(what),
    };
  }

  #publish(untilMs: number): void {
    const { modulesMs } = this.#plan;
    if (modulesMs === undefined) return;
    const { modules: notes } = this.#recording;
    this.#publishing = new Publishing({ ...this.#workOptions(), truth: this.#truth, notes });
    this.#publishing.act(modulesMs, untilMs);
  }

  /** What the server does by itself has come to its end with the devices' waiting, and has left nothing out. */
  async #judgeWork(): Promise<void> {
    const campaigning = this.#campaigning;
    if (campaigning !== undefined) {
      const judging = campaigning.judge(this.#truth.messages);
      for (const complaint of await this.#kernel.outcome("reading campaigns", judging, READ_MS_MAX))
        this.complain(complaint);
    }
    for (const complaint of this.#absent?.judge() ?? []) this.complain(complaint);
    if (this.#plan.review !== undefined)
      for (const complaint of judgeReviews(this.#truth)) this.complain(complaint);
  }

  async #judgeStates(views: readonly DeviceView[]): Promise<void> {
    const seen: StatesView[] = [];
    for (const device of this.#devices) {
      const { name, userId } = device;
      const looked = views.find((view) => view.device === device);
      for (const conversationId of looked?.messages.keys() ?? []) {
        const looking = lookAtStates({ name, userId, client: device.client! }, conversationId, this.#truth);
        seen.push(await this.#kernel.outcome(`reading ${name}`, looking, READ_MS_MAX));
      }
    }
    for (const complaint of judgeStates(this.#truth, seen)) this.complain(complaint);
  }

  async #populate(): Promise<void> {
    const { accounts, epoch } = this.#server.services!;
    this.#epoch = epoch;
    const userIds = Array.from({ length: this.#plan.users }, (_, index): UserId => parseUserId(`u${index}`));
    await accounts.addUsers(
      TENANT,
      userIds.map((userId) => ({ userId, name: userId })),
    );
    if (this.#plan.campaignMs !== undefined)
      await accounts.addUser({ tenantId: TENANT, userId: NEWS, name: "news", isSystem: true });
    await this.#absent?.begin(this.#server.services!);
    // Everybody talks to whoever is never there, too.
    const everybody = this.#absent === undefined ? userIds : [...userIds, ABSENT];
    for (const userId of userIds) {
      for (let index = 0; index < this.#plan.devicesPerUser; index++) {
        const name = `${userId}${"abc"[index]!}`;
        const { token, session } = await accounts.issueToken({ tenantId: TENANT, userId, deviceName: name });
        this.#recording.addDevice(name, userId, session.deviceId);
        this.#devices.push(
          new Device({
            kernel: this.#kernel,
            network: this.#network,
            name,
            userId,
            token,
            deviceKind: kindOf(this.#plan, this.#devices.length),
            isPacking: this.#plan.isPacking,
            userIds: everybody,
            recording: this.#recording,
            ...this.#filesOf(name),
            tabsSeed: this.#plan.tabsMs && this.#seed ^ (0x7ab5 + this.#devices.length),
            planted: this.#planted,
            onTrouble: (what) => this.complain(what),
          }),
        );
      }
    }
  }

  /** Waits until every device has everything and nothing is left to send. */
  async #settle(): Promise<void> {
    const kernel = this.#kernel;
    const untilMs = kernel.nowMs + SETTLE_MS_MAX;
    for (const work of [this.#campaigning, this.#publishing])
      if (work !== undefined) await kernel.outcome("work on the server", work.ended(), SETTLE_MS_MAX);
    // What was on its way through the server when the devices were quiet comes within the calm.
    let calmSinceMs = kernel.nowMs;
    let records = -1;
    while (kernel.nowMs < untilMs && kernel.nowMs - calmSinceMs < CALM_MS) {
      await kernel.run(kernel.nowMs + 250);
      const isReviewed = (this.#server.services?.laterReviewCounts()?.waiting ?? 0) === 0;
      const isTold = (this.#server.services?.notifications?.counts().waiting ?? 0) === 0;
      const isCalm = isReviewed && isTold && this.#devices.every((device) => this.#isSettled(device));
      if (!isCalm || this.#truth.recordCount !== records) calmSinceMs = kernel.nowMs;
      records = this.#truth.recordCount;
    }
    for (const device of this.#devices) {
      if (this.#isSettled(device)) {
        this.#recording.drained(device.name, Math.floor(calmSinceMs));
        continue;
      }
      const { pts } = this.#truth.user(device.userId);
      const state = device.client?.state ?? "not running";
      this.complain(
        `${device.name} is ${state} at ${device.storedPosition.pts} of ${pts} and does not settle`,
      );
    }
  }

  #isSettled(device: Device): boolean {
    if (device.client?.state !== "live" || device.isBusy) return false;
    const { pts } = this.#truth.user(device.userId);
    if (device.storedPosition.pts !== pts) return false;
    return this.#truth.hasTopics(device.userId, device.client.conversations());
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? `\n${error.stack}` : "";
}
