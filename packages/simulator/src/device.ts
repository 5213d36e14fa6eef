/** A device: the real SDK on a simulated store and network, and a person who does things with it. */
import {
  type Change,
  type Http,
  type HubTab,
  type ParleyClient,
  type PendingMessage,
  createClient,
} from "@parley/client";
import { nodeInflate } from "@parley/client/node";
import { type ConversationId, type DeviceKind, type Message, plainText, type UserId } from "@parley/protocol";
import { failureCode, messageOf } from "@parley/base";
import { annotateOnce } from "./annotating.js";
import { dealOnce } from "./carding.js";
import { doAnyKind } from "./device-kinds.js";
import { governOnce } from "./governing.js";
import { DeviceStore } from "./device-store.js";
import { type SimulatedTab, SimulatedTabs, upsetTabs } from "./device-tabs.js";
import { type Kernel, Process } from "./kernel.js";
import { notifyOnce } from "./notifying.js";
import type { Network } from "./network.js";
import type { PlantedBug } from "./planting.js";
import type { Recording } from "./recording/recording.js";
import { followSent, type SentText } from "./recording/sent-texts.js";
import { SeededRandom } from "./seeded-random.js";
import { fileOf } from "./simulated-media.js";

export interface DeviceOptions {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly name: string;
  readonly userId: UserId;
  readonly token: string;
  /** Everybody, to begin conversations with. */
  readonly userIds: readonly UserId[];
  readonly recording: Recording;
  /** What it is, for modules; empty: it does not say. */
  readonly deviceKind: DeviceKind;
  /** How it reaches files; without it it sends none. */
  readonly http?: (process: Process) => Http;
  /** It may have several tabs, whose chance comes from this seed. */
  readonly tabsSeed?: number | undefined;
  /** It takes compressed packets. */
  readonly isPacking: boolean;
  readonly planted?: Pick<PlantedBug, "store">;
  readonly onTrouble: (what: string) => void;
}

interface Running {
  readonly process: Process;
  readonly client: ParleyClient;
  readonly channel: HubTab | undefined;
  /** Operations that have not ended. */
  inFlight: number;
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
  /** Each is the whole device; with several, one of them leads. */
  #running: Running[] = [];
  #tabs: SimulatedTabs | undefined;
  #acting: Running | undefined;
  readonly #tabRandom: SeededRandom;
  #boots = 0;
  #texts = 0;
  #changes = 0;
  #kinds = 0;
  #files = 0;
  #cards = 0;
  #skewMs = 0;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.name = options.name;
    this.userId = options.userId;
    this.#random = options.kernel.random.fork();
    this.#tabRandom = new SeededRandom(options.tabsSeed ?? 0);
    this.#store = new DeviceStore(options.kernel.random.fork(), {
      onCommitted: (changes, process) => this.#onCommitted(changes, process),
    });
  }

  get client(): ParleyClient | undefined {
    return this.#running[0]?.client;
  }

  /** The clients of all its tabs. */
  get clients(): readonly ParleyClient[] {
    return this.#running.map(({ client }) => client);
  }

  /** Whether something that was begun has not ended, a text is neither placed nor failed, or a tab is frozen. */
  get isBusy(): boolean {
    const { nowMs } = this.#options.kernel;
    if (this.#running.some(({ inFlight, process }) => inFlight > 0 || process.pausedUntilMs > nowMs))
      return true;
    for (const { state } of this.sent.values()) if (state === "given" || state === "kept") return true;
    return false;
  }

  get deviceKind(): string {
    return this.#options.deviceKind;
  }

  get token(): string {
    return this.#options.token;
  }

  get storedPosition(): { readonly epoch: number; readonly pts: number } {
    return this.#store.position;
  }

  /** What is stored of a conversation from where its user sees it. */
  stored(conversationId: ConversationId): readonly Message[] {
    const entry = this.client?.conversations().find((each) => each.conversationId === conversationId);
    return this.#store.messages(conversationId, {
      first: entry?.firstVisible ?? 1,
      last: entry?.lastSequence ?? 0,
    });
  }

  /** How many messages below `firstVisible` are still stored. */
  storedBelow(conversationId: ConversationId, firstVisible: number): number {
    return this.#store.messages(conversationId, { first: 0, last: firstVisible - 1 }).length;
  }

  async start(): Promise<void> {
    if (this.#running.length > 0) return;
    const { kernel, tabsSeed } = this.#options;
    if (tabsSeed !== undefined) this.#tabs = new SimulatedTabs(kernel, tabsSeed + this.#boots);
    const { recording } = this.#options;
    if (this.#boots > 0) {
      recording.restarted(this.name, this.#store.position);
      recording.modules.restarted(this.name, this.#store.position.pts);
    }
    await this.#open();
  }

  /** Opens a tab, the first or another. */
  async #open(): Promise<void> {
    const { kernel, network, userId, token, http, onTrouble, planted } = this.#options;
    this.#boots += 1;
    const { recording, deviceKind } = this.#options;
    const name = `${this.name}.${this.#boots}`;
    const process = new Process(kernel, name, {
      info: () => undefined,
      warn: (event) => kernel.note(name, event),
      error: (event, fields) => onTrouble(`${name} logged ${event}: ${JSON.stringify(fields ?? {})}`),
    });
    process.skewMs = this.#skewMs;
    const channel = this.#tabs?.channel(process);
    const store = channel === undefined ? this.#store.mount(process) : this.#store.mountTab(process, kernel);
    const client = createClient({
      url: "ws://simulated/v1/ws",
      token,
      userId,
      store: planted?.store?.(store) ?? store,
      transport: network.transport(process, this.name),
      ambient: process.ambient,
      ...(channel === undefined ? {} : { tabs: channel }),
      ...(http === undefined ? {} : { http: http(process) }),
      ...(this.#options.isPacking ? { inflate: nodeInflate } : {}),
      deviceKind,
    });
    const boot = this.#boots;
    client.on("module", (told) => recording.modules.told.push({ device: this.name, boot, told }));
    client.on("module-reset", ({ conversationId }) =>
      recording.modules.reset(this.name, userId, conversationId),
    );
    this.#running.push({ process, client, channel, inFlight: 0 });
    client.on("cardAction", (acted) => {
      // Told in each tab; one of them is asked.
      if (client.isLeading) recording.cards.told.push({ ...acted, toldId: userId });
    });
    await client.start();
  }

  /** Ends it at this very point. */
  crash(): void {
    if (this.#running.length === 0) return;
    for (const running of this.#running) this.#kill(running);
    this.#running = [];
    this.#store.crash();
    for (const text of this.sent.values()) if (text.state === "given") text.state = "lost";
  }

  #kill({ process, channel }: Running): void {
    process.kill();
    channel?.kill();
    for (const link of this.#options.network.openLinks) if (link.process === process) link.clientDied();
  }

  /** Has things happen to its tabs until a time. */
  upset(meanMs: number, untilMs: number): void {
    const random = this.#tabRandom;
    this.#nowAndThen("has tabs", { meanMs, untilMs, random }, () => {
      const tabs = this.#running.map((running): SimulatedTab => ({
        process: running.process,
        channel: running.channel,
        isLeading: running.client.isLeading,
        kill: () => {
          if (this.#running.length < 2 || !this.#running.includes(running)) return;
          this.#running = this.#running.filter((one) => one !== running);
          this.#kill(running);
        },
        send: () => {
          const mine = running.client.conversations().filter(({ isMember }) => isMember);
          if (mine.length === 0 || !this.#running.includes(running)) return;
          this.#acting = running;
          this.#send(running.client, random.pick(mine).conversationId);
        },
      }));
      upsetTabs(this.#options.kernel, { name: this.name, tabs, openTab: () => void this.#open() }, random);
    });
  }

  /** The store is lost as well. */
  wipe(): void {
    this.crash();
    this.#store.clear();
    for (const text of this.sent.values()) if (text.state === "kept") text.state = "lost";
  }

  jump(byMs: number): void {
    this.#skewMs += byMs;
    for (const { process } of this.#running) process.skewMs = this.#skewMs;
  }

  /** Acts now and then until a time. */
  act(meanMs: number, untilMs: number): void {
    const { kernel } = this.#options;
    const next = (): void => {
      kernel.after(this.#random.waitMs(meanMs), `${this.name} acts`, () => {
        // Whoever is judged must not go on: the wait may have been a long one.
        if (kernel.nowMs >= untilMs) return;
        const client = this.#pick();
        if (client !== undefined) this.#actOnce(client);
        next();
      });
    };
    next();
  }

  /** Edits and recalls now and then until a time. */
  change(meanMs: number, untilMs: number, seed: number): void {
    const random = new SeededRandom(seed);
    this.#nowAndThen("changes", { meanMs, untilMs, random }, (client) => this.#changeOnce(client, random));
  }

  /** Looks for words. */
  search(meanMs: number, untilMs: number, seed: number): void {
    const random = new SeededRandom(seed);
    this.#nowAndThen("searches", { meanMs, untilMs, random }, (client) => this.#searchOnce(client, random));
  }

  /** Sends and looks up what is no plain text. */
  useKinds(meanMs: number, untilMs: number, seed: number): void {
    const { userIds } = this.#options;
    const random = new SeededRandom(seed);
    const run = (kind: string, operation: () => Promise<unknown>): void => this.#do(kind, operation);
    const onGiven = (pending: PendingMessage, isForward?: boolean): void => this.#given(pending, isForward);
    this.#nowAndThen("uses kinds", { meanMs, untilMs, random }, (client) => {
      this.#kinds += 1;
      const text = `${this.name} shows ${this.#kinds}`;
      doAnyKind({ client, random, userIds, text, run, onGiven });
    });
  }

  /** Sends files; what is uploaded is in the outbox some time later. */
  sendFiles(meanMs: number, untilMs: number, seed: number): void {
    const random = new SeededRandom(seed);
    this.#nowAndThen("sends files", { meanMs, untilMs, random }, (client) => {
      const mine = client.conversations().filter(({ isMember }) => isMember);
      if (mine.length === 0) return;
      const { conversationId } = random.pick(mine);
      this.#files += 1;
      const caption = `${this.name} files ${this.#files}`;
      const file = { name: caption, kind: "file" as const, content: fileOf(caption) };
      const isCancelled = random.isTrue(0.1);
      this.#do("send-file", async () => {
        const { upload, message } = client.sendMedia(conversationId, file, { caption });
        if (isCancelled) upload.cancel();
        this.#given(await message);
      });
    });
  }

  /** Sends cards, updates its own, and acts on those of others. */
  deal(meanMs: number, untilMs: number, seed: number): void {
    const random = new SeededRandom(seed);
    const { userIds, recording } = this.#options;
    const dealer = {
      random,
      userIds,
      self: this.userId,
      notes: recording.cards,
      stored: (conversationId: ConversationId) => this.stored(conversationId),
      run: (kind: string, operation: () => Promise<unknown>) => this.#do(kind, operation),
      onGiven: (pending: PendingMessage) => this.#given(pending),
    };
    this.#nowAndThen("deals", { meanMs, untilMs, random }, (client) => {
      this.#cards += 1;
      dealOnce({ ...dealer, client, text: `${this.name} deals ${this.#cards}` });
    });
  }

  /** The tab that acts next. */
  #pick(): ParleyClient | undefined {
    const running = this.#running;
    this.#acting = running.length > 1 ? this.#tabRandom.pick(running) : running[0];
    return this.#acting?.client;
  }

  /** Each kind of act is drawn by itself, so that everything else in a seed is as it would be without it. */
  #nowAndThen(
    what: string,
    { meanMs, untilMs, random }: { meanMs: number; untilMs: number; random: SeededRandom },
    act: (client: ParleyClient) => void,
  ): void {
    const { kernel } = this.#options;
    const next = (): void => {
      kernel.after(random.waitMs(meanMs), `${this.name} ${what}`, () => {
        if (kernel.nowMs >= untilMs) return;
        const client = this.#pick();
        if (client !== undefined) act(client);
        next();
      });
    };
    next();
  }

  /** A message is in the device's store, unless it was lost since: the commit has told already what became of it. */
  #given({ conversationId, clientMessageId, body }: PendingMessage, isForward = false): void {
    if (this.sent.has(clientMessageId)) return;
    const text = plainText(body);
    this.sent.set(clientMessageId, { conversationId, clientMessageId, text, isForward, state: "given" });
  }

  #searchOnce(client: ParleyClient, random: SeededRandom): void {
    const entries = client.conversations();
    const text = random.pick(["says", "means", this.name, `${this.name} says 1`]);
    if (entries.length === 0 || random.isTrue(0.3)) this.#do("search-all", () => client.search({ text }));
    else {
      const { conversationId } = random.pick(entries);
      this.#do("search", () => client.search({ text, conversationId }));
    }
  }

  /** Governs groups. */
  govern(meanMs: number, untilMs: number, seed: number): void {
    const random = new SeededRandom(seed);
    const { userId: self } = this;
    const userIds = this.#options.userIds.filter((userId) => userId !== self);
    const run = (kind: string, call: () => Promise<unknown>): void => this.#do(kind, call);
    this.#nowAndThen("governs", { meanMs, untilMs, random }, (client) =>
      governOnce({ client, random, nowMs: this.#wallMs(), self, userIds, run }),
    );
  }

  /** The time that this device shows. */
  #wallMs(): number {
    return this.#acting?.process.ambient.clock.nowMs() ?? 0;
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

  /** Reacts, pins and reads. */
  annotate(meanMs: number, untilMs: number, seed: number): void {
    const random = new SeededRandom(seed);
    this.#nowAndThen("annotates", { meanMs, untilMs, random }, (client) =>
      annotateOnce(client, random, (kind, run) => this.#do(kind, run)),
    );
  }

  /** Says what it is notified of. */
  setNotify(meanMs: number, untilMs: number, seed: number): void {
    const random = new SeededRandom(seed);
    this.#nowAndThen("sets what it is notified of", { meanMs, untilMs, random }, (client) =>
      notifyOnce(client, random, (kind, run) => this.#do(kind, run)),
    );
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
      this.#given(await client.sendText(conversationId, text));
    });
  }

  /** Runs an operation of the SDK; whatever comes of it, the device goes on. Only typed failures are expected. */
  #do(kind: string, run: () => Promise<unknown>): void {
    const running = this.#acting;
    const count = (what: string): void => {
      const name = `${kind} ${what}`;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      if (running !== undefined) running.inFlight -= 1;
    };
    if (running !== undefined) running.inFlight += 1;
    run().then(
      () => count("ok"),
      (error: unknown) => {
        const code = failureCode(error);
        if (code === undefined) this.#options.onTrouble(`${this.name} ${kind}: ${messageOf(error)}`);
        count(code ?? "untyped");
      },
    );
  }

  #onCommitted(changes: readonly Change[], process: string): void {
    this.#options.recording.committed(this.name, changes, process);
    followSent(this.sent, changes);
  }
}
