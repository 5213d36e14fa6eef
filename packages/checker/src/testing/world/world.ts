/**
 * Plays a list of commands in a small world and records its history. Without a fault the history is correct, whatever
 * the commands: messages are under way when others act, answers are lost, devices restart, users come and go, hide and
 * read, servers fall and replay. With a fault it says whether the fault has shown.
 */
import type { ConversationId, TenantId } from "@parley/protocol";
import { contentOf } from "../../history/content.js";
import type { History } from "../../history/history.js";
import { HistoryRecorder } from "../../history/recorder.js";
import type { ConversationIndex, OperationIndex, UserIndex } from "../../history/records.js";
import { WorldDevice } from "./device.js";
import type { Fault } from "./faults.js";
import { WorldServer, type WorldState, nameOf } from "./server.js";

/** Which command, and two numbers that choose its details. */
export type Command = readonly [what: number, a: number, b: number];

export interface Played {
  readonly history: History;
  /** Whether the fault had an effect that a checker can see. */
  readonly hasShown: boolean;
}

const USER_COUNT = 5;
/** Devices of each user; the last user is of another tenant. */
const DEVICES = [0, 0, 1, 1, 2, 3, 4] as const;
/** How many of the fault's chances pass before it strikes, by the command's numbers. */
const STRIKE_ONE_IN = 3;

interface Sent {
  readonly device: number;
  readonly operation: OperationIndex;
  readonly conversation: ConversationIndex;
  readonly messageId: string;
  readonly sequence: number;
}

export function play(commands: readonly Command[], fault?: Fault): Played {
  return new World(fault).play(commands);
}

class World {
  readonly #recorder = new HistoryRecorder();
  readonly #fault: Fault | undefined;
  readonly #server: WorldServer;
  readonly #devices: readonly WorldDevice[];
  readonly #conversations: ConversationIndex[] = [];
  /** What each device has under way to the servers, in order, and answers under way to it. */
  readonly #requests: (() => void)[][] = DEVICES.map(() => []);
  readonly #answers: (() => void)[][] = DEVICES.map(() => []);
  /** The highest sequence that each device has heard of for sure. */
  readonly #heard = new Map<string, number>();
  readonly #acknowledged: Sent[] = [];
  #sendCount = 0;
  #hasFired = false;
  #a = 0;
  #b = 0;
  #isBroken = false;
  readonly #drained: WorldDevice[] = [];
  /** Hidings that were confirmed, by user and conversation, and those asked for, with their sequence. */
  readonly #confirmed = new Map<string, Set<number>>();
  readonly #asked = new Set<string>();
  #saved: { readonly state: WorldState; readonly told: number } | undefined;

  constructor(fault: Fault | undefined) {
    this.#fault = fault;
    this.#server = new WorldServer(this.#recorder, {
      fault,
      fire: () => void (this.#hasFired = true),
      strikes: (wanted, oneIn = STRIKE_ONE_IN) => wanted === fault && (this.#a + this.#b) % oneIn === 0,
    });
    const users = Array.from({ length: USER_COUNT }, (_, index) =>
      this.#recorder.user(
        (index === USER_COUNT - 1 ? "blue" : "acme") as TenantId,
        nameOf(index as UserIndex),
      ),
    );
    for (const _ of users)
      this.#server.state.users.push({ queue: [], entries: new Map(), hidden: new Map() });
    this.#devices = DEVICES.map((user, index) => {
      const device = this.#recorder.device(users[user]!, `device-${index}`);
      return new WorldDevice(this.#server, device, users[user]!);
    });
    this.#create("acme", [0, 1], false);
    this.#create("acme", [1, 2, 3], true);
    this.#create("blue", [4], false);
  }

  play(commands: readonly Command[]): Played {
    this.#save();
    for (const [what, a, b] of commands) {
      this.#a = a;
      this.#b = b;
      if (this.#isWritingThrough()) this.#save();
      this.#do(what);
    }
    // From here on no fault strikes by chance.
    this.#a = 1;
    this.#b = 0;
    this.#finish();
    return { history: this.#recorder.history, hasShown: this.#isSeen() };
  }

  /** Whether everything is durable now, and a fault will need to know what was. */
  #isWritingThrough(): boolean {
    return (
      !this.#isBroken &&
      (this.#fault === "failed fsync is ignored" || this.#fault === "torn tail is not cut off")
    );
  }

  #do(what: number): void {
    const actions: readonly (readonly [weight: number, act: () => void])[] = [
      [6, () => this.#send()],
      [9, () => this.#arrive()],
      [7, () => this.#answer()],
      [6, () => this.#device.sync(1 + (this.#b % 5), this.#b % 3)],
      [4, () => this.#server.pump(1 + (this.#b % 6))],
      [3, () => this.#hide()],
      [2, () => this.#read()],
      [2, () => this.#change()],
      [3, () => this.#page()],
      [2, () => this.#device.store()],
      [1, () => this.#device.restart(this.#b % 7 === 0)],
      [1, () => this.#crash()],
      [1, () => this.#flush()],
    ];
    const flat = actions.flatMap(([weight, act]) => Array.from({ length: weight }, () => act));
    flat[what % flat.length]!();
  }

  get #device(): WorldDevice {
    return this.#devices[this.#a % this.#devices.length]!;
  }

  get #conversation(): ConversationIndex {
    return this.#device.user === USER_COUNT - 1 ? this.#conversations[2]! : this.#conversations[this.#b % 2]!;
  }

  #create(tenant: string, users: readonly number[], isOpen: boolean): void {
    const id = tenant === "blue" ? "g:0" : `g:${this.#conversations.length}`;
    const conversation = this.#recorder.conversation(tenant as TenantId, id as ConversationId);
    this.#conversations.push(conversation);
    const device = this.#devices.find(({ user }) => user === users[0])!.index;
    const operation = this.#recorder.createInvoked({ device, users: users as readonly UserIndex[] });
    this.#server.create(conversation, users as readonly UserIndex[], isOpen);
    this.#recorder.createOk(operation, conversation);
  }

  #send(): void {
    const device = this.#device;
    const conversation = this.#conversation;
    const clientMessageId = `c-${++this.#sendCount}`;
    const content = contentOf(clientMessageId);
    const { index, user } = device;
    const operation = this.#recorder.sendInvoked({
      device: index,
      conversation,
      clientMessageId,
      content,
      timeMs: this.#sendCount,
    });
    const isRepeated = this.#b % 5 === 0;
    const send = { sender: user, device: index, clientMessageId, content };
    const request = (): void => {
      const message = this.#server.send(this.#server.conversation(conversation), send);
      const isRefused = message === undefined || this.#server.trouble.strikes("refused send is placed");
      this.#reply(device, () => {
        if (isRefused) {
          this.#recorder.failed(operation, "not-a-member");
          if (message !== undefined) this.#server.trouble.fire();
          return;
        }
        const { messageId, sequence } = message;
        this.#recorder.sendOk(operation, { messageId, sequence, timeMs: this.#sendCount });
        this.#hear(device, conversation, sequence);
        this.#acknowledged.push({ device: index, operation, conversation, messageId, sequence });
      });
    };
    const requests = this.#requests[index]!;
    // Of a send that is repeated the first answer is lost.
    if (isRepeated) requests.push(() => this.#server.send(this.#server.conversation(conversation), send));
    requests.push(request);
  }

  #reply(device: WorldDevice, answer: () => void): void {
    this.#answers[device.index]!.push(answer);
  }

  #hear(device: WorldDevice, conversation: ConversationIndex, sequence: number): void {
    const key = `${device.index}/${conversation}`;
    this.#heard.set(key, Math.max(sequence, this.#heard.get(key) ?? 0));
  }

  #arrive(): void {
    const requests = this.#next(this.#requests);
    if (requests === undefined) return;
    if (requests.length >= 2 && this.#server.trouble.strikes("sends overtake each other", 1))
      requests.push(requests.shift()!);
    requests.shift()?.();
  }

  #answer(): void {
    this.#next(this.#answers)?.shift()?.();
  }

  /** The first device, from the one that the command names on, with something under way. */
  #next(under: readonly (() => void)[][]): (() => void)[] | undefined {
    const start = this.#a % under.length;
    return [...under.slice(start), ...under.slice(0, start)].find(({ length }) => length > 0);
  }

  #hide(): void {
    const device = this.#device;
    const conversation = this.#conversation;
    const last = this.#server.state.users[device.user]!.entries.get(conversation)?.lastSequence ?? 0;
    const sequences = [1 + ((this.#a + this.#b) % Math.max(1, last))];
    const operation = this.#recorder.hideInvoked({ device: device.index, conversation, sequences });
    this.#asked.add(`${device.user}/${conversation}/${sequences[0]}`);
    const confirmed = this.#confirmed.get(`${device.user}/${conversation}`) ?? new Set<number>();
    this.#confirmed.set(`${device.user}/${conversation}`, confirmed);
    this.#request(
      device,
      operation,
      () => this.#server.hide(conversation, device.user, sequences),
      () => confirmed.add(sequences[0]!),
    );
  }

  #read(): void {
    const device = this.#device;
    const conversation = this.#conversation;
    const sequence = this.#server.conversation(conversation).messages.length + (this.#a % 3) - (this.#b % 4);
    if (sequence < 1) return;
    const operation = this.#recorder.readInvoked({ device: device.index, conversation, sequence });
    this.#request(device, operation, () => this.#server.read(conversation, device.user, sequence));
  }

  #change(): void {
    const device = this.#device;
    const conversation = this.#conversation;
    if (conversation === this.#conversations[2]) return;
    const user = (this.#b % (USER_COUNT - 1)) as UserIndex;
    const isRemoval = this.#a % 2 === 0;
    const operation = this.#recorder.membersInvoked({
      device: device.index,
      conversation,
      users: [user],
      isRemoval,
    });
    this.#request(device, operation, () =>
      isRemoval
        ? this.#server.remove(conversation, device.user, user)
        : this.#server.add(conversation, device.user, user),
    );
  }

  #request(device: WorldDevice, operation: OperationIndex, run: () => boolean, done?: () => void): void {
    this.#requests[device.index]!.push(() => {
      const isDone = run();
      this.#reply(device, () => {
        if (isDone) {
          this.#recorder.ok(operation);
          done?.();
        } else this.#recorder.failed(operation, "not-a-member");
      });
    });
  }

  #page(): void {
    const device = this.#device;
    const conversation = this.#conversation;
    const { index, user } = device;
    const operation = this.#recorder.pageInvoked({ device: index, conversation });
    const heard = this.#heard.get(`${index}/${conversation}`) ?? 0;
    const [a, b] = [this.#a, this.#b];
    const hiddenBefore = new Set(this.#confirmed.get(`${user}/${conversation}`));
    this.#requests[index]!.push(() => {
      const { trouble } = this.#server;
      const { members, messages } = this.#server.conversation(conversation);
      const firstVisible = members.get(user);
      if (firstVisible === undefined) {
        this.#reply(device, () => this.#recorder.failed(operation, "not-a-member"));
        return;
      }
      const isStale = trouble.strikes("page from a stale replica", 1) && messages.length > 1;
      const lastSequence = messages.length - (isStale ? 1 : 0);
      const last = Math.min(lastSequence, Math.max(firstVisible, lastSequence - (a % 3)));
      const isOpened =
        trouble.strikes("page from before the joining", 1) && this.#isNewcomer(conversation, user);
      const first = isOpened ? 1 : Math.max(firstVisible, last - (b % 6));
      const isHidingIgnored = trouble.strikes("hidden message on a page", 1);
      const seen = isHidingIgnored
        ? messages.slice(first - 1, last)
        : this.#server.visible(conversation, user, first, last);
      const hasStruck =
        (isStale && heard > lastSequence) ||
        (isOpened && seen.some(({ sequence }) => sequence < firstVisible)) ||
        (isHidingIgnored && seen.some(({ sequence }) => hiddenBefore.has(sequence)));
      this.#reply(device, () => {
        if (hasStruck) trouble.fire();
        this.#recorder.pageOk(operation, { first, last, firstVisible, lastSequence, messages: seen });
        this.#hear(device, conversation, lastSequence);
      });
    });
  }

  #isNewcomer(conversation: ConversationIndex, user: UserIndex): boolean {
    const { users, emitted } = this.#server.state;
    const events = [
      ...users[user]!.queue,
      ...emitted.filter((one) => one.user === user).map((one) => one.event),
    ];
    return (
      events.filter((event) => event?.kind === "joined" && event.conversation === conversation).length === 1
    );
  }

  /** Requests and answers under way are lost, and the machines tell again what they had told from somewhere on. */
  #crash(): void {
    for (const under of [...this.#requests, ...this.#answers]) under.length = 0;
    let told: number | undefined;
    if (this.#saved !== undefined && this.#isVolatile()) {
      this.#server.state = structuredClone(this.#saved.state);
      told = this.#saved.told;
      this.#isBroken = this.#fault === "torn tail is not cut off";
    } else if (this.#fault === "torn tail is not cut off") this.#isBroken = true;
    this.#server.restartUsers();
    const from = this.#a % ((told ?? this.#server.toldCount) + 1);
    this.#server.replay(from, told);
  }

  #flush(): void {
    if (this.#fault === "acknowledge before fsync") this.#save();
    if (this.#fault === "failed fsync is ignored") this.#isBroken = true;
  }

  /** Whether a crash loses what came after the last save. */
  #isVolatile(): boolean {
    return this.#fault === "acknowledge before fsync" || this.#isBroken;
  }

  #save(): void {
    this.#saved = { state: structuredClone(this.#server.state), told: this.#server.toldCount };
  }

  #finish(): void {
    for (const requests of this.#requests) for (const request of requests.splice(0)) request();
    this.#server.pump();
    for (const answers of this.#answers.filter((_, index) => index % 2 === 0))
      for (const answer of answers.splice(0)) answer();
    const isComplete = this.#sendCount % 5 !== 0;
    if (isComplete) this.#recorder.healed(10_000);
    for (const device of this.#devices) {
      const isSecond = device.index === 1 || device.index === 3;
      if (isSecond && this.#sendCount % 4 === 0) this.#recorder.gone(device.index);
      else if (isSecond && !isComplete) this.#tellFinal(device, 0.5);
      else {
        device.sync(Infinity, 0);
        this.#recorder.drained(device.index, 12_000);
        this.#drained.push(device);
        this.#tellFinal(device, 1);
      }
    }
  }

  #tellFinal(device: WorldDevice, share: number): void {
    for (const conversation of device.conversations) {
      const { firstVisible, lastSequence, readSequence, unread, isMember } = device.entry(conversation);
      const drift = this.#server.drift.get(`${device.user}/${conversation}`) ?? 0;
      this.#recorder.entryShown({
        device: device.index,
        conversation,
        firstVisible,
        lastSequence,
        readSequence,
        unread: unread + drift,
        isMember,
      });
      const messages = device.final(conversation);
      this.#recorder.finalMessages({
        device: device.index,
        conversation,
        messages: messages.slice(0, Math.ceil(messages.length * share)),
      });
    }
  }

  /** Whether the history shows what the fault did. */
  #isSeen(): boolean {
    const isLost = (): boolean => this.#acknowledged.some((sent) => this.#isMissed(sent.conversation, sent));
    const hasDrifted = (): boolean =>
      this.#drained.some(({ user, conversations }) =>
        conversations.some((conversation) => this.#server.drift.has(`${user}/${conversation}`)),
      );
    const others: Partial<Record<Fault, () => boolean>> = {
      "acknowledge before fsync": isLost,
      "torn tail is not cut off": isLost,
      "failed fsync is ignored": isLost,
      "no fence against the owner before": isLost,
      "event is lost": () =>
        this.#server.lost.some(({ messageId }) =>
          this.#acknowledged.some((sent) => sent.messageId === messageId),
        ),
      "hidden for everybody": () =>
        this.#server.state.conversations.some(({ index, messages }) =>
          messages.some((message) => this.#isMissed(index, message)),
        ),
      "unread is raised by a repeat": hasDrifted,
      "unread drifts when hiding": hasDrifted,
      "sends overtake each other": () => this.#hasOvertaken(),
    };
    const isSeen = this.#fault === undefined ? undefined : others[this.#fault];
    return isSeen === undefined ? this.#hasFired : isSeen();
  }

  /** Whether a member's device has not got at the end what its user may see. */
  #isMissed(
    conversation: ConversationIndex,
    { messageId, sequence }: { readonly messageId: string; readonly sequence: number },
  ): boolean {
    const isForEverybody = this.#fault === "hidden for everybody";
    if (!isForEverybody && [...this.#asked].some((key) => key.endsWith(`/${conversation}/${sequence}`)))
      return false;
    const { members } = this.#server.conversation(conversation);
    return this.#drained.some((device) => {
      const firstVisible = members.get(device.user);
      if (
        firstVisible === undefined ||
        sequence < firstVisible ||
        !device.conversations.includes(conversation)
      )
        return false;
      if (this.#asked.has(`${device.user}/${conversation}/${sequence}`)) return false;
      return device.final(conversation).every((held) => held.messageId !== messageId);
    });
  }

  #hasOvertaken(): boolean {
    return this.#acknowledged.some((one) =>
      this.#acknowledged.some(
        (other) =>
          one.device === other.device &&
          one.conversation === other.conversation &&
          one.operation < other.operation &&
          one.sequence > other.sequence,
      ),
    );
  }
}
