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
import { fetchFresh, fetchList } from "./fresh-view.js";
import { type DeviceView, isSameList, type UserView } from "./judge.js";
import type { Place, Script } from "./script.js";

export const DEVICES_PER_USER = 2;

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
/** For what changes messages and no list entry. */
const AGREED_PAUSE_MS = 500;
const VIEWS_AT_A_TIME = 16;
/** One in so many users gets one more device of the SDK at the end. */
const NEWCOMERS_ONE_IN = 5;

interface Person {
  readonly userId: UserId;
  readonly isReader: boolean;
  readonly hasNewcomer: boolean;
  readonly devices: readonly Device[];
  readonly hidden: Map<ConversationId, Set<number>>;
  readonly maybeHidden: Map<ConversationId, Set<number>>;
}

export interface CrowdOptions {
  readonly installation: Installation;
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

  constructor({ installation, url, storeDirectory }: CrowdOptions) {
    this.#installation = installation;
    this.#url = url;
    this.#people = [...installation.tokens].map(([userId, tokens], index) => ({
      userId,
      isReader: index % NON_READERS_ONE_IN !== 0,
      hasNewcomer: index % NEWCOMERS_ONE_IN === 0,
      devices: tokens.slice(0, DEVICES_PER_USER).map((token, device) => {
        const name = `${userId}/${device}`;
        const storePath = device === 0 ? join(storeDirectory, `${userId}.store`) : undefined;
        return new Device({ userId, name, url, token, storePath, onLog: this.#onLog });
      }),
      hidden: new Map(),
      maybeHidden: new Map(),
    }));
    this.devices = this.#people.flatMap(({ devices }) => devices);
  }

  get sentCount(): number {
    return this.devices.reduce((sum, { sent }) => sum + sent.length, 0);
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
  async views(
    url: string,
  ): Promise<{ readonly users: readonly UserView[]; readonly pending: readonly string[] }> {
    const users: UserView[] = [];
    const pending: string[] = [];
    const rest = this.#people.values();
    const work = async (): Promise<void> => {
      for (const person of rest) {
        const token = this.#installation.tokens.get(person.userId)?.[DEVICES_PER_USER] ?? "";
        // Two connections: one that says nothing while the devices are read would be taken for dead.
        await withClient({ url, token }, async (client) => this.#agree(person, client));
        const devices = await this.#viewsOf(person, pending);
        const fresh = await withClient({ url, token }, fetchFresh);
        const { userId, hidden, maybeHidden } = person;
        users.push({ userId, fresh, devices, hidden, maybeHidden });
      }
    };
    await Promise.all(Array.from({ length: VIEWS_AT_A_TIME }, work));
    return { users, pending };
  }

  async stop(): Promise<void> {
    await Promise.all(this.devices.map(async (device) => device.stop()));
  }

  /** Waits until what was accepted last has reached the devices; when it does not, the judge says what differs. */
  async #agree({ devices }: Person, client: RawClient): Promise<void> {
    await until(async () => {
      const fresh: readonly ConversationEntry[] = await fetchList(client);
      return devices.every((device) => isSameList(device.client.conversations(), fresh));
    }, AGREE_MS_MAX);
    await pause(AGREED_PAUSE_MS);
  }

  async #viewsOf({ userId, devices, hasNewcomer }: Person, pending: string[]): Promise<DeviceView[]> {
    const views: DeviceView[] = [];
    for (const device of devices) views.push(await viewOf(device, pending));
    if (hasNewcomer) views.push(await this.#viewOfNewcomer(userId, pending));
    return views;
  }

  /** What a device sees that begins only now. */
  async #viewOfNewcomer(userId: UserId, pending: string[]): Promise<DeviceView> {
    const token = this.#installation.tokens.get(userId)?.[DEVICES_PER_USER + 1] ?? "";
    const options = { userId, name: `${userId}/new`, url: this.#url, token, storePath: undefined };
    const device = new Device({ ...options, onLog: this.#onLog });
    try {
      await device.client.start();
      await device.client.settled(SETTLE_MS_MAX);
      return await viewOf(device, pending);
    } finally {
      await device.stop();
    }
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
      addTo(person.hidden, conversationId, sequence);
    } catch {
      // Whether it happened is not known; the judge allows both, but the same for all.
      this.counts.hidesUnanswered += 1;
      addTo(person.maybeHidden, conversationId, sequence);
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

/** Does something with a connection of its own. */
async function withClient<T>(
  options: { readonly url: string; readonly token: string },
  work: (client: RawClient) => Promise<T>,
): Promise<T> {
  const client = await RawClient.connect(options);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Everything that a device shows; what it could not get rid of is added to `pending`. */
async function viewOf(device: Device, pending: string[]): Promise<DeviceView> {
  const messages = new Map<ConversationId, readonly Message[]>();
  const entries = device.client.conversations();
  // Who has left keeps what there is and can ask for nothing: its devices may differ.
  for (const { conversationId } of entries.filter(({ isMember }) => isMember)) {
    const held = await device.readAll(conversationId);
    messages.set(conversationId, held.messages);
    pending.push(...held.pending.map((state) => `${device.name} in ${conversationId}: ${state}`));
  }
  return { name: device.name, sent: device.sent, entries, messages };
}

/** The user ids of a crowd. */
export function crowdIds(count: number): UserId[] {
  return Array.from({ length: count }, (_, index) => parseUserId(`u${String(index).padStart(2, "0")}`));
}

function addTo(
  map: Map<ConversationId, Set<number>>,
  conversationId: ConversationId,
  sequence: number,
): void {
  const known = map.get(conversationId);
  if (known === undefined) map.set(conversationId, new Set([sequence]));
  else known.add(sequence);
}
