/**
 * Later states of messages, as the conversation machine said: revisions go up one by one, what is said again after a replay is
 * the same (I3), and an event of a change is of such a state and for somebody who sees the message (I3, I9), as is one of
 * reactions and pins (I9).
 */
import { NONE } from "../history/column.js";
import { EVENT_KINDS } from "../history/history.js";
import { PairMap } from "./pair-map.js";
import type { Run, Story } from "./run.js";

const CHANGED = EVENT_KINDS.indexOf("changed");
const STATE = EVENT_KINDS.indexOf("state");

interface State {
  readonly revision: number;
  readonly isRecalled: boolean;
  readonly content: number;
}

export class Changes {
  /** By conversation and sequence, the oldest first. */
  readonly #states: PairMap<State[]>;

  constructor(states: PairMap<State[]>) {
    this.#states = states;
  }

  /** Whether the message had this content at some time after it was placed. */
  has(conversation: number, sequence: number, content: number): boolean {
    return this.#states.find(conversation, sequence)?.some((state) => state.content === content) === true;
  }

  /** The newest state; undefined when the message is as it was placed. */
  newest(conversation: number, sequence: number): State | undefined {
    return this.#states.find(conversation, sequence)?.at(-1);
  }
}

export function indexChanges({ history, findings, speaker }: Story): Changes {
  const { changes } = history;
  const states = new PairMap<State[]>();
  for (let row = 0; row < changes.at.length; row++) {
    const conversation = changes.conversation.at(row);
    const sequence = changes.sequence.at(row);
    const state: State = {
      revision: changes.revision.at(row),
      isRecalled: changes.isRecalled.at(row) === 1,
      content: changes.content.at(row),
    };
    const known = states.need(conversation, sequence, () => []);
    const last = known.at(-1);
    if (state.revision === (last?.revision ?? 0) + 1 && last?.isRecalled !== true) {
      known.push(state);
      continue;
    }
    // A replay says it again.
    if (known.some(({ revision, content }) => revision === state.revision && content === state.content))
      continue;
    findings.add(
      "told-differently",
      sequence,
      () =>
        `${speaker.place(conversation, sequence)} was changed to revision ${state.revision} after ` +
        `${last?.revision ?? 0}${last?.isRecalled === true ? ", which had recalled it" : ""}.`,
    );
  }
  return new Changes(states);
}

export function judgeChanges({ history, findings, speaker, changes, memberships, places }: Run): void {
  const { assigned } = history;
  for (let row = 0; row < assigned.at.length; row++) {
    const kind = assigned.kind.at(row);
    if (kind !== CHANGED && kind !== STATE) continue;
    const conversation = assigned.conversation.at(row);
    const sequence = assigned.sequence.at(row);
    if (conversation === NONE) continue;
    const user = assigned.user.at(row);
    const what = (): string => `${speaker.user(user)} was told of "${speaker.event(row)}"`;
    if (kind === CHANGED && !changes.has(conversation, sequence, assigned.content.at(row)))
      findings.add("other-content", sequence, () => `${what()}, which no machine had made of it.`);
    const place = places.row(conversation, sequence);
    if (place !== NONE && !places.isFor(place, user))
      findings.add("directed-shown", sequence, () => `${what()}, which is directed to others.`);
    if (!memberships.isTold) continue;
    const periods = memberships.periods.find(conversation, user);
    if (periods?.some(({ firstVisible }) => firstVisible <= sequence) === true) continue;
    findings.add(periods === undefined ? "not-a-member" : "before-join", sequence, () => {
      const where = periods === undefined ? "was never a member" : `sees from ${periods[0]!.firstVisible} on`;
      return `${what()}, and ${where}.`;
    });
  }
}
