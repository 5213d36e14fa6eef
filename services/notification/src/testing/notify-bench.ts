/** The notification service behind the real user machine, over tables that survive its crashes, before scripted channels. */
import { createUlidSource } from "@parley/base";
import { manualAmbient, ManualTime, RecordingLogger } from "@parley/base/testing";
import type { NotifySource, Session, SessionInfo, UserKey } from "@parley/contracts";
import {
  applyUserRecord,
  type NotifyPreview,
  stepsOf,
  UserRecord as UserRecordSchema,
  type UserRecord,
  type UserState,
} from "@parley/domain";
import {
  AS_SENT,
  Body,
  type ConversationId,
  decode,
  type DeviceId,
  type DoNotDisturb,
  encode,
  Event,
  User,
  filled,
  type Init,
  JoinedEvent,
  type Message,
  type MessageId,
  ModuleEvent,
  type ModuleName,
  NotifySettingsEvent,
  type SessionId,
  type TenantId,
  textBody,
  type UserId,
} from "@parley/protocol";
import { MemoryTables, MemoryTableStore, WriteBackTables } from "@parley/tables";
import { DELIVERED, type Delivery, type Notification } from "../channels/channel.js";
import { DeadLetters } from "../dead-letters.js";
import type { ModulePush } from "../module-push.js";
import { type NotificationOptions, NotificationService } from "../notification-service.js";
import { PushTargets } from "../push-targets.js";

export const TENANT = "acme" as TenantId;
export const GROUP = "g:team" as ConversationId;
export const ANN: UserKey = { tenantId: TENANT, userId: "ann" as UserId };

export interface SentPush {
  readonly deviceId: string;
  readonly notification: Notification;
}

export class NotifyBench {
  readonly time = new ManualTime();
  readonly logger = new RecordingLogger();
  readonly sent: SentPush[] = [];
  /** What the channel answers. */
  answer: (deviceId: string, notification: Notification) => Delivery | Promise<Delivery> = () => DELIVERED;
  preview: NotifyPreview = "full";
  readonly connected = new Set<string>();
  readonly systemAccounts = new Set<string>();
  readonly modules = new Map<string, ModulePush>();
  readonly #store = new MemoryTableStore();
  readonly #options: Partial<NotificationOptions>;
  readonly #states = new Map<string, UserState>();
  readonly #queues = new Map<string, Uint8Array>();
  readonly #messages = new Map<number, Message>();
  readonly #quiet = new Map<string, DoNotDisturb>();
  readonly #sessions = new Map<SessionId, Session>();
  #tables: WriteBackTables;
  #offset = 0;
  #sequence = 0;
  dead!: DeadLetters;
  service!: NotificationService;
  targets!: PushTargets;

  private constructor(options: Partial<NotificationOptions>) {
    this.#options = options;
    this.#tables = this.#openTables();
  }

  /** With ann in the group, and a device of hers that can be notified. */
  static async open(options: Partial<NotificationOptions> = {}): Promise<NotifyBench> {
    const bench = new NotifyBench(options);
    await bench.#begin();
    await bench.addDevice("ann", "phone");
    for (const name of ["ann", "bob"]) {
      const joined = filled(JoinedEvent, { conversationId: GROUP, title: "Team", firstVisible: 1 });
      bench.tell([name], { joined });
    }
    return bench;
  }

  async addDevice(name: string, device: string): Promise<void> {
    const session: Session = {
      tenantId: TENANT,
      userId: name as UserId,
      deviceId: device as DeviceId,
      sessionId: `s-${device}` as SessionId,
      expiresAtMs: this.time.nowMs() + 30 * 24 * 3_600_000,
    };
    this.#sessions.set(session.sessionId, session);
    const none = { endpoint: "", publicKey: new Uint8Array(0), authSecret: new Uint8Array(0) };
    await this.targets.setPushTarget(session, { channel: "hook", appId: "app", token: device, ...none });
  }

  /** Bob says something; returns its sequence. */
  say(text: string, changes: Partial<Message> = {}): number {
    this.#sequence += 1;
    const message: Message = {
      conversationId: GROUP,
      sequence: this.#sequence,
      messageId: `m${this.#sequence}` as MessageId,
      senderId: "bob" as UserId,
      clientMessageId: "" as never,
      timeMs: this.time.nowMs(),
      body: textBody(text),
      isCountable: true,
      ...AS_SENT,
      ...changes,
    };
    this.#messages.set(message.sequence, message);
    this.tell(["ann", "bob"], { message });
    return this.#sequence;
  }

  /** Queues keep nothing any more of what was told. */
  forgetQueues(): void {
    this.#queues.clear();
  }

  mention(text: string): number {
    const mentions = { userIds: [ANN.userId], isAll: false };
    return this.say(text, { body: filled(Body, { text: { text }, mentions }) });
  }

  recall(sequence: number): void {
    const message = {
      ...this.#messageOf(sequence),
      revision: 1,
      body: undefined,
      recall: { actorId: "bob" as UserId, timeMs: this.time.nowMs() },
    };
    this.tell(["ann", "bob"], { changed: { message } });
  }

  edit(sequence: number, text: string): void {
    this.tell(["ann", "bob"], {
      changed: { message: { ...this.#messageOf(sequence), revision: 1, body: textBody(text) } },
    });
  }

  read(sequence: number): void {
    this.tell(["ann"], { read: { conversationId: GROUP, sequence } });
  }

  set(settings: Init<NotifySettingsEvent>): void {
    const own = { userId: ANN.userId, settings: filled(NotifySettingsEvent, settings) };
    this.#apply(filled(UserRecordSchema, { tenantId: TENANT, timeMs: this.time.nowMs(), settings: own }));
  }

  /** A business module publishes to ann. */
  publish(name: string, push: ModulePush): void {
    this.modules.set(name, push);
    const module = filled(ModuleEvent, { module: "todo" as ModuleName, id: name });
    const spreads = [{ userIds: [ANN.userId], event: encode(Event, { module }) }];
    this.#apply(filled(UserRecordSchema, { tenantId: TENANT, timeMs: this.time.nowMs(), spreads }));
  }

  tell(names: readonly string[], event: Init<Event>): void {
    const spreads = [{ userIds: names as readonly UserId[], event: encode(Event, event) }];
    this.#apply(filled(UserRecordSchema, { tenantId: TENANT, timeMs: this.time.nowMs(), spreads }));
  }

  /** A device of ann's has everything. */
  confirm(): void {
    this.service.onConfirmed(ANN, this.#states.get("ann")!.head.pts);
  }

  /** The process ends without a word; what is flushed stays. */
  async crash(): Promise<void> {
    await this.time.run(this.#tables.flush());
    // Of the old process nothing moves any more.
    void this.service.stop();
    this.targets.close();
    this.#tables = this.#openTables();
    await this.#begin();
  }

  /** Titles, texts and badges that were shown, "-" where something was taken away. */
  shown(): readonly string[] {
    return this.sent.map(({ deviceId, notification }) => {
      const { kind, title, text, badge } = notification;
      const what = kind === "alert" ? `${title}: ${text}` : kind;
      return `${deviceId} ${what} (${badge})`;
    });
  }

  #openTables(): WriteBackTables {
    const tables = new MemoryTables(this.#store, this.time);
    const fail = (error: unknown): void => {
      throw error;
    };
    return new WriteBackTables({ tables, clock: this.time, scheduler: this.time, onFailure: fail });
  }

  async #begin(): Promise<void> {
    const ambient = manualAmbient(this.time, this.logger);
    this.targets = new PushTargets({
      tables: new MemoryTables(this.#store, this.time),
      accounts: {
        listSessions: async (_tenantId, userId) =>
          [...this.#sessions.values()].filter((each) => each.userId === userId) as unknown as SessionInfo[],
        onRevoked: () => () => undefined,
      },
    });
    await this.targets.open();
    const dead = (this.dead = new DeadLetters(this.#tables, createUlidSource(this.time, ambient.random), 3));
    await dead.open();
    this.service = new NotificationService({
      ambient,
      tables: this.#tables,
      targets: this.targets,
      source: this.#source(),
      accounts: {
        findUsers: async (_tenantId, userIds) =>
          userIds.map((userId) =>
            filled(User, {
              userId,
              name: userId.toUpperCase(),
              isSystem: this.systemAccounts.has(userId),
            }),
          ),
      },
      deliver: async (_user, { deviceId }, notification) => {
        this.sent.push({ deviceId, notification });
        return this.answer(deviceId, notification);
      },
      dead,
      tenantPush: () => ({ preview: this.preview, apps: new Map() }),
      modulePushOf: (event) => this.modules.get(decode(Event, event).module?.id ?? ""),
      ...this.#options,
    });
    await this.service.open();
    this.service.start();
  }

  #source(): NotifySource {
    return {
      entry: async ({ userId }, conversationId) => this.#states.get(userId)?.entries.get(conversationId),
      entries: async ({ userId }) => [...(this.#states.get(userId)?.entries.values() ?? [])],
      countUnread: async () => 0,
      message: async (_user, _conversationId, sequence) => this.#messages.get(sequence),
      topicBefore: async () => [],
      event: async ({ userId }, pts) => this.#queues.get(`${userId} ${pts}`),
      doNotDisturb: async ({ userId }) => this.#quiet.get(userId),
      isConnected: ({ userId }) => this.connected.has(userId),
    };
  }

  #apply(record: UserRecord): void {
    const steps = stepsOf(record);
    const { outcomes } = applyUserRecord(record, this.#offset++, steps, (userId) => this.#stateOf(userId));
    for (const outcome of outcomes) {
      const { userId } = outcome.state;
      for (const [index, event] of outcome.events.entries())
        this.#queues.set(`${userId} ${outcome.firstPts + index}`, event);
      if (outcome.doNotDisturb !== undefined) this.#quiet.set(userId, outcome.doNotDisturb);
      const writes = this.service.onOutcome(outcome, record.timeMs);
      if (writes.length > 0) this.#tables.stage({ partition: [TENANT, userId], writes });
    }
  }

  #stateOf(userId: UserId): UserState {
    let state = this.#states.get(userId);
    if (state === undefined) {
      const head = { applied: 0, epoch: 1, pts: 0, pinned: 0 };
      state = { tenantId: TENANT, userId, head, entries: new Map(), given: new Map() };
      this.#states.set(userId, state);
    }
    return state;
  }

  #messageOf(sequence: number): Message {
    return {
      conversationId: GROUP,
      sequence,
      messageId: `m${sequence}` as MessageId,
      senderId: "bob" as UserId,
      clientMessageId: "" as never,
      timeMs: this.time.nowMs(),
      body: textBody("?"),
      isCountable: true,
      ...AS_SENT,
    };
  }
}
