/** One run: a server, some people with their devices, a time of trouble, and a judgement when all is well again. */
import { isDeepStrictEqual } from "node:util";
import { check } from "@parley/checker";
import { CONVERSATION_MESSAGE } from "@parley/message";
import {
  type ConversationId,
  type Message,
  Message as MessageSchema,
  type TenantId,
  type UserId,
  decode,
  parseUserId,
} from "@parley/protocol";
import { DEFAULT_TENANT } from "@parley/server";
import { type RarePath, reasonOf, withRarePaths } from "@parley/base";
import { judgeBackup } from "./backups/judge-backup.js";
import { SimulatedBackups } from "./backups/simulated-backups.js";
import { Device } from "./device.js";
import { FaultInjector } from "./faults.js";
import { complaintsOf } from "./recording/complaints.js";
import { type DeviceView, judge } from "./recording/judge.js";
import { Kernel, type TraceLine } from "./kernel.js";
import { Network } from "./network.js";
import { PLANTED_BUGS, type PlantedBugName } from "./planted-bugs.js";
import { Operator } from "./operator.js";
import type { Plan } from "./plan.js";
import { withoutAmbient } from "./poison.js";
import { ServerNode } from "./server-node.js";
import { Recording } from "./recording/recording.js";
import { Truth } from "./recording/truth.js";

const TENANT: TenantId = DEFAULT_TENANT;
const START_MS_MAX = 60_000;
/** When everything is well again, all devices have everything within this time. */
const SETTLE_MS_MAX = 120_000;
const CALM_MS = 2_000;
/** Backoff, heartbeats and a gateway's patience together; see the limits of the SDK. */
const RECOVERY_MS_MAX = 90_000;
const READ_MS_MAX = 900_000;
const BACKUP_MS_MAX = 120_000;
const PAGES_MAX = 10_000;
const STORED_PAGE = 100;

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

  constructor(seed: number, plan: Plan, { onTrace, planted }: SimulationOptions) {
    this.#seed = seed;
    this.#plan = plan;
    this.#kernel = new Kernel(seed);
    this.#kernel.onTrace = onTrace;
    this.#recording = new Recording({
      tenantId: TENANT,
      nowMs: () => Math.floor(this.#kernel.nowMs),
    });
    this.#network = new Network(this.#kernel, plan, (device, direction, packet) =>
      this.#recording.packet(device, direction, packet),
    );
    this.#truth = new Truth({
      onTrouble: (what) => this.complain(what),
      recording: this.#recording,
      epoch: () => this.#epoch,
    });
    const bug = planted === undefined ? {} : PLANTED_BUGS[planted];
    this.#backups = new SimulatedBackups({
      kernel: this.#kernel,
      seed,
      plan,
      planted: bug,
      marks: () => this.#truth.marks(),
    });
    this.#server = new ServerNode({
      kernel: this.#kernel,
      network: this.#network,
      plan,
      tap: this.#truth.tap,
      planted: bug,
      backups: this.#backups,
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
    const world = {
      kernel,
      plan,
      network: this.#network,
      server: this.#server,
      devices: this.#devices,
    };
    const faults = new FaultInjector(world);
    this.#faults = faults;
    const untilMs = kernel.nowMs + plan.busyMs;
    for (const [index, device] of this.#devices.entries()) {
      void device.start();
      device.act(plan.actionMs, untilMs);
      if (plan.changeMs !== undefined) device.change(plan.changeMs, untilMs, this.#seed ^ (0xed17 + index));
    }
    faults.start(untilMs);
    this.#backups.start(untilMs);
    this.#trim(untilMs);
    await kernel.run(untilMs);
    faults.heal();
    this.#isHealed = true;
    this.#recording.healed();
    kernel.note("faults", "over");
    await this.#settle();
    if (this.#complaints.size > 0) return;
    for (const [conversationId, messages] of this.#truth.messages)
      await kernel.outcome("reading the tables", this.#compareStored(conversationId, messages), READ_MS_MAX);
    const views: DeviceView[] = [];
    for (const device of this.#devices)
      views.push(await kernel.outcome(`reading ${device.name}`, this.#look(device), READ_MS_MAX));
    for (const complaint of judge(this.#truth, views)) this.complain(complaint);
    this.#judgeStores();
    for (const { device, entries, messages } of views) this.#recording.looked(device.name, entries, messages);
    const report = check(this.#recording.history, { recoveryMsMax: RECOVERY_MS_MAX });
    for (const complaint of complaintsOf(report)) this.complain(complaint);
    await this.#judgeBackups();
  }

  result(): SimulationResult {
    const operations = new Map<string, number>();
    for (const { counts } of [...this.#devices, ...(this.#operator === undefined ? [] : [this.#operator])])
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

  /** What cannot be seen any more is not stored either, though nothing shows it. */
  #judgeStores(): void {
    for (const device of this.#devices) {
      for (const { conversationId, firstVisible } of device.client?.conversations() ?? []) {
        const count = device.storedBelow(conversationId, firstVisible);
        if (count === 0) continue;
        this.complain(
          `${device.name} still stores ${count} messages of ${conversationId} below ${firstVisible}`,
        );
      }
    }
  }

  async #populate(): Promise<void> {
    const { accounts, epoch } = this.#server.services!;
    this.#epoch = epoch;
    const userIds = Array.from({ length: this.#plan.users }, (_, index): UserId => parseUserId(`u${index}`));
    await accounts.addUsers(
      TENANT,
      userIds.map((userId) => ({ userId, name: userId })),
    );
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
            userIds,
            recording: this.#recording,
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
    // What was on its way through the server when the devices were quiet comes within the calm.
    let calmSinceMs = kernel.nowMs;
    let records = -1;
    while (kernel.nowMs < untilMs && kernel.nowMs - calmSinceMs < CALM_MS) {
      await kernel.run(kernel.nowMs + 250);
      const isCalm = this.#devices.every((device) => this.#isSettled(device));
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

  /** Whether the tables hold each message that is kept once, wherever it lies by now. */
  async #compareStored(conversationId: ConversationId, messages: readonly Message[]): Promise<void> {
    const { tables } = this.#server.services!.tableStack;
    const partition = [TENANT, conversationId];
    const query = { table: CONVERSATION_MESSAGE, partition, limit: STORED_PAGE };
    const firstKept = this.#truth.firstKept(conversationId);
    let next = 1;
    for (;;) {
      const rows = await tables.range({ ...query, from: [next] });
      for (const { sort, value } of rows) {
        const message = decode(MessageSchema, value);
        const { sequence } = message;
        const isRight = sequence === sort[0] && isDeepStrictEqual(message, messages[sequence - 1]);
        // What is not kept any more may be there still.
        if (!isRight || (sequence > next && sequence > firstKept))
          return this.complain(`${conversationId} holds another message at ${Math.max(next, firstKept)}`);
        next = sequence + 1;
      }
      if (rows.length < STORED_PAGE) break;
    }
    if (next - 1 !== messages.length)
      this.complain(`${conversationId} ends at ${next - 1} of ${messages.length} messages`);
  }

  #isSettled(device: Device): boolean {
    if (device.client?.state !== "live" || device.isBusy) return false;
    return device.storedPosition.pts === this.#truth.user(device.userId).pts;
  }

  /** Everything that a device can show, paged to the beginning. */
  async #look(device: Device): Promise<DeviceView> {
    const client = device.client!;
    const entries = client.conversations();
    const messages = new Map<ConversationId, readonly Message[]>();
    for (const { conversationId, isMember } of entries) {
      if (!isMember) continue;
      let timeline = await client.open(conversationId);
      for (let page = 0; page < PAGES_MAX && !timeline.isAtBeginning; page++)
        timeline = await client.loadOlder(conversationId, 30);
      messages.set(conversationId, timeline.messages);
    }
    return { device, entries, messages };
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? `\n${error.stack}` : "";
}
