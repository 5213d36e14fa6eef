/** The client: puts the parts together and passes on what one part tells the others. */
import { assert, createUlidSource, messageOf, TaskQueue } from "@parley/base";
import {
  type ConversationEntry,
  type ConversationId,
  type Edit,
  type Frame,
  type FramePayload,
  HIDE_MAX,
  type Member,
  parseClientMessageId,
  type User,
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
import type { ClientOptions } from "./client-options.js";
import {
  changeMembers,
  createDirect,
  createGroup,
  type GroupOptions,
  listMembers,
  listUsers,
} from "./directory.js";
import type { Committed } from "./draft.js";
import { Emitter } from "./emitter.js";
import { GapFiller } from "./gap-filler.js";
import { History } from "./history.js";
import { Intake } from "./intake.js";
import { DIRECTORY_USERS_MAX, TIMELINE_PAGE, VERIFY_SPAN } from "./limits.js";
import { editMessage, listEdits, recallMessage } from "./message-changes.js";
import { Outbox } from "./outbox.js";
import { Reading } from "./reading.js";
import { Replica } from "./replica.js";
import { Requests } from "./requests.js";
import { Session } from "./session.js";
import { publicState, type SessionState } from "./session-state.js";
import { Settling } from "./settling.js";
import { requireTextInLimit } from "./text-limit.js";
import { pendingMessage, Timelines } from "./timelines.js";
import { verifyNewest } from "./verify.js";

/** A client that has not started yet. */
export function createClient(options: ClientOptions): ParleyClient {
  return new Client(options);
}

class Client implements ParleyClient {
  readonly self: UserId;
  readonly #options: ClientOptions;
  readonly #emitter = new Emitter();
  readonly #newId: () => string;
  readonly #replica: Replica;
  readonly #session: Session;
  readonly #requests: Requests;
  readonly #intake: Intake;
  readonly #outbox: Outbox;
  readonly #history: History;
  readonly #gaps: GapFiller;
  readonly #timelines: Timelines;
  readonly #reading: Reading;
  readonly #settling: Settling;
  /** The start or stop on its way; each waits for the one before it. */
  readonly #lifecycle = new TaskQueue();
  #isStoreOpen = false;
  #connection: ConnectionStatus = { state: "idle" };

  constructor(options: ClientOptions) {
    const { ambient, userId } = options;
    const { logger } = ambient;
    this.self = userId;
    this.#options = options;
    this.#newId = createUlidSource(ambient.clock, ambient.random);
    this.#replica = new Replica(options.store, (committed) => this.#onCommitted(committed));
    this.#session = this.#createSession();
    this.#requests = new Requests(this.#session, ambient);
    this.#history = new History(this.#replica, this.#requests);
    this.#gaps = new GapFiller(this.#replica, this.#history, logger);
    this.#reading = new Reading({
      replica: this.#replica,
      requests: this.#requests,
      session: this.#session,
      logger,
    });
    this.#intake = new Intake({
      self: userId,
      ambient,
      replica: this.#replica,
      session: this.#session,
      requests: this.#requests,
      history: this.#history,
    });
    this.#outbox = this.#createOutbox();
    this.#timelines = this.#createTimelines();
    this.#settling = new Settling(ambient.scheduler, () => this.#isSettled());
  }

  get state(): ConnectionState {
    return publicState(this.#session.state);
  }

  get connection(): ConnectionStatus {
    return this.#connection;
  }

  connectNow(): void {
    this.#session.connectNow();
  }

  start(): Promise<void> {
    return this.#lifecycle.run(async () => {
      if (!this.#isStoreOpen) {
        await this.#replica.load({ userId: this.self, deviceId: this.#options.deviceId ?? "" });
        this.#isStoreOpen = true;
        this.#outbox.onLoaded();
        this.#emitter.emit("conversations", { changed: [...this.#replica.state.entries.keys()] });
      }
      this.#session.start();
    });
  }

  stop(): Promise<void> {
    return this.#lifecycle.run(async () => {
      this.#session.stop();
      this.#reading.stop();
      this.#requests.stop();
      this.#settling.stop();
      if (!this.#isStoreOpen) return;
      this.#isStoreOpen = false;
      await this.#replica.idle();
      this.#timelines.closeAll();
      await this.#options.store.close();
    });
  }

  settled(timeoutMs: number): Promise<void> {
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
    return this.#timelines.open(conversationId);
  }

  loadOlder(conversationId: ConversationId, count: number = TIMELINE_PAGE): Promise<Timeline> {
    return this.#timelines.loadOlder(conversationId, count);
  }

  close(conversationId: ConversationId): void {
    this.#timelines.close(conversationId);
  }

  async sendText(conversationId: ConversationId, text: string): Promise<PendingMessage> {
    assert(this.#isStoreOpen, "The client was started before something is sent.");
    requireTextInLimit(text);
    const item = await this.#outbox.add(conversationId, { text: { text }, notice: undefined });
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

  async hide(conversationId: ConversationId, sequences: readonly number[]): Promise<void> {
    for (let start = 0; start < sequences.length; start += HIDE_MAX) {
      await this.#requests.call("hide", {
        conversationId,
        sequences: sequences.slice(start, start + HIDE_MAX),
      });
    }
  }

  edit(conversationId: ConversationId, sequence: number, text: string): Promise<void> {
    return editMessage(this.#requests, { conversationId, sequence }, text);
  }

  recall(conversationId: ConversationId, sequence: number): Promise<void> {
    return recallMessage(this.#requests, { conversationId, sequence });
  }

  edits(conversationId: ConversationId, sequence: number): Promise<readonly Edit[]> {
    return listEdits(this.#requests, { conversationId, sequence });
  }

  createDirect(userId: UserId): Promise<ConversationId> {
    return createDirect(this.#requests, userId);
  }

  createGroup(options: GroupOptions): Promise<ConversationId> {
    return createGroup(this.#requests, this.#newId(), options);
  }

  addMembers(conversationId: ConversationId, userIds: readonly UserId[]): Promise<void> {
    return changeMembers(this.#requests, conversationId, { userIds, isRemoval: false });
  }

  removeMembers(conversationId: ConversationId, userIds: readonly UserId[]): Promise<void> {
    return changeMembers(this.#requests, conversationId, { userIds, isRemoval: true });
  }

  leave(conversationId: ConversationId): Promise<void> {
    return this.removeMembers(conversationId, [this.self]);
  }

  members(conversationId: ConversationId): Promise<readonly Member[]> {
    return listMembers(this.#requests, conversationId);
  }

  users(prefix = "", limit = DIRECTORY_USERS_MAX): Promise<readonly User[]> {
    return listUsers(this.#requests, prefix, limit);
  }

  verify(conversationId: ConversationId, span: number = VERIFY_SPAN): Promise<boolean> {
    const parts = { replica: this.#replica, requests: this.#requests, history: this.#history };
    return verifyNewest(parts, conversationId, span);
  }

  #createSession(): Session {
    const { url, token, transport, ambient } = this.#options;
    return new Session({
      url,
      token,
      clientName: this.#options.clientName ?? "parley-client",
      transport,
      ambient,
      hooks: {
        position: () => this.#replica.state.position,
        onWelcome: (welcome) => this.#onUp(welcome),
        onFrame: (frame) => this.#onFrame(frame),
        onDown: () => this.#onDown(),
        onState: (state, code) => this.#onState(state, code),
      },
    });
  }

  #createOutbox(): Outbox {
    return new Outbox({
      self: this.self,
      ambient: this.#options.ambient,
      replica: this.#replica,
      session: this.#session,
      requests: this.#requests,
      newClientMessageId: () => parseClientMessageId(this.#newId()),
      onChanged: (conversationId) => {
        this.#timelines.touch(conversationId);
        this.#settling.check();
      },
      onPlaced: (message) => this.#timelines.notePlaced(message),
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
    this.#gaps.onUp();
  }

  #onDown(): void {
    this.#intake.onDown();
    this.#outbox.onDown();
    this.#gaps.onDown();
    this.#requests.onDown();
  }

  #onFrame(frame: Frame): void {
    if (frame.name === "push") this.#intake.takePush(frame.payload);
    else if (frame.name === "rebase") this.#intake.takeRebase(frame.payload);
    else this.#requests.take(frame);
  }

  #onState(state: SessionState, code: string | undefined): void {
    // Connecting and greeting are one for the application.
    if (state === "greeting") return;
    const { retryAtMs } = this.#session;
    this.#connection = {
      state: publicState(state),
      ...(code === undefined ? {} : { code }),
      ...(retryAtMs === undefined ? {} : { retryAtMs }),
    };
    this.#emitter.emit("connection", this.#connection);
    this.#settling.check();
  }

  #onCommitted(committed: Committed): void {
    for (const [conversationId, sequences] of committed.deleted)
      this.#history.noteHidden(conversationId, sequences);
    for (const [conversationId, messages] of committed.changed)
      this.#history.noteChanged(conversationId, messages);
    this.#timelines.onCommitted(committed);
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
