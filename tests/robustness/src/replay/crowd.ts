/** Users with two devices each, who play a script, read and delete while the world fails around them. */
import { join } from "node:path";
import { failureCode } from "@parley/base";
import { type Installation, RawClient } from "@parley/bench";
import {
  type ConversationEntry,
  type ConversationId,
  directConversationId,
  type Message,
  parseUserId,
  type UserId,
} from "@parley/protocol";
import type { Chance } from "../seed.js";
import { pause, until } from "../wait.js";
import { Device } from "./device.js";
import type { Look, Witness } from "../witness/witness.js";
import { fetchFresh, fetchList, isSameList } from "./fresh-view.js";
import type { JudgedDevice } from "./judge.js";
import type { Place, Script } from "./script.js";

export const DEVICES_PER_USER = 2;
/** The tokens behind those of the devices: of one that asks without the SDK, and of one that begins at the end. */
const NOBODY = DEVICES_PER_USER;
const NEWCOMER = DEVICES_PER_USER + 1;
export const TOKENS_PER_USER = DEVICES_PER_USER + 2;

/** Of the steps, the share after which somebody marks a conversation as read, deletes something, comes or goes. */
const READ_SHARE = 0.3;
const HIDE_SHARE = 0.1;
const MEMBER_SHARE = 0.06;
/** One in so many users never reads, so that large unread counts are there too. */
const NON_READERS_ONE_IN = 4;
/** Messages above the newest that may be deleted. */
const HIDE_DEPTH = 20;
const SETTLE_MS_MAX = 60_000;
/** Everything is accepted by now; this is the way from there to the last device. */
const AGREE_MS_MAX = 30_000;
/** For what changes messages and no list entry; who has read is told within two seconds when many read. */
const AGREED_PAUSE_MS = 3_000;
const VIEWS_AT_A_TIME = 16;
/** One in so many users gets one more device of the SDK at the end. */
const NEWCOMERS_ONE_IN = 5;

interface Person {
  readonly userId: UserId;
  readonly isReader: boolean;
  readonly hasNewcomer: boolean;
  readonly devices: readonly Device[];
}

/** What everybody sees at the end. */
export interface CrowdViews {
  readonly looks: readonly Look[];
  /** The tokens of the devices of the SDK, which have everything. */
  readonly drained: readonly string[];
  readonly devices: readonly JudgedDevice[];
  /** What devices could not get rid of. */
  readonly pending: readonly string[];
}

export interface CrowdOptions {
  readonly installation: Installation;
  readonly witness: Witness;
  /** Where the devices connect. */
  readonly url: string;
  /** For the stores of the first device of each user. */
  readonly storeDirectory: string;
}

export class Crowd {
  readonly devices: readonly Device[];
  readonly counts = { hides: 0, hidesUnanswered: 0, reads: 0, memberChanges: 0 };
  /** What the SDKs logged since the crowd has gathered, and how often. */
  readonly logged = new Map<string, number>();
  /** Those of them that the SDK calls errors. */
  readonly loggedErrors: string[] = [];
  readonly #people: readonly Person[];
  readonly #installation: Installation;
  readonly #witness: Witness;
  readonly #url: string;
  readonly #groups: ConversationId[] = [];
  /** Who says nothing in each group, and so may come and go. */
  readonly #guests: (readonly UserId[])[] = [];
  /** The member of each conversation that deletes nothing and stays, so that somebody sees everything. */
  readonly #witnesses = new Map<ConversationId, UserId>();
  readonly #working = new Set<Promise<void>>();
  readonly #errors: unknown[] = [];
  readonly #onLog = (event: string, isError: boolean): void => {
    this.logged.set(event, (this.logged.get(event) ?? 0) + 1);
    if (isError) this.loggedErrors.push(event);
  };

  constructor({ installation, witness, url, storeDirectory }: CrowdOptions) {
    this.#installation = installation;
    this.#witness = witness;
    this.#url = url;
    this.#people = [...installation.tokens].map(([userId, tokens], index) => ({
      userId,
      isReader: index % NON_READERS_ONE_IN !== 0,
      hasNewcomer: index % NEWCOMERS_ONE_IN === 0,
      devices: tokens.slice(0, DEVICES_PER_USER).map((token, device) => {
        const name = `${userId}/${device}`;
        const storePath = device === 0 ? join(storeDirectory, `${userId}.store`) : undefined;
        return new Device({ witness, userId, name, url, token, storePath, onLog: this.#onLog });
      }),
    }));
    this.devices = this.#people.flatMap(({ devices }) => devices);
  }

  get sentCount(): number {
    return this.devices.reduce((sum, { given }) => sum + given.length, 0);
  }

  get reconnects(): number {
    return this.devices.reduce((sum, { liveCount }) => sum + Math.max(0, liveCount - 1), 0);
  }

  /** Connects everybody and makes the conversations of the script. */
  async gather(script: Script): Promise<void> {
    await Promise.all(this.devices.map(async ({ client }) => client.start()));
    await this.settle();
    for (const [group, members] of script.groups.entries()) {
      const [owner, ...others] = members.map((member) => this.#person(member));
      if (owner === undefined) continue;
      const userIds = others.map(({ userId }) => userId);
      const { client } = this.#device(owner, 0);
      const isHistoryOpen = group % 2 === 0;
      const conversationId = await client.createGroup({ title: `Group ${group}`, userIds, isHistoryOpen });
      const inside = new Set([owner.userId, ...userIds]);
      this.#groups.push(conversationId);
      this.#guests.push(this.#people.map(({ userId }) => userId).filter((userId) => !inside.has(userId)));
      this.#witnesses.set(conversationId, owner.userId);
    }
    const pairs = script.steps.flatMap(({ user, place }) =>
      "direct" in place ? [[user, place.direct]] : [],
    );
    for (const [one = 0, other = 0] of pairs) {
      const ids = [this.#person(one).userId, this.#person(other).userId] as const;
      const conversationId = directConversationId(...ids);
      if (this.#witnesses.has(conversationId)) continue;
      this.#witnesses.set(conversationId, ids[0]);
      await this.#device(this.#person(one), 0).client.createDirect(ids[1]);
    }
    await this.settle();
    this.logged.clear();
  }

  /** Plays the script within `seconds`, evenly, whatever the state of the connections. */
  async play(script: Script, seconds: number, chance: Chance): Promise<void> {
    const beganMs = performance.now();
    for (const [index, step] of script.steps.entries()) {
      await pause(beganMs + (index / script.steps.length) * seconds * 1000 - performance.now());
      const person = this.#person(step.user);
      const conversationId = this.#conversation(step.user, step.place);
      this.#begin(this.#device(person, chance.below(DEVICES_PER_USER)).sendText(conversationId, step.text));
      // A chance of its own: how much it draws depends on what the devices hold, and must not move what is sent.
      const aside = chance.fork();
      if (aside.unit() < READ_SHARE) this.#read(aside);
      if (aside.unit() < HIDE_SHARE) this.#begin(this.#hide(aside));
      if (aside.unit() < MEMBER_SHARE) this.#begin(this.#changeMembers(aside));
    }
    await Promise.all(this.#working);
    if (this.#errors.length > 0)
      throw new AggregateError(this.#errors, `The SDK refused: ${String(this.#errors[0])}`);
  }

  /** Waits until every device is live and has nothing left to send. */
  async settle(): Promise<void> {
    const results = await Promise.allSettled(
      this.devices.map(async ({ client }) => client.settled(SETTLE_MS_MAX)),
    );
    const late = this.devices.filter((_, index) => results[index]?.status === "rejected");
    if (late.length > 0) {
      const states = late.map(({ name, client }) => `${name} is ${client.state}`).join(", ");
      throw new Error(`${late.length} devices did not settle: ${states}.`);
    }
  }

  /** What everybody sees, and what a new device of each would see; `url` leads to the server without the proxy. */
  async views(url: string): Promise<CrowdViews> {
    await this.#eachPerson(async (person) =>
      this.#asNobody(person, url, async (raw) => this.#agree(person, raw)),
    );
    await pause(AGREED_PAUSE_MS);
    const looks: Look[] = [];
    const drained: string[] = [];
    const devices: JudgedDevice[] = [];
    const pending: string[] = [];
    await this.#eachPerson(async (person) => {
      const newcomer = person.hasNewcomer ? [await this.#newcomer(person.userId)] : [];
      for (const device of [...person.devices, ...newcomer]) {
        const look = await lookAt(device, pending);
        looks.push(look);
        drained.push(device.token);
        devices.push({
          name: device.name,
          userId: device.userId,
          given: device.given,
          entries: look.entries,
        });
      }
      await Promise.all(newcomer.map(async (device) => device.stop()));
      const fresh = await this.#asNobody(person, url, fetchFresh);
      looks.push({ token: this.#token(person.userId, NOBODY), ...fresh });
    });
    return { looks, drained, devices, pending };
  }

  async stop(): Promise<void> {
    await Promise.all(this.devices.map(async (device) => device.stop()));
  }

  /** Waits until what was accepted last has reached the devices; when it does not, the judgement says what differs. */
  async #agree({ devices }: Person, client: RawClient): Promise<void> {
    await until(async () => {
      const fresh: readonly ConversationEntry[] = await fetchList(client);
      return devices.every((device) => isSameList(device.client.conversations(), fresh));
    }, AGREE_MS_MAX);
  }

  /** A device that begins only now, and has everything. */
  async #newcomer(userId: UserId): Promise<Device> {
    const device = new Device({
      witness: this.#witness,
      userId,
      name: `${userId}/${NEWCOMER}`,
      url: this.#url,
      token: this.#token(userId, NEWCOMER),
      storePath: undefined,
      onLog: this.#onLog,
    });
    await device.client.start();
    await device.client.settled(SETTLE_MS_MAX);
    return device;
  }

  /** Does something with a connection of a person, without the SDK. */
  async #asNobody<T>({ userId }: Person, url: string, work: (client: RawClient) => Promise<T>): Promise<T> {
    const client = await RawClient.connect({ url, ...this.#witness.rawTap(this.#token(userId, NOBODY)) });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  async #eachPerson(work: (person: Person) => Promise<void>): Promise<void> {
    const rest = this.#people.values();
    const next = async (): Promise<void> => {
      for (const person of rest) await work(person);
    };
    await Promise.all(Array.from({ length: VIEWS_AT_A_TIME }, next));
  }

  #token(userId: UserId, index: number): string {
    return this.#installation.tokens.get(userId)?.[index] ?? "";
  }

  #read(chance: Chance): void {
    const person = chance.pick(this.#people);
    const device = this.#device(person, chance.below(DEVICES_PER_USER));
    const entries = device.client.conversations();
    if (entries.length === 0 || !person.isReader) return;
    const { conversationId, readSequence, lastSequence } = chance.pick(entries);
    this.counts.reads += 1;
    const sequence =
      chance.unit() < 0.5 ? undefined : readSequence + chance.below(lastSequence - readSequence + 1);
    this.#begin(device.markRead(conversationId, sequence));
  }

  async #hide(chance: Chance): Promise<void> {
    const person = chance.pick(this.#people);
    const device = this.#device(person, chance.below(DEVICES_PER_USER));
    const entries = device.client
      .conversations()
      .filter(({ conversationId }) => this.#witnesses.get(conversationId) !== person.userId);
    if (entries.length === 0) return;
    const { conversationId, lastSequence, firstVisible } = chance.pick(entries);
    const sequence = Math.max(firstVisible, lastSequence - chance.below(HIDE_DEPTH));
    if (lastSequence < firstVisible) return;
    this.counts.hides += 1;
    try {
      await device.hide(conversationId, sequence);
    } catch {
      // Whether it happened is not known; the checker allows both, but the same for all.
      this.counts.hidesUnanswered += 1;
    }
  }

  /** The owner of a group lets a guest in or out. Unanswered, it may have happened or not: the list tells. */
  async #changeMembers(chance: Chance): Promise<void> {
    const group = chance.below(this.#groups.length);
    const conversationId = this.#groups[group];
    const guests = this.#guests[group] ?? [];
    if (conversationId === undefined || guests.length === 0) return;
    const owner = this.#people.find(({ userId }) => userId === this.#witnesses.get(conversationId));
    if (owner === undefined) return;
    const device = this.#device(owner, chance.below(DEVICES_PER_USER));
    const change = { conversationId, userIds: [chance.pick(guests)], isRemoval: chance.unit() < 0.5 };
    this.counts.memberChanges += 1;
    await device.changeMembers(change).catch((error: unknown) => {
      if (failureCode(error) !== "outcome-unknown" && failureCode(error) !== "unavailable") throw error;
    });
  }

  #begin(work: Promise<void>): void {
    const owned = work
      .catch((error: unknown) => {
        this.#errors.push(error);
      })
      .finally(() => this.#working.delete(owned));
    this.#working.add(owned);
  }

  #conversation(user: number, place: Place): ConversationId {
    if ("direct" in place)
      return directConversationId(this.#person(user).userId, this.#person(place.direct).userId);
    const conversationId = this.#groups[place.group];
    if (conversationId === undefined) throw new Error(`Group ${place.group} was not made.`);
    return conversationId;
  }

  #person(index: number): Person {
    const person = this.#people[index];
    if (person === undefined) throw new Error(`There is no user ${index}.`);
    return person;
  }

  #device({ devices, userId }: Person, index: number): Device {
    const device = devices[index];
    if (device === undefined) throw new Error(`${userId} has no device ${index}.`);
    return device;
  }
}

/** Everything that a device shows; what it could not get rid of is added to `pending`. */
async function lookAt(device: Device, pending: string[]): Promise<Look> {
  const messages = new Map<ConversationId, readonly Message[]>();
  const entries = device.client.conversations();
  // Who has left keeps what there is and can ask for nothing: its devices may differ.
  for (const { conversationId } of entries.filter(({ isMember }) => isMember)) {
    const held = await device.readAll(conversationId);
    messages.set(conversationId, held.messages);
    pending.push(...held.pending.map((state) => `${device.name} in ${conversationId}: ${state}`));
  }
  return { token: device.token, entries, messages };
}

/** The user ids of a crowd. */
export function crowdIds(count: number): UserId[] {
  return Array.from({ length: count }, (_, index) => parseUserId(`u${String(index).padStart(2, "0")}`));
}
