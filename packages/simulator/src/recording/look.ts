/** Everything that a device can show, as a person would see it who paged to the beginning of everything. */
import type { ParleyClient } from "@parley/client";
import { type ConversationEntry, type ConversationId, isSignal, type Message } from "@parley/protocol";
import type { Device } from "../device.js";
import { type DeviceView, SEARCHED } from "./judge.js";
import type { GroupView } from "./judge-groups.js";
import { areSameMessages } from "./same.js";

const PAGES_MAX = 10_000;
const LOOK_MS_MAX = 30_000;

/** Looks at a device that has settled, and complains when what it shows is not what it stores. */
export async function look(device: Device, onTrouble: (what: string) => void): Promise<DeviceView> {
  const client = device.client!;
  const entries = client.conversations();
  const messages = new Map<ConversationId, readonly Message[]>();
  const found = new Map<ConversationId, readonly Message[]>();
  const groups = new Map<ConversationId, GroupView>();
  for (const { conversationId, isMember } of entries) {
    if (!isMember) continue;
    if (conversationId.startsWith("g:")) {
      const held = client.groups.find(conversationId);
      const members = await client.members(conversationId);
      groups.set(conversationId, { held, members, loaded: await client.groups.load(conversationId) });
    }
    let timeline = await client.open(conversationId);
    for (let page = 0; page < PAGES_MAX && !timeline.isAtBeginning; page++)
      timeline = await client.loadOlder(conversationId, 30);
    // What is shown is what is stored, but for what is for other modules.
    const stored = device.stored(conversationId);
    messages.set(conversationId, stored);
    const shown = stored.filter(({ body }) => !isSignal(body));
    if (!areSameMessages(timeline.messages, shown))
      onTrouble(`${device.name} shows ${conversationId} otherwise than it is stored`);
    found.set(conversationId, await searchIn(client, conversationId));
  }
  await lookAtTabs(device, onTrouble);
  return { device, entries, messages, found, groups };
}

/** Complains when tabs of one device show something else than the first. */
async function lookAtTabs(device: Device, onTrouble: (what: string) => void): Promise<void> {
  const [first, ...others] = device.clients;
  for (const other of others) {
    await other.settled(LOOK_MS_MAX);
    const entries = new Map(other.conversations().map((entry) => [entry.conversationId, entry]));
    for (const entry of first?.conversations() ?? []) {
      const { conversationId } = entry;
      const [shown, mirrored] = [entry, entries.get(conversationId)].map((one) => factsOf(one));
      if (shown !== mirrored)
        onTrouble(`tabs of ${device.name} list ${conversationId} differently: ${shown} and ${mirrored}`);
      if (!entry.isMember) continue;
      const { messages } = await other.open(conversationId);
      const stored = device.stored(conversationId).filter(({ body }) => !isSignal(body));
      if (!areSameMessages(messages, stored.slice(Math.max(0, stored.length - messages.length))))
        onTrouble(`a tab of ${device.name} shows ${conversationId} otherwise than it is stored`);
    }
  }
}

function factsOf(entry: ConversationEntry | undefined): string {
  if (entry === undefined) return "nothing";
  const { lastSequence, readSequence, firstVisible, isMember, updatedMs } = entry;
  return [lastSequence, readSequence, firstVisible, isMember, updatedMs].join(" ");
}

/** All pages of a search. */
async function searchIn(client: ParleyClient, conversationId: ConversationId): Promise<readonly Message[]> {
  const found: Message[] = [];
  let cursor = "";
  for (let page = 0; page < PAGES_MAX; page++) {
    const results = await client.search({ text: SEARCHED, conversationId }, cursor);
    found.push(...results.hits.map(({ message }) => message));
    cursor = results.next;
    if (cursor === "") break;
  }
  return found;
}
