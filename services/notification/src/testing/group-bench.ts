/**
 * The notification service behind the real machines of a large group and of its members, over tables that survive crashes. A crash
 * may come when the rows of the conversation are durable and those of the users are not.
 */
import { createUlidSource } from "@parley/base";
import { manualAmbient, ManualTime, RecordingLogger } from "@parley/base/testing";
import type { NotifySource, Session, SessionInfo, UserKey } from "@parley/contracts";
import {
  applyConversationRecord,
  applyUserRecord,
  type ConversationChange,
  type ConversationRecord,
  conversationRecord,
  type ConversationState,
  CreateRecord,
  emptyConversation,
  forgetNeeded,
  RecallRecord,
  seesMessage,
  senderKey,
  stepsOf,
  type TopicRow,
  UserRecord as UserRecordSchema,
  type UserRecord,
  type UserState,
} from "@parley/domain";
import {
  Body,
  type ClientMessageId,
  type ConversationEntry,
  type ConversationId,
  type DeviceId,
  type DoNotDisturb,
  User,
  filled,
  type Init,
  type Message,
  type MessageId,
  NotifySettingsEvent,
  SENDS_IN_FLIGHT_MAX,
  type SessionId,
  type TenantId,
  type UserId,
} from "@parley/protocol";
import { type Batch, MemoryTables, MemoryTableStore, type TableSpec, WriteBackTables } from "@parley/tables";
import { DELIVERED } from "../channels/channel.js";
import { DeadLetters } from "../dead-letters.js";
import { NotificationService } from "../notification-service.js";
import { PushTargets } from "../push-targets.js";

const TENANT = "acme" as TenantId;
export const CROWD = "g:crowd" as ConversationId;
/** Sort (): how many records of its log a partition contains. */
const APPLIED: TableSpec = { name: "bench-applied" };
/** Who is noted in one turn. */
export const PER_TURN = 5;
const NONE = { endpoint: "", publicKey: new Uint8Array(0), authSecret: new Uint8Array(0) };

/** Of the user log: what one record of the conversation said. */
interface Spread {
  readonly source: number;
  readonly record: UserRecord;
}

/** Tables that can be made to die when the rows of the conversation are written. */
class DyingTables extends MemoryTables {
  isDying = false;

  override async write(batches: readonly Batch[], options: { readonly isDurable: boolean }): Promise<void> {
    if (!this.isDying) return super.write(batches, options);
    await super.write(
      batches.filter(({ partition }) => partition[1] === CROWD),
      options,
    );
    return new Promise(() => undefined);
  }
}

export class GroupBench {
  readonly time = new ManualTime();
  readonly logger = new RecordingLogger();
  readonly connected = new Set<string>();
  readonly #store = new MemoryTableStore();
  readonly #sessions = new Map<SessionId, Session>();
  readonly #log: ConversationRecord[] = [];
  readonly #userLog: Spread[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #sent: string[] = [];
  /** Where the next life begins, in each log. */
  #starts = { log: 0, userLog: 0 };
  // Of one life.
  #engine!: DyingTables;
  #tables!: WriteBackTables;
  #state!: ConversationState;
  #users = new Map<string, UserState>();
  #quiet = new Map<string, DoNotDisturb>();
  #messages: Message[] = [];
  #topic: TopicRow[] = [];
  service!: NotificationService;
  targets!: PushTargets;

  /** A large group of these; each has a device that can be notified, but for "zoe". */
  static async open(...names: readonly string[]): Promise<GroupBench> {
    const bench = new GroupBench();
    await bench.#begin();
    const userIds = ["zoe", ...names] as UserId[];
    const create = { creatorId: userIds[0]!, title: "Crowd", userIds, messageId: "m0" as MessageId };
    bench.apply({ create: filled(CreateRecord, { ...create, sharedFrom: 1 }) });
    for (const name of names) await bench.addDevice(name);
    return bench;
  }

  /** Who was told what, and who of what is gone, in their order; since the last call. */
  told(): readonly string[] {
    return this.#sent.splice(0);
  }

  async addDevice(name: string): Promise<void> {
    const session: Session = {
      tenantId: TENANT,
      userId: name as UserId,
      deviceId: "phone" as DeviceId,
      sessionId: sessionOf(name),
      expiresAtMs: this.time.nowMs() + 30 * 24 * 3_600_000,
    };
    this.#sessions.set(session.sessionId, session);
    await this.targets.setPushTarget(session, { channel: "hook", appId: "app", token: name, ...NONE });
    await this.service.onTarget(session);
  }

  /** Zoe says something that mentions these, or all; returns its sequence. */
  say(text: string, names: readonly string[] | "all" = [], audience: readonly string[] = []): number {
    const senderId = "zoe" as UserId;
    const number = (this.#numbers.get(senderId) ?? 0) + 1;
    this.#numbers.set(senderId, number);
    const isAll = names === "all";
    const mentions = { userIds: (isAll ? [] : names) as UserId[], isAll };
    const body = filled(Body, {
      text: { text },
      ...(names.length === 0 ? {} : { mentions }),
    });
    this.apply({
      send: {
        senderId,
        deviceId: "phone" as DeviceId,
        number,
        clientMessageId: `c${number}` as ClientMessageId,
        messageId: `m${number}` as MessageId,
        body,
        audience: audience as UserId[],
      },
    });
    return this.#messages.length;
  }

  recall(sequence: number): void {
    this.apply({ recall: filled(RecallRecord, { actorId: "zoe" as UserId, sequence }) });
  }

  edit(sequence: number, text: string): void {
    const { mentions } = this.#messages[sequence - 1]!.body!;
    const body = filled(Body, { text: { text }, mentions });
    this.apply({ edit: { actorId: "zoe" as UserId, sequence, body, limitMs: 0 } });
  }

  read(name: string, sequence: number): void {
    this.apply({ read: { userId: name as UserId, sequence, windowMs: 0 } });
  }

  leave(name: string): void {
    const userIds = [name as UserId];
    const messageId = `left-${name}` as MessageId;
    const rest = { sharedFrom: 1, scenarioRole: "", fields: [] };
    this.apply({ members: { actorId: userIds[0]!, userIds, isRemoval: true, messageId, ...rest } });
  }

  set(name: string, settings: Init<NotifySettingsEvent>): void {
    const own = { userId: name as UserId, settings: filled(NotifySettingsEvent, settings) };
    this.#spread(
      -1,
      filled(UserRecordSchema, { tenantId: TENANT, timeMs: this.time.nowMs(), settings: own }),
    );
  }

  /** A device has all that the topic told. */
  confirm(name: string): void {
    this.service.onTopicConfirmed(keyOf(name), CROWD, this.#topic.length);
  }

  apply(change: ConversationChange): void {
    this.#log.push(
      conversationRecord({ tenantId: TENANT, conversationId: CROWD }, this.time.nowMs(), change),
    );
    this.#applyAt(this.#log.length - 1, true);
  }

  /** How far a checkpoint may go that would go to the end of the log. */
  get settled(): { readonly end: number; readonly of: number } {
    const of = this.#log.length;
    return { end: this.service.settledEnd(0, of), of };
  }

  /** As the server does it: what was staged before is durable, and the next life begins there. */
  async checkpoint(): Promise<void> {
    const starts = { log: this.settled.end, userLog: this.#userLog.length };
    await this.time.run(this.#tables.flush());
    this.#starts = starts;
  }

  /** The process ends without a word. "conversation": of what was not durable the rows of the conversation alone are. */
  async crash(durable: "nothing" | "conversation" | "all"): Promise<void> {
    if (durable === "all") await this.time.run(this.#tables.flush());
    if (durable === "conversation") {
      this.#engine.isDying = true;
      void this.#tables.flush();
      await this.time.settle();
    }
    this.#store.crash();
    // Of the old process nothing moves any more.
    void this.service.stop();
    this.targets.close();
    await this.#begin();
  }

  async #begin(): Promise<void> {
    const engine = (this.#engine = new DyingTables(this.#store, this.time));
    const onFailure = (error: unknown): void => {
      throw error;
    };
    this.#tables = new WriteBackTables({ tables: engine, clock: this.time, scheduler: this.time, onFailure });
    await this.#restore();
    const ambient = manualAmbient(this.time, this.logger);
    const accounts = {
      listSessions: async (_tenantId: TenantId, userId: UserId) =>
        [this.#sessions.get(sessionOf(userId))!] as unknown as SessionInfo[],
      onRevoked: () => () => undefined,
      findUsers: async (_tenantId: TenantId, userIds: readonly UserId[]) =>
        userIds.map((userId) => filled(User, { userId, name: userId.toUpperCase() })),
    };
    this.targets = new PushTargets({ tables: new MemoryTables(this.#store, this.time), accounts });
    await this.targets.open();
    const dead = new DeadLetters(this.#tables, createUlidSource(this.time, ambient.random));
    await dead.open();
    this.service = new NotificationService({
      ambient,
      tables: this.#tables,
      targets: this.targets,
      accounts,
      dead,
      source: this.#source(),
      tenantPush: () => undefined,
      notedPerTurn: PER_TURN,
      deliver: async ({ userId }, _target, { kind, text }) => {
        this.#sent.push(kind === "alert" ? `${userId} ${text}` : `${userId} ${kind}`);
        return DELIVERED;
      },
    });
    await this.service.open();
    for (let offset = this.#starts.log; offset < this.#log.length; offset++) this.#applyAt(offset, true);
    for (let offset = this.#starts.userLog; offset < this.#userLog.length; offset++) this.#applyUser(offset);
    this.service.start();
    await this.time.settle();
  }

  /** The states that the durable rows contain. */
  async #restore(): Promise<void> {
    const stored = new MemoryTables(this.#store, this.time);
    const appliedOf = async (name: string): Promise<number> =>
      Number(Buffer.from((await stored.find(APPLIED, [TENANT, name], [])) ?? []).toString() || "0");
    this.#state = emptyConversation({ tenantId: TENANT, conversationId: CROWD });
    this.#users = new Map();
    this.#quiet = new Map();
    this.#messages = [];
    this.#topic = [];
    const applied = await appliedOf(CROWD);
    for (let offset = 0; offset < applied; offset++) this.#applyAt(offset, false);
    for (const userId of new Set(this.#userLog.flatMap(({ record }) => namesOf(record)))) {
      const end = await appliedOf(userId);
      const own = this.#userLog.slice(0, end);
      for (const [offset, { record }] of own.entries()) {
        const steps = stepsOf(record).map((step) => ({
          ...step,
          userIds: step.userIds.filter((each) => each === userId),
        }));
        const { outcomes } = applyUserRecord(record, offset, steps, (each) => this.#userOf(each));
        for (const { doNotDisturb } of outcomes) if (doNotDisturb) this.#quiet.set(userId, doNotDisturb);
      }
    }
  }

  #applyAt(offset: number, isHeard: boolean): void {
    const record = this.#log[offset]!;
    const state = this.#state;
    if (record.send !== undefined) {
      const name = senderKey(record.send.senderId, record.send.deviceId);
      const recent = Array.from({ length: SENDS_IN_FLIGHT_MAX }, () => undefined);
      if (!state.senders.has(name)) state.senders.set(name, { lastNumber: 0, recent });
    }
    const target = record.recall ?? record.edit;
    if (target !== undefined) state.targets.set(target.sequence, this.#messages[target.sequence - 1]!);
    const { changes, emissions } = applyConversationRecord(state, record, offset);
    forgetNeeded(state);
    for (const message of [...(changes?.messages ?? []), ...(changes?.changed ?? [])])
      this.#messages[message.sequence - 1] = message;
    this.#topic.push(...(changes?.topic ?? []));
    if (!isHeard) return;
    if (changes !== undefined) this.#stageApplied(CROWD, offset + 1);
    this.service.onApplied({ partition: 0, offset, record }, state, changes);
    if (emissions.length === 0 || this.#userLog.some(({ source }) => source === offset)) return;
    const spreads = emissions.map(({ userIds, event }) => ({ userIds, event }));
    this.#spread(offset, filled(UserRecordSchema, { tenantId: TENANT, timeMs: record.timeMs, spreads }));
  }

  #spread(source: number, record: UserRecord): void {
    this.#userLog.push({ source, record });
    this.#applyUser(this.#userLog.length - 1);
  }

  #applyUser(offset: number): void {
    const { record } = this.#userLog[offset]!;
    const { outcomes } = applyUserRecord(record, offset, stepsOf(record), (userId) => this.#userOf(userId));
    for (const outcome of outcomes) {
      const { userId } = outcome.state;
      if (outcome.doNotDisturb !== undefined) this.#quiet.set(userId, outcome.doNotDisturb);
      const writes = this.service.onOutcome(outcome, record.timeMs);
      this.#tables.stage({ partition: [TENANT, userId], writes });
      this.#stageApplied(userId, offset + 1);
    }
  }

  #stageApplied(name: string, applied: number): void {
    const value = Buffer.from(String(applied));
    const writes = [{ kind: "put" as const, table: APPLIED, sort: [], value }];
    this.#tables.stage({ partition: [TENANT, name], writes });
  }

  #userOf(userId: UserId): UserState {
    const known = this.#users.get(userId);
    if (known !== undefined) return known;
    const head = { applied: 0, epoch: 1, pts: 0, pinned: 0 };
    const state: UserState = { tenantId: TENANT, userId, head, entries: new Map(), given: new Map() };
    this.#users.set(userId, state);
    return state;
  }

  #source(): NotifySource {
    return {
      entry: async ({ userId }) => this.#entryOf(userId),
      entries: async ({ userId }) => [...(this.#users.get(userId)?.entries.values() ?? [])],
      countUnread: async () => 0,
      message: async ({ userId }, _conversationId, sequence) => {
        const message = this.#messages[sequence - 1];
        return message !== undefined && seesMessage(message, userId) ? message : undefined;
      },
      topicBefore: async (_key, before, limit) =>
        this.#topic
          .map((row, index) => ({ pts: index + 1, row }))
          .filter(({ pts }) => before === 0 || pts < before)
          .toReversed()
          .slice(0, limit),
      event: async () => undefined,
      doNotDisturb: async ({ userId }) => this.#quiet.get(userId),
      isConnected: ({ userId }) => this.connected.has(userId),
    };
  }

  #entryOf(userId: UserId): ConversationEntry | undefined {
    const entry = this.#users.get(userId)?.entries.get(CROWD);
    const member = this.#state.members.get(userId);
    if (entry === undefined || member === undefined) return undefined;
    const last = this.#messages.length;
    const first = Math.max(member.firstVisible, member.readSequence + 1);
    return { ...entry, title: "Crowd", unreadRanges: first > last ? [] : [first, last] };
  }
}

function keyOf(name: string): UserKey {
  return { tenantId: TENANT, userId: name as UserId };
}

function namesOf({ spreads, settings }: UserRecord): readonly UserId[] {
  return settings === undefined ? spreads.flatMap(({ userIds }) => userIds) : [settings.userId];
}

function sessionOf(name: string): SessionId {
  return `s-${name}` as SessionId;
}
