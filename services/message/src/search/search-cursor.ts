/** Where a search goes on. Clients hand it back as it is; nobody is let in by it, for every page checks anew. */
import { type ConversationId, parseConversationId } from "@parley/protocol";
import { badRequest } from "../refusal.js";

/** Where a search of all conversations is. */
export interface ListPosition {
  /** The id after which the block of the list begins that is searched; empty for the first one. */
  readonly block: string;
  /** Those that changed since the search began are searched once more, for the list may have moved them past the search. */
  readonly isAgain: boolean;
  /** When the search began. */
  readonly beganMs: number;
  /** The conversation that was searched last; undefined before the first one of a block. */
  readonly last: LastSearched | undefined;
}

export interface LastSearched {
  readonly conversationId: ConversationId;
  readonly updatedMs: number;
  /** Exclusive: where it goes on within it; 0 when it is done. */
  readonly before: number;
  /** Messages of it that were shown before. */
  readonly shown: number;
}

const NUMBER = /^\d{1,16}$/u;

export function conversationCursor(before: number): string {
  return before === 0 ? "" : `c/${before}`;
}

/** Errors: "bad-request" for a cursor that is none. */
export function parseConversationCursor(cursor: string): number {
  if (cursor === "") return 0;
  const [kind, before, ...rest] = cursor.split("/");
  if (kind !== "c" || rest.length > 0) throw wrong();
  return parseNumber(before);
}

export function listCursor({ block, isAgain, beganMs, last }: ListPosition): string {
  const place = last === undefined ? [] : [last.conversationId, last.updatedMs, last.before, last.shown];
  return ["a", block, isAgain ? 1 : 0, beganMs, ...place].join("/");
}

/** Errors: as above. */
export function parseListCursor(cursor: string): ListPosition {
  const [kind, block, again, beganMs, ...place] = cursor.split("/");
  if (kind !== "a" || (again !== "0" && again !== "1")) throw wrong();
  if (place.length !== 0 && place.length !== 4) throw wrong();
  return {
    block: block === "" ? "" : parseConversationId(block ?? ""),
    isAgain: again === "1",
    beganMs: parseNumber(beganMs),
    last:
      place.length === 0
        ? undefined
        : {
            conversationId: parseConversationId(place[0]!),
            updatedMs: parseNumber(place[1]),
            before: parseNumber(place[2]),
            shown: parseNumber(place[3]),
          },
  };
}

function parseNumber(text: string | undefined): number {
  const number = text !== undefined && NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw wrong();
  return number;
}

function wrong(): Error {
  return badRequest("This cursor is not of a search.");
}
