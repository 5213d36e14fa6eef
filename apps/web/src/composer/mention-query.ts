/** The name that is being typed after an "@", and what choosing one makes of the text. */
import type { MentionName } from "@parley/client";
import { type UserId, foldName, personRank } from "@parley/protocol";

/** A name is looked for this far back from the cursor. */
const QUERY_CHARACTERS_MAX = 40;
const QUERY = /(?:^|[\s(（，。])@([^\s@]*)$/u;

export interface MentionQuery {
  /** Where the "@" stands. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface MentionChoice {
  readonly userId: UserId | "all";
  readonly name: string;
}

/** What is typed after an "@" right before the cursor; undefined when nothing is. */
export function mentionQueryAt(text: string, cursor: number): MentionQuery | undefined {
  const from = Math.max(0, cursor - QUERY_CHARACTERS_MAX);
  const match = QUERY.exec(text.slice(from, cursor));
  if (match === null) return undefined;
  const typed = match[1] ?? "";
  return { start: cursor - typed.length - 1, end: cursor, text: typed };
}

/** Those who fit what is typed by a word of their name or by their id, the best first. */
export function matchingChoices(
  choices: readonly MentionChoice[],
  query: string,
  countMax: number,
): readonly MentionChoice[] {
  const typed = foldName(query);
  const ranked = choices.flatMap((choice) => {
    const rank = personRank(choice, typed);
    return rank === undefined ? [] : [{ choice, rank }];
  });
  ranked.sort((one, other) => one.rank - other.rank);
  return ranked.slice(0, countMax).map(({ choice }) => choice);
}

/** What is shown with what has come since: nothing that is shown moves, so that no key chooses another than was seen. */
export function withMore(
  shown: readonly MentionChoice[],
  more: readonly MentionChoice[],
  countMax: number,
): readonly MentionChoice[] {
  const byId = new Map(more.map((choice) => [choice.userId, choice]));
  const ids = new Set(shown.map(({ userId }) => userId));
  // Whose name was not known stood there by their id.
  const named = shown.map((choice) =>
    choice.name === choice.userId ? (byId.get(choice.userId) ?? choice) : choice,
  );
  const all = [...named, ...more.filter(({ userId }) => !ids.has(userId))].slice(0, countMax);
  const isSame = all.length === shown.length && all.every((choice, at) => choice.name === shown[at]?.name);
  return isSame ? shown : all;
}

/** The text with the choice in the place of what was typed, the cursor behind it, and what stands for whom. */
export function withChoice(
  text: string,
  query: MentionQuery,
  { userId, name }: MentionChoice,
): { readonly text: string; readonly cursor: number; readonly mention: MentionName } {
  const label = `@${name}`;
  const before = `${text.slice(0, query.start)}${label} `;
  return { text: before + text.slice(query.end), cursor: before.length, mention: { label, userId } };
}
