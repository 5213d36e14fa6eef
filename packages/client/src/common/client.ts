/** The client: puts the parts together and passes on what one part tells the others. */
import { assert, createUlidSource, messageOf, TaskQueue } from "@parley/base";
import {
  type ConversationEntry,
  type ConversationId,
  type Frame,
  type FramePayload,
  directUsers,
  parseClientMessageId,
  type UserId,
} from "@parley/protocol";
import type {
  ClientEvents,
  ConnectionState,
  ConnectionStatus,
  ParleyClient,
  PendingMessage,
  Timeline,
} from "./api.js";
import { type CallParts, ClientCalls } from "./client-calls.js";
import type { ClientOptions } from "./client-options.js";
import { createClientTabs } from "./client-tabs.js";
import type { Committed } from "./draft.js";
import { Emitter } from "./emitter.js";
import { GapFiller } from "./gap-filler.js";
import { GroupCache } from "./group-cache.js";
import { createGroupClient, type GroupClient } from "./group-client.js";
import { History } from "./history.js";
import { Intake } from "./intake.js";
import type { Loaders } from "./loaders.js";
import { MessageStates } from "./message-states.js";
import { Media } from "./media.js";
import { Modules } from "./modules.js";
import { createNotifyClient, type NotifyClient } from "./notify.js";
import { Outbox } from "./outbox.js";
import { Presence } from "./presence.js";
import { Reading } from "./reading.js";
import { NO_RELAY, type Relay } from "./relay.js";
import { Replica } from "./replica.js";
import { Requests } from "./requests.js";
import { SampleCheck } from "./sample-check.js";
import { type Outgoing, outgoingOf } from "./sending.js";
import { Session } from "./session.js";
import { publicState, type SessionState } from "./session-state.js";
import { Settling } from "./settling.js";
import { LocalStorage } from "./storage.js";
import { destroyWithin, type StoreOwner } from "./store.js";
import type { TabChannel } from "./tab-channel.js";
import type { Tabs } from "./tabs.js";
import { pendingMessage, Timelines } from "./timelines.js";
import { Topics } from "./topics.js";

/** A client that has not started yet, and comes to its late code in a certain way. */
export function clientWith(options: ClientOptions, loaders: Loaders): ParleyClient {
  return new Client(options, loaders);
}

class Client extends ClientCalls implements ParleyClient {
  readonly self: UserId;
  readonly #options: ClientOptions;
  readonly #emitter = new Emitter();
  readonly #modules: Modules;
  readonly #newId: () => string;
  readonly #replica: Replica;
  readonly #session: Session;
  readonly #requests: Requests;
  readonly #intake: Intake;
  readonly #topics: Topics;
  readonly #outbox: Outbox;
  readonly #history: History;
  readonly #gaps: GapFiller;
  readonly #timelines: Timelines;
  readonly #groups: GroupCache;
  readonly groups: GroupClient;
  readonly notify: NotifyClient;
  readonly presence: Presence;
  readonly #reading: Reading;
  readonly #states: MessageStates;
  readonly #settling: Settling;
  readonly #storage: LocalStorage;
  readonly #sample: SampleCheck;
  readonly #owner: StoreOwner;
  /** The tabs that share the store; undefined: this client has it alone. */
  readonly #tabs: Tabs | undefined;
  readonly #relay: Relay;
  readonly #media: Media;
  /** The start or stop on its way; each waits for the one before it. */
  readonly #lifecycle = new TaskQueue();
  #isStoreOpen = false;
  #connection: ConnectionStatus = { state: "idle" };

  constructor(options: ClientOptions, loaders: Loaders) {
    super(loaders);
    const { ambient, userId } = options;
    this.self = userId;
    this.#options = options;
    this.#newId = createUlidSource(ambient.clock, ambient.random);
    this.#owner = { userId, deviceId: options.deviceId ?? "" };
    this.#tabs = options.tabs === undefined ? undefined : this.#createTabs(options.tabs);
    this.#relay = this.#tabs ?? NO_RELAY;
    this.#replica = new Replica(options.store, (committed, changes) => {
      this.#tabs?.tellCommit(changes, committed);
      this.#onCommitted(committed);
      this.#storage.note(changes);
    });
    this.#storage = this.#createStorage(loaders.calls);
    this.#replica.onLeadLost = () => this.#tabs?.onLost();
    this.#modules = new Modules({ replica: this.#replica, emitter: this.#emitter });
    this.#session = this.#createSession();
    this.#requests = new Requests(this.#session, ambient, this.#relay);
    this.#history = new History(this.#replica, this.#requests, this.#relay);
    this.#gaps = new GapFiller({
      replica: this.#replica,
      history: this.#history,
      logger: ambient.logger,
      isAway: (conversationId) => this.#timelines.isAway(conversationId),
    });
    this.#reading = new Reading({
      replica: this.#replica,
      requests: this.#requests,
      session: this.#session,
      logger: ambient.logger,
      relay: this.#relay,
    });
    this.#topics = new Topics({
      replica: this.#replica,
      requests: this.#requests,
      onIdle: () => this.#intake.onTopicsIdle(),
      onFailed: (error) => this.#intake.fail(error),
    });
    this.#states = new MessageStates({
      replica: this.#replica,
      requests: this.#requests,
      emitter: this.#emitter,
      newId: this.#newId,
      load: loaders.calls,
    });
    this.#intake = new Intake({
      options,
      replica: this.#replica,
      session: this.#session,
      requests: this.#requests,
      history: this.#history,
      topics: this.#topics,
      onIdle: () => this.#settling.check(),
    });
    this.#outbox = this.#createOutbox();
    this.#media = new Media(options, loaders.files, (to, body) => this.give(to, outgoingOf(body)));
    this.#timelines = this.#createTimelines();
    this.#groups = this.#createGroups(loaders.calls);
    this.groups = createGroupClient(this.#requests, this.#groups, loaders.calls);
    this.#sample = new SampleCheck(this.calls, loaders.calls, () => this.#connection.state === "live");
    this.notify = createNotifyClient(this.#requests, (of) => this.#replica.entry(of), loaders.calls);
    this.presence = this.#createPresence(loaders.calls);
    this.#settling = new Settling(ambient.scheduler, () => this.#isSettled());
  }

  get state(): ConnectionState {
    return publicState(this.#session.shownState);
  }

  get connection(): ConnectionStatus {
    return this.#connection;
  }

  get isLeading(): boolean {
    return !this.#relay.isFollowing;
  }

  connectNow(): void {
    if (this.isLeading) this.#session.connectNow();
    else this.#relay.call("connectNow", []).catch(() => undefined);
  }

  start(): Promise<void> {
    return this.#lifecycle.run(async () => {
      if (this.#tabs !== undefined && !this.#tabs.isOpen) return this.#tabs.open();
      if (this.#relay.isFollowing) return void (await this.#relay.call("start", []));
      if (!this.#isStoreOpen) {
        await this.#replica.load(this.#owner);
        this.#onLoaded();
      }
      this.#connect();
    });
  }

  #onLoaded(): void {
    this.#isStoreOpen = true;
    this.#outbox.onLoaded();
    if (this.isLeading) this.#sample.onLoaded();
    this.#emitter.emit("conversations", { changed: [...this.#replica.state.entries.keys()] });
  }

  #connect(): void {
    this.#requests.start();
    this.#session.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.run(async () => {
      this.#media.stop();
      this.#session.stop();
      this.#reading.stop();
      this.#requests.stop();
      this.#settling.stop();
      this.presence.keeper?.stop();
      await this.#tabs?.stop();
      if (this.#isStoreOpen) {
        this.#isStoreOpen = false;
        await this.#replica.idle();
        this.#timelines.closeAll();
        await this.#options.store.close();
      }
      // Only now: whoever leads next opens the store.
      this.#tabs?.release();
    });
  }

  wipe(): Promise<void> {
    this.#tabs?.tellWiped();
    return this.#wipe();
  }

  async settled(timeoutMs: number): Promise<void> {
    if (this.#relay.isFollowing) await this.#relay.call("settled", [timeoutMs]);
    return this.#settling.wait(timeoutMs);
  }

  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  conversations(): readonly ConversationEntry[] {
    return this.#replica.conversations();
  }

  timeline(conversationId: ConversationId): Timeline | undefined {
    return this.#timelines.get(conversationId);
  }

  open(conversationId: ConversationId): Promise<Timeline> {
    if (directUsers(conversationId) === undefined) this.#groups.want(conversationId);
    this.#storage.look(conversationId);
    return this.#timelines.open(conversationId);
  }

  protected override async give(conversationId: ConversationId, outgoing: Outgoing): Promise<PendingMessage> {
    assert(this.#isStoreOpen, "Start the client first.");
    const item = await this.#outbox.add(conversationId, outgoing);
    return pendingMessage(item, this.#outbox.isInFlight(item));
  }

  retry(conversationId: ConversationId, clientMessageId: string): Promise<void> {
    return this.#outbox.retry(conversationId, clientMessageId);
  }

  discard(conversationId: ConversationId, clientMessageId: string): Promise<void> {
    return this.#outbox.discard(conversationId, clientMessageId);
  }

  markRead(conversationId: ConversationId, sequence?: number): void {
    this.#reading.mark(conversationId, sequence);
  }

  protected override get calls(): CallParts {
    return {
      options: this.#options,
      ambient: this.#options.ambient,
      requests: this.#requests,
      replica: this.#replica,
      history: this.#history,
      groups: this.#groups,
      states: this.#states,
      media: this.#media,
      storage: this.#storage,
      timelines: this.#timelines,
      newId: this.#newId,
    };
  }

  #createSession(): Session {
    const { url, token, transport, inflate, ambient } = this.#options;
    return new Session({
      url,
      token,
      clientName: this.#options.clientName ?? "parley-client",
      deviceKind: this.#options.deviceKind ?? "",
      transport,
      inflate,
      ambient,
      hooks: {
        position: () => this.#replica.state.position,
        onWelcome: (welcome) => this.#onUp(welcome),
        onFrame: (frame) => this.#onFrame(frame),
        onDown: () => this.#onDown(),
        onState: (state, code) => this.#onState(state, code),
        isQuiet: () => this.#requests.isIdle,
      },
    });
  }

  #createPresence(load: Loaders["calls"]): Presence {
    return new Presence({
      ...this.calls,
      self: this.self,
      session: this.#session,
      relay: this.#relay,
      emitter: this.#emitter,
      tell: (told) => this.#tabs?.tellPresence(told),
      load,
    });
  }

  #createOutbox(): Outbox {
    return new Outbox({
      self: this.self,
      ambient: this.#options.ambient,
      replica: this.#replica,
      session: this.#session,
      requests: this.#requests,
      relay: this.#relay,
      newClientMessageId: () => parseClientMessageId(this.#newId()),
      onChanged: (conversationId) => {
        this.#tabs?.tellFlight(() => this.#outbox.flights([conversationId])[0]!);
        this.#timelines.touch(conversationId);
        this.#settling.check();
      },
      onPlaced: (message) => {
        this.#tabs?.tellPlaced(message);
        this.#timelines.notePlaced(message);
      },
    });
  }

  #createTabs(channel: TabChannel): Tabs {
    return createClientTabs({
      channel,
      ambient: this.#options.ambient,
      tab: this.#newId(),
      owner: this.#owner,
      parts: () => ({
        replica: this.#replica,
        session: this.#session,
        requests: this.#requests,
        history: this.#history,
        outbox: this.#outbox,
        reading: this.#reading,
        settling: this.#settling,
        storage: this.#storage,
        timelines: this.#timelines,
        groups: this.#groups,
        presence: this.presence,
      }),
      isReadable: () => this.#isStoreOpen,
      onLoaded: () => this.#onLoaded(),
      connect: () => this.#connect(),
      connection: () => this.#connection,
      onConnection: (connection) => this.#showConnection(connection),
      onWiped: () => void this.#wipe().catch(() => undefined),
    });
  }

  async #wipe(): Promise<void> {
    await this.stop();
    await destroyWithin(this.#options.store, this.#options.ambient.scheduler);
    this.#emitter.emit("wiped", {});
  }

  #createStorage(load: Loaders["calls"]): LocalStorage {
    return new LocalStorage({
      load,
      replica: this.#replica,
      relay: this.#relay,
      ambient: this.#options.ambient,
      budgetBytes: this.#options.storageBudget,
      isOpen: (conversationId) => this.#timelines.isOpen(conversationId),
      onEvicted: (evicted) => this.#emitter.emit("evicted", evicted),
    });
  }

  #createGroups(load: Loaders["calls"]): GroupCache {
    const { logger } = this.#options.ambient;
    return new GroupCache({
      self: this.self,
      requests: this.#requests,
      entry: (conversationId) => this.#replica.entry(conversationId),
      isConnected: () => this.#session.isUp,
      onChanged: (conversationId) => this.#emitter.emit("group", { conversationId }),
      onError: (error) => logger.info("group not brought", { reason: messageOf(error) }),
      load,
    });
  }

  #createTimelines(): Timelines {
    const { logger } = this.#options.ambient;
    return new Timelines({
      replica: this.#replica,
      history: this.#history,
      isConnected: () => this.#session.isUp,
      isInFlight: (item) => this.#outbox.isInFlight(item),
      onChanged: (conversationId) => {
        this.#emitter.emit("timeline", { conversationId });
        this.#settling.check();
      },
      onIdle: () => this.#settling.check(),
      // A later event, opening or connection fetches again.
      onError: (error) => logger.warn("timeline not refreshed", { reason: messageOf(error) }),
    });
  }

  #onUp(welcome: FramePayload<"welcome">): void {
    if (welcome.userId !== this.self) {
      // The store would be mixed of two users.
      this.#options.ambient.logger.error("welcomed as another user");
      this.#session.stop();
      return;
    }
    this.#requests.onUp();
    this.#intake.onUp();
    this.#outbox.onUp();
    this.#reading.onUp();
    this.#timelines.onUp();
    this.#groups.onUp();
    this.#gaps.onUp();
    this.presence.onUp();
  }

  #onDown(): void {
    this.#intake.onDown();
    this.#topics.onDown();
    this.#outbox.onDown();
    this.#gaps.onDown();
    this.#requests.onDown();
    this.presence.keeper?.onDown();
  }

  #onFrame(frame: Frame): void {
    if (frame.name === "push") this.#intake.takePush(frame.payload);
    else if (frame.name === "rebase") this.#intake.takeRebase(frame.payload);
    else if (frame.name === "ahead") this.#modules.takeAhead(frame.payload);
    else if (frame.name === "someoneTypes") this.presence.take(frame.payload);
    else {
      // An answer too is known in its order among those that come by themselves.
      if (frame.name === "presence") this.presence.take(frame.payload);
      this.#requests.take(frame);
    }
  }

  #onState(state: SessionState, code: string | undefined): void {
    // Connecting and greeting are one for the application.
    if (state === "greeting") return;
    const { retryAtMs } = this.#session;
    const connection = {
      state: publicState(state),
      ...(code === undefined ? {} : { code }),
      ...(retryAtMs === undefined ? {} : { retryAtMs }),
    };
    this.#tabs?.tellStatus({ state, connection });
    this.#showConnection(connection);
  }

  #showConnection(connection: ConnectionStatus): void {
    this.#connection = connection;
    if (connection.state === "live") this.#media.wake();
    if (connection.state === "live") this.#sample.onLive();
    this.#emitter.emit("connection", connection);
    this.#settling.check();
  }

  #onCommitted(committed: Committed): void {
    for (const [conversationId, sequences] of committed.deleted)
      this.#history.noteHidden(conversationId, sequences);
    for (const [conversationId, messages] of committed.changed)
      this.#history.noteChanged(conversationId, messages);
    // While a Rebase is under way the whole list is followed after it; for a tab that follows, its leader does.
    if (this.isLeading && this.#session.isUp && !this.#intake.isRebasing)
      this.#topics.onChanged(committed.entries, committed.joined);
    this.#history.noteReactions(committed.reactions);
    this.#history.noteCardParts(committed.cardParts);
    this.#timelines.onCommitted(committed);
    for (const message of committed.signals) this.#emitter.emit("signal", { message });
    this.#states.onCommitted(committed);
    this.#modules.onCommitted(committed);
    this.#groups.note(committed.groups);
    this.#groups.noteEntries(committed.entries);
    this.presence.keeper?.onCommitted(committed.entries);
    for (const conversationId of committed.spans) this.#gaps.note(conversationId);
    if (committed.entries.size > 0) this.#emitter.emit("conversations", { changed: [...committed.entries] });
    this.#settling.check();
  }

  #isSettled(): boolean {
    return (
      this.#session.state === "live" && this.#intake.isIdle && this.#outbox.isIdle && this.#timelines.isIdle
    );
  }
}
