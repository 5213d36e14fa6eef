/**
 * Which message is where, as the conversation machines said: (conversation, sequence) and message are one to one (I3),
 * sequences have no hole, and what is said again after a replay is the same.
 */
import { type Column, NONE } from "../history/column.js";
import { Ladder } from "./ladder.js";
import type { Story } from "./run.js";

export class Places {
  /** Conversation and sequence to the row in `placed` that said it first. */
  readonly rows = new Ladder();
  /** Message to the row that placed it first, also when that place belongs to another message. */
  readonly rowOf: Uint32Array;
  /** Row in `placed` to the send that it answers. */
  readonly sendOf: Uint32Array;
  /** Send to the row in `placed`. */
  readonly rowOfSend: Uint32Array;
  repeats = 0;
  readonly #audience: Column;
  readonly #members: Column;
  readonly #memberSets: readonly ReadonlySet<number>[];

  constructor(story: Story) {
    const { placed, messageIds, operations, memberSets } = story.history;
    this.#audience = placed.audience;
    this.#members = placed.members;
    this.#memberSets = memberSets;
    this.rowOf = new Uint32Array(messageIds.count).fill(NONE);
    this.sendOf = new Uint32Array(placed.at.length).fill(NONE);
    this.rowOfSend = new Uint32Array(operations.at.length).fill(NONE);
  }

  /** The row that holds for a place, NONE without one. */
  row(conversation: number, sequence: number): number {
    return this.rows.get(conversation, sequence);
  }

  /** Whether what was placed by this row is for this user, if it is for any member. */
  isFor(row: number, user: number): boolean {
    const audience = this.#audience.at(row);
    return audience === NONE || this.#memberSets[audience]!.has(user);
  }

  /** How many of the members that a row names it is for. */
  countFor(row: number): number {
    const members = this.#memberSets[this.#members.at(row)]!;
    if (this.#audience.at(row) === NONE) return members.size;
    return [...members].filter((user) => this.isFor(row, user)).length;
  }

  last(conversation: number): number {
    return this.rows.last(conversation);
  }
}

export function indexPlaces(story: Story): Places {
  const { history, findings, speaker } = story;
  const { placed } = history;
  const places = new Places(story);
  for (let row = 0; row < placed.at.length; row++) {
    const conversation = placed.conversation.at(row);
    const sequence = placed.sequence.at(row);
    const message = placed.message.at(row);
    const known = places.rows.get(conversation, sequence);
    const elsewhere = places.rowOf[message]!;
    if (elsewhere === NONE) places.rowOf[message] = row;
    else if (
      placed.sequence.at(elsewhere) !== sequence ||
      placed.conversation.at(elsewhere) !== conversation
    ) {
      findings.add("place-conflict", sequence, () => {
        const other = speaker.place(placed.conversation.at(elsewhere), placed.sequence.at(elsewhere));
        return `${speaker.placed(row)} was placed at ${other} before.`;
      });
    }
    if (known === NONE) places.rows.set(conversation, sequence, row);
    else {
      places.repeats++;
      compare(story, known, row);
    }
  }
  for (let conversation = 0; conversation < history.conversations.length; conversation++) {
    for (const hole of places.rows.holes(conversation)) {
      findings.add("place-hole", hole, () => {
        const last = speaker.place(conversation, places.last(conversation));
        return `No message was placed at ${speaker.place(conversation, hole)}, though the last one is at ${last}.`;
      });
    }
  }
  return places;
}

/** Says what a second telling says otherwise than the first. */
function compare({ history, findings, speaker }: Story, known: number, row: number): void {
  const { placed } = history;
  const sequence = placed.sequence.at(row);
  if (placed.message.at(known) !== placed.message.at(row)) {
    findings.add(
      "place-conflict",
      sequence,
      () => `${speaker.placed(row)} was placed where ${speaker.message(placed.message.at(known))} is.`,
    );
    return;
  }
  const columns: readonly (readonly [string, Column])[] = [
    ["content", placed.content],
    ["sender", placed.sender],
    ["device", placed.device],
    ["client message id", placed.clientMessageId],
    ["members", placed.members],
    ["audience", placed.audience],
    ["countability", placed.isCountable],
  ];
  const other = columns.find(([, column]) => column.at(known) !== column.at(row));
  if (other === undefined) return;
  findings.add(
    "told-differently",
    sequence,
    () => `${speaker.placed(row)} was placed again with other ${other[0]}.`,
  );
}
