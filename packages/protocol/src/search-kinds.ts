/** What a search asks for: of which kind a message is to be, and which words it is to have. One set of rules for servers and devices. */
import { kindOf } from "./content-kinds.js";
import { Failure } from "@parley/base";
import { hasLink } from "./links.js";
import { findMediaKind } from "./media.js";
import type { Body } from "./model.js";
import { parseWanted, type WantedPart } from "./word-search.js";

/** A message may be of several: a picture whose caption has a link is found as both. */
export const SEARCH_KINDS = [
  "image",
  "video",
  "audio",
  "file",
  "link",
  "location",
  "card",
  "merged",
  "custom",
] as const;
export type SearchKind = (typeof SEARCH_KINDS)[number];

/** What a message is searched for as; empty for text without an address. */
export function searchKindsOf(body: Body | undefined): readonly SearchKind[] {
  const kinds: SearchKind[] = [];
  const content = kindOf(body);
  if (content === "media") kinds.push(findMediaKind(body!.media!.kind) ?? "file");
  else if (content === "location" || content === "card" || content === "merged" || content === "custom")
    kinds.push(content);
  if (hasLink(body)) kinds.push("link");
  return kinds;
}

/** Whether a search finds the message at all: notices, signals and what was recalled it does not. */
export function isSearched(body: Body | undefined): boolean {
  const content = kindOf(body);
  return content !== undefined && content !== "notice" && content !== "signal";
}

/** What a search is asked with; empty: no matter which. */
export interface SearchAsked {
  readonly text: string;
  readonly kind: string;
  readonly senderId: string;
}

/** The words of a search, of which there may be none when it is for a kind or a sender. Errors: "bad-request", as `parseWanted`. */
export function parseSearch({ text, kind, senderId }: SearchAsked): {
  readonly parts: readonly WantedPart[];
  readonly kind: SearchKind | undefined;
} {
  const known = SEARCH_KINDS.find((each) => each === kind);
  if (known === undefined && kind !== "") {
    throw new Failure("bad-request", `A kind to look for is one of ${SEARCH_KINDS.join(", ")}.`, {
      retry: "after-change",
    });
  }
  const isWithoutWords = text.trim() === "" && (kind !== "" || senderId !== "");
  return { parts: isWithoutWords ? [] : parseWanted(text), kind: known };
}
