/** A naive model of a conversation's entry: unread messages are a set of numbers. */
import { UNREAD_RANGES_MAX } from "../conversation-entry.js";
import { MENTIONS_UNREAD_MAX } from "../limits.js";
import type { ConversationEntry, Event, Message } from "../model.js";
import type { UserId } from "../ids.js";

export class EntryModel {
  readonly #self: UserId;
  #entry: ConversationEntry;
  readonly #unread = new Set<number>();
  readonly #mentions = new Set<number>();

  constructor(empty: ConversationEntry, self: UserId) {
    this.#entry = empty;
    this.#self = self;
  }

  get entry(): ConversationEntry {
    const unreadRanges = runsOf(this.#unread).flatMap((run) => [run[0]!, run.at(-1)!]);
    const unreadMentions = [...this.#mentions].toSorted((one, other) => one - other);
    return { ...this.#entry, unreadRanges, unread: this.#unread.size, unreadMentions };
  }

  apply(event: Event): void {
    const { message, read, hidden, joined, left, advanced, trimmed, changed, voided } = event;
    if (message !== undefined) this.#message(message);
    if (read !== undefined) this.#read(read.sequence);
    if (hidden !== undefined) this.#hide(hidden.sequences);
    if (joined !== undefined) this.#join(joined);
    if (left !== undefined) this.#set({ isMember: false });
    if (advanced !== undefined) this.#advance(advanced);
    if (trimmed !== undefined) this.#trim(trimmed.firstVisible);
    if (changed?.message !== undefined) this.#change(changed.message);
    const { groupRevision, membersRevision } = this.#entry;
    const info = event.group?.info;
    if (info !== undefined && info.revision > groupRevision)
      this.#set({ title: info.settings!.title, groupRevision: info.revision });
    if (event.members !== undefined)
      this.#set({ membersRevision: Math.max(membersRevision, event.members.revision) });
    if (voided !== undefined) this.#goOn(voided.sequence);
    for (const sequence of this.#mentions) if (!this.#unread.has(sequence)) this.#mentions.delete(sequence);
    const oldest = [...this.#mentions].toSorted((one, other) => one - other).slice(0, -MENTIONS_UNREAD_MAX);
    for (const sequence of oldest) this.#mentions.delete(sequence);
  }

  #goOn(sequence: number): void {
    if (sequence <= this.#entry.lastSequence) return;
    this.#set({ lastSequence: sequence });
    if (this.#unread.size === 0) this.#set({ readSequence: sequence });
  }

  #mention({ sequence, body }: Message): void {
    this.#mentions.delete(sequence);
    const mentions = body?.mentions;
    const isMention = mentions?.isAll === true || mentions?.userIds.includes(this.#self) === true;
    if (isMention && this.#unread.has(sequence)) this.#mentions.add(sequence);
  }

  #message(message: Message): void {
    if (message.sequence <= this.#entry.lastSequence) return;
    if (message.body?.signal !== undefined) {
      this.#goOn(message.sequence);
      return;
    }
    this.#set({ lastSequence: message.sequence, lastMessage: message, updatedMs: message.timeMs });
    if (message.isCountable && message.senderId !== this.#self) {
      this.#unread.add(message.sequence);
      this.#forgetOldest();
      this.#mention(message);
    } else if (this.#unread.size === 0) this.#set({ readSequence: message.sequence });
  }

  #read(sequence: number): void {
    const to = Math.min(sequence, this.#entry.lastSequence);
    for (const each of this.#unread) if (each <= to) this.#unread.delete(each);
    this.#set({ readSequence: Math.max(this.#entry.readSequence, to) });
  }

  #hide(sequences: readonly number[]): void {
    for (const sequence of sequences) {
      this.#unread.delete(sequence);
      if (this.#entry.lastMessage?.sequence === sequence) this.#set({ lastMessage: undefined });
    }
    this.#forgetOldest();
  }

  #join(joined: NonNullable<Event["joined"]>): void {
    const { title, firstVisible, lastSequence, timeMs } = joined;
    const { groupRevision, membersRevision } = this.#entry;
    this.#set({ firstVisible, isMember: true });
    if (joined.groupRevision >= groupRevision) this.#set({ title });
    this.#set({
      groupRevision: Math.max(groupRevision, joined.groupRevision),
      membersRevision: Math.max(membersRevision, joined.membersRevision),
    });
    this.#set({ lastSequence: Math.max(this.#entry.lastSequence, lastSequence) });
    this.#set({ updatedMs: Math.max(this.#entry.updatedMs, timeMs) });
    this.#read(lastSequence);
  }

  #advance({ lastSequence, lastMessage }: NonNullable<Event["advanced"]>): void {
    const before = this.#entry;
    if (lastSequence <= before.lastSequence) return;
    if (before.readSequence === before.lastSequence) this.#set({ readSequence: lastSequence });
    this.#set({ lastSequence });
    if (lastMessage === undefined) return;
    this.#set({ lastMessage, updatedMs: Math.max(before.updatedMs, lastMessage.timeMs) });
  }

  #trim(firstVisible: number): void {
    if (firstVisible <= this.#entry.firstVisible) return;
    this.#set({ firstVisible });
    if ((this.#entry.lastMessage?.sequence ?? 0) < firstVisible) this.#set({ lastMessage: undefined });
    this.#read(firstVisible - 1);
  }

  #change(message: Message): void {
    const last = this.#entry.lastMessage;
    if (last?.sequence === message.sequence && message.revision > last.revision)
      this.#set({ lastMessage: message });
    this.#mention(message);
    if (message.recall === undefined) return;
    this.#unread.delete(message.sequence);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const run of runsOf(this.#unread).slice(0, -UNREAD_RANGES_MAX))
      for (const sequence of run) this.#unread.delete(sequence);
  }

  #set(change: Partial<ConversationEntry>): void {
    this.#entry = { ...this.#entry, ...change };
  }
}

/** The longest runs of consecutive numbers, ascending. */
function runsOf(numbers: ReadonlySet<number>): number[][] {
  const runs: number[][] = [];
  for (const number of [...numbers].toSorted((one, other) => one - other)) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs;
}
