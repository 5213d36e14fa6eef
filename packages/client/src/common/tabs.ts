/**
 * Several tabs of one device: they share the store, and one of them, the leader, has the connection and commits.
 *
 *                  has the lock                 store claimed
 *   following ────────────────────▶ entering ────────────────▶ leading
 *       ▲                              │ lost, or the store failed   │ lost: stolen, or a commit was refused
 *       └──────────────────────────────┴─────────────────────────────┘
 *
 *   1. Of all tabs one commits: each lead has a number in the store, which every commit of it is checked against in its transaction.
 *      A leader that was frozen while another took the lead changes nothing any more.
 *   2. A follower shows what the leader has committed: it reads the store, then applies the leader's commits in order. When one is
 *      missing it reads the store again.
 *   3. What a follower wants is done by the leader. A message is taken once, whoever leads when it is asked for again.
 *   4. A leader that answers nothing loses its lead: asks are counted, not time, so a tab that was frozen itself takes nothing.
 */
import { type Ambient, messageOf, TaskQueue, type Timer } from "@parley/base";
import type { Message } from "@parley/protocol";
import type { Committed } from "./draft.js";
import {
  TAB_ALONE_AFTER_MS,
  TAB_ASK_MS,
  TAB_ASKS_UNANSWERED_MAX,
  TAB_COMMITS_WAITING_MAX,
  TAB_FIRST_MS,
  TAB_SERVED_MAX,
} from "./limits.js";
import { stateChanges } from "./mirror.js";
import type { Relay } from "./relay.js";
import type { Change } from "./store.js";
import { clientStopped, TabCalls } from "./tab-calls.js";
import type { TabChannel } from "./tab-channel.js";
import {
  type Flight,
  type PresenceTold,
  type TabCallName,
  type TabMessage,
  type TabStatus,
  toldFailure,
} from "./tab-messages.js";

/** The client, as its tabs see it. */
export interface TabHost {
  /** The store has been read, by whoever. */
  readonly isReadable: boolean;
  /** Reads the store to follow. */
  follow(): Promise<void>;
  /** Claims the store and reads it. Returns the number of the lead. */
  lead(): Promise<number>;
  /** Begins to connect: this tab leads. */
  connect(): void;
  /** Ends the connection at once: another tab leads. */
  unlead(): void;
  /** Does what a follower wants. */
  serve(name: TabCallName, values: readonly unknown[]): Promise<unknown>;
  status(): TabStatus;
  flights(): readonly Flight[];
  onCommit(changes: readonly Change[], committed: Committed): void;
  onStatus(status: TabStatus): void;
  onFlight(flight: Flight): void;
  onPlaced(message: Message): void;
  onPresence(told: PresenceTold): void;
  /** Another tab wiped the store. */
  onWiped(): void;
}

type Role = "closed" | "following" | "entering" | "leading";
type CommitMessage = Extract<TabMessage, { readonly kind: "commit" }>;
type ToldMessage = Extract<TabMessage, { readonly kind: "status" | "flight" | "placed" | "presence" }>;
type JoinedMessage = Extract<TabMessage, { readonly kind: "joined" }>;

export class Tabs implements Relay {
  readonly #channel: TabChannel;
  readonly #host: TabHost;
  readonly #ambient: Ambient;
  readonly #tab: string;
  readonly #calls: TabCalls;
  /** Readings of the store, one after another. */
  readonly #steps = new TaskQueue();
  #role: Role = "closed";
  /** Steps of an earlier role carry an earlier number and end without effect. */
  #generation = 0;
  #watch: Timer | undefined;
  /** Whom this tab follows, or its own number; undefined: nobody yet. */
  #leader: number | undefined;
  #commit = 0;
  /** As a follower: the state is that of `#commit`. */
  #isInStep = false;
  #isReading = false;
  #waiting: CommitMessage[] = [];
  #unanswered = 0;
  #served = 0;
  #heardMs: number | undefined;
  /** There is something to show: a leader, or the lead. */
  #onFirst: () => void = () => undefined;

  constructor(channel: TabChannel, host: TabHost, ambient: Ambient, tab: string) {
    this.#channel = channel;
    this.#host = host;
    this.#ambient = ambient;
    this.#tab = tab;
    this.#calls = new TabCalls(ambient.scheduler);
  }

  get isFollowing(): boolean {
    return this.#role !== "leading";
  }

  get isOpen(): boolean {
    return this.#role !== "closed";
  }

  /** Resolves when the store can be read. Errors: the store's. */
  async open(): Promise<void> {
    this.#become("following");
    const first = new Promise<void>((resolve) => {
      this.#onFirst = resolve;
      this.#ambient.scheduler.after(TAB_FIRST_MS, resolve);
    });
    this.#channel.open({
      onLead: () => this.#enter(),
      onLost: () => this.onLost(),
      // Only tabs of this application know the name of the channel.
      onMessage: (message) => this.#take(message as TabMessage),
    });
    this.#watch = this.#ambient.scheduler.every(TAB_ASK_MS, () => this.#look());
    this.#seek();
    await first;
    await this.#steps.settled();
    if (this.#host.isReadable) return;
    try {
      await this.#steps.run(() => this.#host.follow());
    } catch (error) {
      await this.stop();
      this.release();
      throw error;
    }
  }

  /** Follows and leads no more, and waits for what reads the store. Others lead after `release`. Idempotent. */
  async stop(): Promise<void> {
    this.#become("closed");
    this.#watch?.cancel();
    this.#calls.stop();
    await this.#steps.settled();
  }

  /** The store is closed: another tab may have it. Idempotent. */
  release(): void {
    if (this.#role === "closed") this.#channel.close();
  }

  async call(name: TabCallName, values: readonly unknown[], isRepeatable = false): Promise<unknown> {
    if (this.#role === "leading") return this.#host.serve(name, values);
    if (this.#role === "closed") throw clientStopped();
    const answered = this.#calls.add(name, values, isRepeatable);
    this.#sendCalls();
    return answered;
  }

  /** The lead was taken away. */
  onLost(): void {
    if (this.#role !== "leading" && this.#role !== "entering") return;
    this.#become("following");
    this.#host.unlead();
    this.#channel.resign();
    this.#seek();
  }

  tellCommit(changes: readonly Change[], committed: Committed): void {
    if (this.#role !== "leading" || this.#leader === undefined) return;
    this.#commit += 1;
    if (!this.#hasFollowers()) return;
    const [leader, commit] = [this.#leader, this.#commit];
    this.#tell({ kind: "commit", leader, commit, changes: stateChanges(changes), committed });
  }

  tellStatus(status: TabStatus): void {
    this.#tellAsLeader((leader) => ({ kind: "status", leader, status }));
  }

  tellFlight(flight: () => Flight): void {
    this.#tellAsLeader((leader) => ({ kind: "flight", leader, flight: flight() }));
  }

  tellPlaced(message: Message): void {
    this.#tellAsLeader((leader) => ({ kind: "placed", leader, message }));
  }

  tellPresence(told: PresenceTold): void {
    this.#tellAsLeader((leader) => ({ kind: "presence", leader, told }));
  }

  tellWiped(): void {
    this.#tell({ kind: "wiped" });
  }

  #become(role: Role): void {
    this.#role = role;
    this.#generation += 1;
    this.#isInStep = false;
    this.#isReading = false;
    this.#waiting = [];
    this.#unanswered = 0;
    this.#leader = undefined;
    this.#commit = 0;
  }

  /** Waits for the lead, and looks for who has it. */
  #seek(): void {
    this.#channel.elect();
    this.#tell({ kind: "join", tab: this.#tab });
  }

  #enter(): void {
    if (this.#role !== "following") return;
    this.#become("entering");
    const generation = this.#generation;
    this.#steps
      .run(async () => {
        if (generation !== this.#generation) return;
        const leader = await this.#host.lead();
        if (generation !== this.#generation) return;
        this.#role = "leading";
        this.#leader = leader;
        this.#tell({ kind: "leading", leader });
        this.#host.connect();
        this.#doOwnCalls(leader);
      })
      .catch((error: unknown) => {
        if (generation !== this.#generation) return;
        this.#ambient.logger.warn("lead not taken", { reason: messageOf(error) });
        // The next look asks for it again.
        this.#channel.resign();
        this.#become("following");
      });
    this.#onFirst();
  }

  /** Every TAB_ASK_MS: is there a leader, and does it live? */
  #look(): void {
    if (this.#role !== "following") return;
    this.#channel.elect();
    if (this.#unanswered >= TAB_ASKS_UNANSWERED_MAX) {
      this.#unanswered = 0;
      this.#ambient.logger.warn("lead taken from a tab that does not answer");
      this.#channel.steal();
      return;
    }
    this.#unanswered += 1;
    this.#tell({ kind: this.#isInStep ? "ask" : "join", tab: this.#tab });
  }

  #take(message: TabMessage): void {
    if (this.#role === "closed") return;
    if (message.kind === "wiped") this.#host.onWiped();
    else if (message.kind === "join" || message.kind === "ask" || message.kind === "call")
      this.#takeAsLeader(message);
    else if (this.#role === "following") this.#takeAsFollower(message);
  }

  #takeAsLeader(message: Extract<TabMessage, { readonly tab: string }>): void {
    const leader = this.#role === "leading" ? this.#leader : undefined;
    if (this.#role === "following") return;
    this.#heardMs = this.#ambient.clock.monotonicMs();
    if (leader === undefined || message.kind === "ask") {
      this.#tell({ kind: "alive", leader, commit: this.#commit });
    } else if (message.kind === "call") {
      if (message.leader === leader) this.#serve(message);
    } else {
      const [status, flights] = [this.#host.status(), this.#host.flights()];
      this.#tell({ kind: "joined", to: message.tab, leader, commit: this.#commit, status, flights });
    }
  }

  #serve({ tab: to, callId, name, values }: Extract<TabMessage, { readonly kind: "call" }>): void {
    if (this.#served >= TAB_SERVED_MAX) {
      const failure = { code: "unavailable", message: "Too much is asked for.", retry: "same" as const };
      this.#tell({ kind: "answer", to, callId, failure: { ...failure, retryAfterMs: 0, details: {} } });
      return;
    }
    this.#served += 1;
    const generation = this.#generation;
    const answer = (outcome: object): void => {
      this.#served -= 1;
      // Who has lost the lead does not know any more what became of it; the next leader is asked.
      if (generation === this.#generation) this.#tell({ kind: "answer", to, callId, ...outcome });
    };
    this.#host.serve(name, values).then(
      (value) => answer({ value }),
      (error: unknown) => answer({ failure: toldFailure(error) }),
    );
  }

  #takeAsFollower(message: TabMessage): void {
    this.#unanswered = 0;
    switch (message.kind) {
      case "leading":
        if (message.leader >= (this.#leader ?? 0)) this.#rejoin();
        return;
      case "alive":
        // A commit went by while this tab was taken for gone.
        if (this.#isInStep && (message.leader !== this.#leader || message.commit !== this.#commit))
          this.#rejoin();
        return;
      case "joined":
        if (message.to === this.#tab && message.leader >= (this.#leader ?? 0)) this.#join(message);
        return;
      case "answer":
        if (message.to !== this.#tab) return;
        if (message.failure === undefined) this.#calls.resolve(message.callId, message.value);
        else this.#calls.fail(message.callId, message.failure);
        return;
      case "commit":
        this.#takeCommit(message);
        return;
      case "status":
      case "flight":
      case "placed":
      case "presence":
        this.#takeTold(message);
        return;
      // For the leader, and for all.
      case "join":
      case "ask":
      case "call":
      case "wiped":
    }
  }

  #takeTold(message: ToldMessage): void {
    // Of a leader that was not joined yet it comes with "joined".
    if (message.leader !== this.#leader) return;
    if (message.kind === "status") this.#host.onStatus(message.status);
    else if (message.kind === "flight") this.#host.onFlight(message.flight);
    else if (message.kind === "placed") this.#host.onPlaced(message.message);
    else this.#host.onPresence(message.told);
  }

  #rejoin(): void {
    this.#isInStep = false;
    this.#tell({ kind: "join", tab: this.#tab });
  }

  #takeCommit(message: CommitMessage): void {
    if (message.leader < (this.#leader ?? 0)) return;
    if (this.#isInStep && message.leader === this.#leader && message.commit === this.#commit + 1) {
      this.#commit = message.commit;
      this.#host.onCommit(message.changes, message.committed);
      return;
    }
    if (this.#isInStep) this.#rejoin();
    if (this.#waiting.length >= TAB_COMMITS_WAITING_MAX) this.#waiting.shift();
    this.#waiting.push(message);
  }

  /** Reads the store, which holds everything up to `joined.commit`, then applies what came since. */
  #join({ leader, commit, status, flights }: JoinedMessage): void {
    this.#leader = leader;
    this.#host.onStatus(status);
    for (const flight of flights) this.#host.onFlight(flight);
    this.#sendCalls();
    if (this.#isReading) return;
    this.#isReading = true;
    const generation = this.#generation;
    this.#steps
      .run(async () => {
        if (generation !== this.#generation) return;
        await this.#host.follow();
        if (generation === this.#generation) this.#catchUp(leader, commit);
      })
      .catch((error: unknown) => {
        this.#ambient.logger.warn("store not read", { reason: messageOf(error) });
      })
      .finally(() => {
        if (generation === this.#generation) this.#isReading = false;
      })
      .catch(() => undefined);
    this.#onFirst();
  }

  #catchUp(leader: number, commit: number): void {
    // Another leader was joined meanwhile: its answer is asked for again.
    if (leader !== this.#leader) {
      this.#rejoin();
      return;
    }
    this.#isInStep = true;
    this.#commit = commit;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting)
      if (message.leader === leader && message.commit > this.#commit) this.#takeCommit(message);
  }

  #sendCalls(): void {
    const leader = this.#leader;
    if (this.#role !== "following" || leader === undefined) return;
    for (const call of this.#calls.due(leader)) this.#tell({ kind: "call", tab: this.#tab, leader, ...call });
  }

  /** What this tab wanted of the leader before it, it does itself now. */
  #doOwnCalls(leader: number): void {
    for (const { callId, name, values } of this.#calls.due(leader)) {
      this.#host.serve(name, values).then(
        (value) => this.#calls.resolve(callId, value),
        (error: unknown) => this.#calls.fail(callId, toldFailure(error)),
      );
    }
  }

  #hasFollowers(): boolean {
    const heardMs = this.#heardMs;
    return heardMs !== undefined && this.#ambient.clock.monotonicMs() - heardMs < TAB_ALONE_AFTER_MS;
  }

  #tellAsLeader(message: (leader: number) => TabMessage): void {
    if (this.#role === "leading" && this.#leader !== undefined && this.#hasFollowers())
      this.#tell(message(this.#leader));
  }

  #tell(message: TabMessage): void {
    this.#channel.broadcast(message);
  }
}
