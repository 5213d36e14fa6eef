/** Turns a day of a real log into who says what to whom. */
import { type CorpusLine, corpusFiles, corpusMissing, parseLog, readCorpus } from "../corpus.js";
import { SAMPLE_LOG } from "../sample-log.js";
import type { Chance } from "../seed.js";

/** A conversation of the script: a group by its number, or the other user of a direct chat. */
export type Place = { readonly group: number } | { readonly direct: number };

export interface Step {
  readonly user: number;
  readonly place: Place;
  readonly text: string;
}

export interface Script {
  /** Where the words are from. */
  readonly source: string;
  /** Members by group; group 0 holds everybody. */
  readonly groups: readonly (readonly number[])[];
  readonly steps: readonly Step[];
}

const GROUPS = 7;
const GROUP_MEMBERS_MIN = 3;
const GROUP_MEMBERS_SPREAD = 9;
/** Of the lines that name somebody, the share that becomes a direct chat. */
const DIRECT_SHARE = 0.5;
/** Of the others, the share that is said to everybody. */
const CHANNEL_SHARE = 0.6;

/** A script of `stepCount` lines for `userCount` users: one day of the corpus, said again when it is too short. */
export function writeScript(userCount: number, stepCount: number, chance: Chance): Script {
  const { source, lines } = chooseDay(chance);
  const groups = [range(userCount)];
  for (let group = 1; group < GROUPS; group++) {
    groups.push(sample(range(userCount), GROUP_MEMBERS_MIN + chance.below(GROUP_MEMBERS_SPREAD), chance));
  }
  const ranks = byTalk(lines);
  const steps = Array.from({ length: stepCount }, (_, index): Step => {
    const line = lines[index % lines.length];
    if (line === undefined) throw new Error(`${source} has no lines.`);
    // Another round is said by others, so that a short log too occupies everybody.
    const shift = Math.floor(index / lines.length) * 7;
    const users = (nick: string): number | undefined => {
      const rank = ranks.get(nick);
      return rank === undefined ? undefined : (rank + shift) % userCount;
    };
    const user = users(line.nick) ?? 0;
    const text = line.isAction ? `* ${line.nick} ${line.text}` : line.text;
    // A log has lines of spaces, which no server takes for a message.
    const said = text.trim() === "" ? "…" : text;
    return { user, place: placeOf(line, { user, users, groups, chance }), text: said };
  });
  return { source, groups, steps };
}

interface Speaker {
  readonly user: number;
  readonly users: (nick: string) => number | undefined;
  readonly groups: readonly (readonly number[])[];
  readonly chance: Chance;
}

function placeOf(line: CorpusLine, { user, users, groups, chance }: Speaker): Place {
  const named = users(/^(\S+?)[:,]/.exec(line.text)?.[1] ?? "");
  if (named !== undefined && named !== user && chance.unit() < DIRECT_SHARE) return { direct: named };
  const mine = groups.flatMap((members, group) => (group > 0 && members.includes(user) ? [group] : []));
  return { group: mine.length === 0 || chance.unit() < CHANNEL_SHARE ? 0 : chance.pick(mine) };
}

function chooseDay(chance: Chance): { source: string; lines: CorpusLine[] } {
  const missing = corpusMissing();
  if (missing !== undefined) {
    return { source: `a handwritten sample, for ${missing}`, lines: parseLog(SAMPLE_LOG) };
  }
  const file = chance.pick(corpusFiles());
  return { source: file, lines: readCorpus(file) };
}

/** The most talkative first: those below the number of users share a user with one of them. */
function byTalk(lines: readonly CorpusLine[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { nick } of lines) counts.set(nick, (counts.get(nick) ?? 0) + 1);
  const nicks = [...counts].toSorted((one, other) => other[1] - one[1]);
  return new Map(nicks.map(([nick], index) => [nick, index]));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function sample(items: readonly number[], count: number, chance: Chance): number[] {
  const rest = [...items];
  const taken: number[] = [];
  while (taken.length < count && rest.length > 0) taken.push(...rest.splice(chance.below(rest.length), 1));
  return taken;
}
