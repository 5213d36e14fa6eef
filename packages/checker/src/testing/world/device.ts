/** A device of the small world: it follows its user's queue, keeps a list and messages, and may lose its memory. */
import { type ConversationEntry, applyEvent, emptyEntry } from "@parley/protocol";
import type { ConversationIndex, DeviceIndex, UserIndex } from "../../history/records.js";
import { EPOCH, type WorldEvent, type WorldMessage, type WorldServer, nameOf } from "./server.js";

interface Memory {
  epoch: number;
  pts: number;
  readonly entries: Map<ConversationIndex, ConversationEntry>;
  /** Sequence to message, undefined where there is nothing to see. */
  readonly held: Map<ConversationIndex, Map<number, WorldMessage | undefined>>;
}

/** A device that is further behind is rebased. */
const BEHIND_MAX = 12;

export class WorldDevice {
  readonly index: DeviceIndex;
  readonly user: UserIndex;
  readonly #server: WorldServer;
  #memory: Memory = emptyMemory();
  #stored: Memory = emptyMemory();

  constructor(server: WorldServer, index: DeviceIndex, user: UserIndex) {
    this.#server = server;
    this.index = index;
    this.user = user;
  }

  get conversations(): readonly ConversationIndex[] {
    return [...this.#memory.entries.keys()];
  }

  entry(conversation: ConversationIndex): ConversationEntry {
    return this.#memory.entries.get(conversation)!;
  }

  /** Takes up to `count` events, `lag` of them after the position of a rebase. */
  sync(count: number, lag: number): void {
    const { recorder, trouble, state } = this.#server;
    const { queue } = state.users[this.user]!;
    const memory = this.#memory;
    if (memory.epoch === 0 || memory.pts > queue.length || queue.length - memory.pts > BEHIND_MAX)
      this.#rebase(Math.max(0, queue.length - lag));
    for (let taken = 0; taken < count && memory.pts < queue.length; taken++) {
      if (queue.length - memory.pts >= 2 && trouble.strikes("position jumps over a gap")) {
        memory.pts++;
        trouble.fire();
      }
      const event = queue[memory.pts];
      memory.pts++;
      if (event === undefined) continue;
      if (this.#server.late.has(event)) trouble.fire();
      if (trouble.strikes("position is stored early")) {
        recorder.positionStored({ device: this.index, epoch: EPOCH, pts: memory.pts });
        trouble.fire();
      }
      recorder.eventApplied({ device: this.index, epoch: EPOCH, pts: memory.pts, content: event.content });
      this.#apply(event);
    }
  }

  store(): void {
    this.#stored = structuredClone(this.#memory);
    if (this.#stored.epoch === 0) return;
    this.#server.recorder.positionStored({ device: this.index, epoch: EPOCH, pts: this.#stored.pts });
  }

  restart(isWiped: boolean): void {
    if (isWiped) this.#stored = emptyMemory();
    this.#memory = structuredClone(this.#stored);
    this.#server.recorder.restarted({ device: this.index, epoch: this.#memory.epoch, pts: this.#memory.pts });
  }

  /** What it holds and what it can still fetch. */
  final(conversation: ConversationIndex): readonly WorldMessage[] {
    const entry = this.entry(conversation);
    const held = this.#memory.held.get(conversation) ?? new Map<number, WorldMessage | undefined>();
    const all = new Map(held);
    const server = this.#server.conversation(conversation);
    const serverFirst = server.members.get(this.user);
    if (entry.isMember && serverFirst !== undefined) {
      const firstVisible = Math.max(entry.firstVisible, serverFirst);
      for (const message of this.#server.visible(conversation, this.user, firstVisible, Infinity))
        if (!held.has(message.sequence)) all.set(message.sequence, message);
      for (const sequence of all.keys()) if (sequence < firstVisible) all.delete(sequence);
    }
    if (this.#server.trouble.fault === "hidden for everybody")
      for (const sequence of this.#server.hiddenFrom(conversation, this.user)) all.delete(sequence);
    return [...all.values()]
      .filter((message) => message !== undefined)
      .toSorted((a, b) => a.sequence - b.sequence);
  }

  #rebase(pts: number): void {
    const { recorder, trouble, state } = this.#server;
    const { queue, entries } = state.users[this.user]!;
    const memory = this.#memory;
    memory.epoch = EPOCH;
    memory.pts = pts;
    memory.entries.clear();
    memory.held.clear();
    let list: ReadonlyMap<ConversationIndex, ConversationEntry> = entries;
    if (trouble.strikes("rebase with an old list", 1)) {
      list = foldEvents(this.user, queue.slice(0, Math.max(0, pts - 3)));
      const right = foldEvents(this.user, queue.slice(0, pts));
      if ([...right].some(([index, entry]) => (list.get(index)?.lastSequence ?? -1) < entry.lastSequence))
        trouble.fire();
    }
    for (const [index, entry] of list) memory.entries.set(index, entry);
    const listed = [...list].map(([conversation, { lastSequence }]) => ({ conversation, lastSequence }));
    recorder.rebased({ device: this.index, epoch: EPOCH, pts, entries: listed });
  }

  #apply(event: WorldEvent): void {
    const { entries, held } = this.#memory;
    const { conversation, message } = event;
    const before =
      entries.get(conversation) ?? emptyEntry(event.event.message?.conversationId ?? ("" as never));
    entries.set(conversation, applyEvent(before, event.event, nameOf(this.user)));
    const messages = held.get(conversation) ?? new Map<number, WorldMessage | undefined>();
    held.set(conversation, messages);
    for (const sequence of event.sequences) messages.set(sequence, undefined);
    if (message === undefined) return;
    messages.set(message.sequence, message);
    this.#show(conversation, message);
  }

  #show(conversation: ConversationIndex, message: WorldMessage): void {
    const { recorder, trouble } = this.#server;
    let { content } = message;
    if (trouble.strikes("content is changed")) {
      content = (content ^ 1) as typeof content;
      trouble.fire();
    }
    const { sequence, messageId } = message;
    recorder.shown({
      device: this.index,
      conversation,
      sequence,
      messageId,
      content: (content >>> 0) as typeof content,
    });
  }
}

/** The list that a queue's events make. */
function foldEvents(
  user: UserIndex,
  events: readonly (WorldEvent | undefined)[],
): Map<ConversationIndex, ConversationEntry> {
  const entries = new Map<ConversationIndex, ConversationEntry>();
  for (const event of events) {
    if (event === undefined) continue;
    const before = entries.get(event.conversation) ?? emptyEntry("" as never);
    entries.set(event.conversation, applyEvent(before, event.event, nameOf(user)));
  }
  return entries;
}

function emptyMemory(): Memory {
  return { epoch: 0, pts: 0, entries: new Map(), held: new Map() };
}
