/** The name that is being typed after an "@", and what choosing one makes of the text. */
import type { MentionName } from "@parley/client";
import type { UserId } from "@parley/protocol";

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

/** Those whose name, a part of it, or id begins so. */
export function matchingChoices(
  choices: readonly MentionChoice[],
  query: string,
  countMax: number,
): readonly MentionChoice[] {
  const typed = query.toLowerCase();
  const isMatch = ({ userId, name }: MentionChoice): boolean => {
    const parts = [userId, name, ...name.split(/\s+/u)];
    return parts.some((part) => part.toLowerCase().startsWith(typed));
  };
  return choices.filter(isMatch).slice(0, countMax);
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
