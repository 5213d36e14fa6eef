/** A device: the real SDK on a simulated store and network, and a person who does things with it. */
import { type Change, type ParleyClient, createClient } from "@parley/client";
import type { ConversationId, UserId } from "@parley/protocol";
import { failureCode, messageOf } from "@parley/base";
import { DeviceStore } from "./device-store.js";
import { type Kernel, Process } from "./kernel.js";
import type { Network } from "./network.js";
import type { Recording } from "./recording/recording.js";
import { followSent, type SentText } from "./recording/sent-texts.js";
import { SeededRandom } from "./seeded-random.js";

export interface DeviceOptions {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly name: string;
  readonly userId: UserId;
  readonly token: string;
  /** Everybody, to begin conversations with. */
  readonly userIds: readonly UserId[];
  readonly recording: Recording;
  readonly onTrouble: (what: string) => void;
}

interface Running {
  readonly process: Process;
  readonly client: ParleyClient;
}

export class Device {
  readonly name: string;
  readonly userId: UserId;
  readonly sent = new Map<string, SentText>();
  /** Operations by what they came to. */
  readonly counts = new Map<string, number>();
  readonly #options: DeviceOptions;
  readonly #random: SeededRandom;
  readonly #store: DeviceStore;
  #running: Running | undefined;
  #boots = 0;
  #inFlight = 0;
  #texts = 0;
  #changes = 0;
  #skewMs = 0;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.name = options.name;
    this.userId = options.userId;
    this.#random = options.kernel.random.fork();
    this.#store = new DeviceStore(options.kernel.random.fork(), {
      onCommitted: (changes) => this.#onCommitted(changes),
    });
  }

  get client(): ParleyClient | undefined {
    return this.#running?.client;
  }

  /** Whether something that was begun has not ended, or a text is neither placed nor failed. */
  get isBusy(): boolean {
    if (this.#inFlight > 0) return true;
    for (const { state } of this.sent.values()) if (state === "given" || state === "kept") return true;
    return false;
  }

  get storedPosition(): { readonly epoch: number; readonly pts: number } {
    return this.#store.position;
  }

  /** How many messages below `firstVisible` are still stored. */
  storedBelow(conversationId: ConversationId, firstVisible: number): number {
    return this.#store.messages(conversationId, { first: 0, last: firstVisible - 1 }).length;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const { kernel, network, userId, token, onTrouble } = this.#options;
    this.#boots += 1;
    if (this.#boots > 1) this.#options.recording.restarted(this.name, this.#store.position);
    const name = `${this.name}.${this.#boots}`;
    const process = new Process(kernel, name, {
      info: () => undefined,
      warn: (event) => kernel.note(name, event),
      error: (event, fields) => onTrouble(`${name} logged ${event}: ${JSON.stringify(fields ?? {})}`),
    });
    process.skewMs = this.#skewMs;
    const client = createClient({
      url: "ws://simulated/v1/ws",
      token,
      userId,
      store: this.#store.mount(process),
      transport: network.transport(process, this.name),
      ambient: process.ambient,
    });
    this.#running = { process, client };
    await client.start();
  }

  /** Ends it at this very point. */
  crash(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    this.#inFlight = 0;
    running.process.kill();
    for (const link of this.#options.network.openLinks) if (link.device === this.name) link.clientDied();
    this.#store.crash();
    for (const text of this.sent.values()) if (text.state === "given") text.state = "lost";
  }

  /** The store is lost as well. */
  wipe(): void {
    this.crash();
    this.#store.clear();
    for (const text of this.sent.values()) if (text.state === "kept") text.state = "lost";
  }

  jump(byMs: number): void {
    this.#skewMs += byMs;
    if (this.#running !== undefined) this.#running.process.skewMs = this.#skewMs;
  }

  /** Acts now and then until a time. */
  act(meanMs: number, untilMs: number): void {
    const { kernel } = this.#options;
    const next = (): void => {
      kernel.after(this.#random.waitMs(meanMs), `${this.name} acts`, () => {
        // Whoever is judged must not go on: the wait may have been a long one.
        if (kernel.nowMs >= untilMs) return;
        const { client } = this;
        if (client !== undefined) this.#actOnce(client);
        next();
      });
    };
    next();
  }

  /** Edits and recalls now and then until a time; drawn by itself, as everything else is as it would be without. */
  change(meanMs: number, untilMs: number, seed: number): void {
    const { kernel } = this.#options;
    const random = new SeededRandom(seed);
    const next = (): void => {
      kernel.after(random.waitMs(meanMs), `${this.name} changes`, () => {
        if (kernel.nowMs >= untilMs) return;
        const { client } = this;
        if (client !== undefined) this.#changeOnce(client, random);
        next();
      });
    };
    next();
  }

  /** Any message near the end, whoever wrote it: what is not allowed is refused. */
  #changeOnce(client: ParleyClient, random: SeededRandom): void {
    const entries = client.conversations().filter(({ lastSequence }) => lastSequence > 0);
    if (entries.length === 0) return;
    const { conversationId, lastSequence, firstVisible } = random.pick(entries);
    const near = random.between(Math.max(1, lastSequence - 8), lastSequence);
    const sequence = random.isTrue(0.1) ? Math.max(1, firstVisible - 1) : near;
    const draw = random.unit();
    if (draw < 0.6) {
      this.#changes += 1;
      const text = `${this.name} means ${this.#changes}`;
      this.#do("edit", () => client.edit(conversationId, sequence, text));
    } else if (draw < 0.9) this.#do("recall", () => client.recall(conversationId, sequence));
    else this.#do("edits", () => client.edits(conversationId, sequence));
  }

  #actOnce(client: ParleyClient): void {
    const random = this.#random;
    const others = this.#options.userIds.filter((userId) => userId !== this.userId);
    const mine = client.conversations().filter(({ isMember }) => isMember);
    const draw = random.unit();
    if (mine.length === 0 || draw < 0.04) {
      if (random.isTrue(0.6)) this.#do("create-direct", () => client.createDirect(random.pick(others)));
      else this.#createGroup(client, others);
      return;
    }
    const entry = random.pick(mine);
    const { conversationId, lastSequence, firstVisible } = entry;
    if (draw < 0.62) this.#send(client, conversationId);
    else if (draw < 0.76) client.markRead(conversationId, random.isTrue(0.7) ? undefined : lastSequence);
    else if (draw < 0.82 && lastSequence >= firstVisible) {
      const sequence = random.between(firstVisible, lastSequence);
      this.#do("hide", () => client.hide(conversationId, [sequence]));
    } else if (draw < 0.87) this.#do("open", () => client.open(conversationId));
    else if (draw < 0.9) this.#do("verify", () => client.verify(conversationId));
    else if (draw < 0.93) client.close(conversationId);
    else if (conversationId.startsWith("g:")) {
      const userId = random.pick(others);
      if (draw < 0.97) this.#do("add", () => client.addMembers(conversationId, [userId]));
      else if (draw < 0.985) this.#do("remove", () => client.removeMembers(conversationId, [userId]));
      else this.#do("leave", () => client.leave(conversationId));
    }
  }

  #createGroup(client: ParleyClient, others: readonly UserId[]): void {
    const random = this.#random;
    const userIds = others.filter(() => random.isTrue(0.6));
    const isHistoryOpen = random.isTrue(0.5);
    this.#do("create-group", () =>
      client.createGroup({ title: `group of ${this.name}`, userIds, isHistoryOpen }),
    );
  }

  #send(client: ParleyClient, conversationId: ConversationId): void {
    this.#texts += 1;
    const text = `${this.name} says ${this.#texts}`;
    this.#do("send", async () => {
      const { clientMessageId } = await client.sendText(conversationId, text);
      const known = this.sent.get(clientMessageId);
      // The commit has told already what became of it.
      if (known === undefined)
        this.sent.set(clientMessageId, { conversationId, clientMessageId, text, state: "given" });
    });
  }

  /** Runs an operation of the SDK; whatever comes of it, the device goes on. Only typed failures are expected. */
  #do(kind: string, run: () => Promise<unknown>): void {
    const process = this.#running?.process;
    const count = (what: string): void => {
      const name = `${kind} ${what}`;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      if (this.#running?.process === process) this.#inFlight -= 1;
    };
    this.#inFlight += 1;
    run().then(
      () => count("ok"),
      (error: unknown) => {
        const code = failureCode(error);
        if (code === undefined) this.#options.onTrouble(`${this.name} ${kind}: ${messageOf(error)}`);
        count(code ?? "untyped");
      },
    );
  }

  #onCommitted(changes: readonly Change[]): void {
    this.#options.recording.committed(this.name, changes);
    followSent(this.sent, changes);
  }
}
