/** One device of a user, through the SDK, with a record of what it was asked to do. */
import { appendFileSync } from "node:fs";
import type { ParleyClient } from "@parley/client";
import type { ConversationId, Message, UserId } from "@parley/protocol";
import { pause } from "../wait.js";
import type { Witness } from "../witness/witness.js";

const OLDER_PAGE = 500;
const PAGES_MAX = 1_000;
/** The head of a record that says 1,000 bytes follow, and the few that did before the machine stopped. */
const TORN_RECORD = Uint8Array.of(0xe8, 3, 0, 0, 1, 2, 3, 4, 91, 123);

/** A text that was given to the SDK. */
export interface GivenText {
  readonly conversationId: ConversationId;
  readonly clientMessageId: string;
  readonly text: string;
}

export interface DeviceOptions {
  readonly witness: Witness;
  readonly userId: UserId;
  readonly name: string;
  readonly url: string;
  readonly token: string;
  /** The file of its store; without one it keeps everything in memory and cannot restart. */
  readonly storePath: string | undefined;
  /** What the SDK logs: the event and what it names as its code or reason. */
  readonly onLog: (event: string, isError: boolean) => void;
}

export class Device {
  readonly userId: UserId;
  readonly name: string;
  readonly token: string;
  /** In the order of giving. */
  readonly given: GivenText[] = [];
  /** Times that the device became live. */
  liveCount = 0;
  readonly #options: DeviceOptions;
  #client: ParleyClient;
  /** Resolved while the device runs. */
  #running: Promise<void> = Promise.resolve();
  readonly #sending = new Set<Promise<unknown>>();
  #isRestarting = false;
  #isHurried = false;

  constructor(options: DeviceOptions) {
    this.userId = options.userId;
    this.name = options.name;
    this.token = options.token;
    this.#options = options;
    this.#client = this.#create();
  }

  /** The client of now; a restart makes another one. */
  get client(): ParleyClient {
    return this.#client;
  }

  get canRestart(): boolean {
    return this.#options.storePath !== undefined && !this.#isRestarting;
  }

  /** Gives a text to the SDK, when the device runs. The place in the record is taken at once: its order is checked. */
  async sendText(conversationId: ConversationId, text: string): Promise<void> {
    const index = this.given.push({ conversationId, clientMessageId: "", text }) - 1;
    const sending = this.#running.then(() => this.#client.sendText(conversationId, text));
    this.#sending.add(sending);
    try {
      const { clientMessageId } = await sending;
      this.given[index] = { conversationId, clientMessageId, text };
    } finally {
      this.#sending.delete(sending);
    }
  }

  /** Marks as read, when the device runs. */
  async markRead(conversationId: ConversationId, sequence?: number): Promise<void> {
    await this.#running;
    this.#client.markRead(conversationId, sequence);
  }

  /** Deletes for the user, when the device runs. Errors: those of the SDK; whether it happened is then not known. */
  async hide(conversationId: ConversationId, sequence: number): Promise<void> {
    await this.#running;
    await this.#client.hide(conversationId, [sequence]);
  }

  /** Lets users in or out, when the device runs. Errors: those of the SDK. */
  async changeMembers(change: {
    readonly conversationId: ConversationId;
    readonly userIds: readonly UserId[];
    readonly isRemoval: boolean;
  }): Promise<void> {
    await this.#running;
    const { conversationId, userIds, isRemoval } = change;
    if (isRemoval) await this.#client.removeMembers(conversationId, userIds);
    else await this.#client.addMembers(conversationId, userIds);
  }

  /** Ends the program in the middle of writing its store, and starts it again after `awayMs`. */
  async restart(awayMs: number): Promise<void> {
    const { storePath } = this.#options;
    if (storePath === undefined || this.#isRestarting) return;
    this.#isRestarting = true;
    // What was given to the device before has to be in its store; what comes later waits for `#running`.
    const before = Promise.allSettled([this.#running, ...this.#sending]);
    this.#running = before.then(() => this.#restart(storePath, awayMs));
    try {
      await this.#running;
    } finally {
      this.#isRestarting = false;
    }
  }

  /** From now on it connects at once where it would wait. */
  hurry(): void {
    this.#isHurried = true;
    this.#client.connectNow();
  }

  async stop(): Promise<void> {
    await this.#running;
    await this.#client.stop();
  }

  /** Everything this device can see of a conversation, and what it has not got rid of. */
  async readAll(
    conversationId: ConversationId,
  ): Promise<{ messages: readonly Message[]; pending: readonly string[] }> {
    let timeline = await this.#client.open(conversationId);
    for (let page = 0; !timeline.isAtBeginning && page < PAGES_MAX; page++) {
      timeline = await this.#client.loadOlder(conversationId, OLDER_PAGE);
    }
    const { messages, pending } = timeline;
    this.#client.close(conversationId);
    return { messages, pending: pending.map(({ state, failureCode }) => `${state} ${failureCode ?? ""}`) };
  }

  async #restart(storePath: string, awayMs: number): Promise<void> {
    await this.#client.stop();
    appendFileSync(storePath, TORN_RECORD);
    await pause(awayMs);
    this.#client = this.#create();
    await this.#client.start();
  }

  #create(): ParleyClient {
    const { witness, url, token, userId, storePath, onLog } = this.#options;
    const log =
      (isError: boolean) =>
      (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
        const cause = fields["code"] ?? fields["reason"];
        const isNamed = typeof cause === "string" || typeof cause === "number";
        onLog(isNamed ? `${event}: ${cause}` : event, isError);
      };
    const client = witness.createClient({
      url,
      token,
      userId,
      logger: { info: log(false), warn: log(false), error: log(true) },
      ...(storePath === undefined ? {} : { storePath }),
    });
    client.on("connection", ({ state }) => {
      if (state === "live") this.liveCount += 1;
      // After this turn: the session is still telling of the state.
      if (state === "waiting" && this.#isHurried) setImmediate(() => client.connectNow());
    });
    return client;
  }
}
