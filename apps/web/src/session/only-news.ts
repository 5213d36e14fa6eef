import type { Timeline } from "@parley/client";

/**
 * Whether a timeline went on at its end, or only what it held changed: what may be drawn a little later. Nobody asked for it, as for
 * another part of the conversation, older messages, or a message of one's own.
 */
export function isOnlyNews(shown: Timeline | undefined, newest: Timeline | undefined): boolean {
  if (shown === undefined || newest === undefined) return shown === newest;
  const [first, last, begin] = [shown.messages[0], shown.messages.at(-1), newest.messages[0]];
  if (first === undefined || last === undefined || begin === undefined) return false;
  return (
    // A timeline that is as long as one may be loses its oldest messages.
    begin.sequence >= first.sequence &&
    begin.sequence <= last.sequence &&
    newest.pending.length === shown.pending.length &&
    newest.isAtBeginning === shown.isAtBeginning &&
    newest.isAtEnd === shown.isAtEnd
  );
}
