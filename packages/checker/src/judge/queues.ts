/**
 * Each user's queue as the user machines said: (user, PTS) and event are one to one without a hole (I4), a message
 * comes once (I2), in its place's order (I3), to its members (I9) and to all of them (I1).
 */
import { NONE } from "../history/column.js";
import { EVENT_KINDS } from "../history/history.js";
import { Ladder } from "./ladder.js";
import { PairMap } from "./pair-map.js";
import type { Places } from "./places.js";
import type { Story } from "./run.js";

const MESSAGE = EVENT_KINDS.indexOf("message");

/** How far back in a queue an earlier copy of a message is looked for. */
const COPY_DISTANCE_MAX = 10_000;

export interface Queue {
  readonly user: number;
  readonly epoch: number;
}

export class Queues {
  readonly queues: Queue[] = [];
  /** Queue and PTS to the row in `assigned` that said it first. */
  readonly rows = new Ladder();
  /** Conversation and user to the highest sequence that the user's queue has. */
  readonly lastSequences = new PairMap<number>();
  /** How many members' queues have the message of each row in `placed`. */
  readonly received: Uint32Array;
  repeats = 0;
  readonly #indexes = new PairMap<number>();

  constructor(placedCount: number) {
    this.received = new Uint32Array(placedCount);
  }

  need(user: number, epoch: number): number {
    return this.#indexes.need(user, epoch, () => this.queues.push({ user, epoch }) - 1);
  }

  find(user: number, epoch: number): number | undefined {
    return this.#indexes.find(user, epoch);
  }

  /** The queue of a user with the highest epoch. */
  newest(user: number, epochs: readonly number[]): number | undefined {
    let newest: number | undefined;
    let highest = -1;
    for (const [epoch, queue] of this.#indexes.row(user) ?? []) {
      if (epochs[epoch]! <= highest) continue;
      highest = epochs[epoch]!;
      newest = queue;
    }
    return newest;
  }

  queueCount(user: number): number {
    return this.#indexes.row(user)?.size ?? 0;
  }
}

export function indexQueues(story: Story, places: Places): Queues {
  const queues = new Queues(story.history.placed.at.length);
  collect(story, queues);
  for (let queue = 0; queue < queues.queues.length; queue++) judgeQueue(story, places, { queues, queue });
  return queues;
}

function collect({ history, findings, speaker }: Story, queues: Queues): void {
  const { assigned } = history;
  for (let row = 0; row < assigned.at.length; row++) {
    const queue = queues.need(assigned.user.at(row), assigned.epoch.at(row));
    const pts = assigned.pts.at(row);
    const known = queues.rows.get(queue, pts);
    if (known === NONE) {
      queues.rows.set(queue, pts, row);
      continue;
    }
    queues.repeats++;
    const isSame =
      assigned.content.at(known) === assigned.content.at(row) &&
      assigned.kind.at(known) === assigned.kind.at(row) &&
      assigned.conversation.at(known) === assigned.conversation.at(row) &&
      assigned.sequence.at(known) === assigned.sequence.at(row);
    if (isSame) continue;
    findings.add("pts-conflict", pts, () => {
      const position = speaker.position(assigned.user.at(row), assigned.epoch.at(row), pts);
      return `${position} was given to "${speaker.event(known)}", and again to "${speaker.event(row)}".`;
    });
  }
}

interface QueueOf {
  readonly queues: Queues;
  readonly queue: number;
}

function judgeQueue(story: Story, places: Places, { queues, queue }: QueueOf): void {
  const { history, findings, speaker } = story;
  const { user, epoch } = queues.queues[queue]!;
  for (const hole of queues.rows.holes(queue)) {
    findings.add("pts-hole", hole, () => {
      const last = queues.rows.last(queue);
      return `${speaker.position(user, epoch, hole)} has no event, though the queue goes to ${last}.`;
    });
  }
  const { assigned, conversations, users } = history;
  const lasts = new Map<number, number>();
  // A user whose queue was built anew has a message in each of its queues.
  const isOnlyQueue = queues.queueCount(user) === 1;
  for (let pts = 1; pts <= Math.min(queues.rows.last(queue), assigned.at.length * 2); pts++) {
    const row = queues.rows.get(queue, pts);
    if (row === NONE) continue;
    const conversation = assigned.conversation.at(row);
    if (conversation === NONE) continue;
    if (conversations[conversation]!.tenant !== users[user]!.tenant) {
      findings.add(
        "other-tenant",
        pts,
        () => `${speaker.position(user, epoch, pts)} is "${speaker.event(row)}" of another tenant.`,
      );
    }
    if (assigned.kind.at(row) !== MESSAGE) continue;
    const place = places.row(conversation, assigned.sequence.at(row));
    const isNew = judgeMessage(story, { queues, queue, pts, row, place, places, lasts });
    if (!isNew) continue;
    const known = queues.lastSequences.find(conversation, user) ?? 0;
    const sequence = assigned.sequence.at(row);
    if (sequence > known) queues.lastSequences.set(conversation, user, sequence);
    if (place !== NONE && (isOnlyQueue || sequence > known)) queues.received[place]!++;
  }
}

interface MessageEvent extends QueueOf {
  readonly pts: number;
  readonly row: number;
  readonly place: number;
  readonly places: Places;
  readonly lasts: Map<number, number>;
}

/** Whether a member gets this message for the first time in this queue. */
function judgeMessage({ history, findings, speaker }: Story, event: MessageEvent): boolean {
  const { queues, queue, pts, row, place, places, lasts } = event;
  const { assigned, placed, memberSets } = history;
  const { user, epoch } = queues.queues[queue]!;
  const conversation = assigned.conversation.at(row);
  const sequence = assigned.sequence.at(row);
  const what = (): string => `${speaker.position(user, epoch, pts)} is "${speaker.event(row)}"`;
  if (place === NONE) {
    findings.add("never-placed", pts, () => `${what()}, where no message was placed.`);
    return false;
  }
  if (placed.content.at(place) !== assigned.content.at(row))
    findings.add(
      "other-content",
      pts,
      () => `${what()}, with another content than ${speaker.placed(place)}.`,
    );
  const set = placed.members.at(place);
  const isMember = set === NONE || memberSets[set]!.has(user);
  if (!isMember)
    findings.add(
      "not-a-member",
      pts,
      () => `${what()}, which is for ${speaker.users(memberSets[set]!)} only.`,
    );
  if (!places.isFor(place, user))
    findings.add("directed-shown", pts, () => `${what()}, which is directed to others.`);
  const before = lasts.get(conversation) ?? 0;
  if (sequence > before) {
    lasts.set(conversation, sequence);
    return isMember;
  }
  for (let earlier = pts - 1; earlier > Math.max(0, pts - COPY_DISTANCE_MAX); earlier--) {
    const other = queues.rows.get(queue, earlier);
    if (other === NONE || assigned.kind.at(other) !== MESSAGE) continue;
    if (assigned.conversation.at(other) !== conversation || assigned.sequence.at(other) !== sequence)
      continue;
    findings.add("queued-twice", pts, () => `${what()}, which is PTS ${earlier} already.`);
    return false;
  }
  findings.add("queue-order", pts, () => `${what()}, after ${speaker.place(conversation, before)}.`);
  return isMember;
}
