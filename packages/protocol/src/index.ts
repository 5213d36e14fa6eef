export * from "./bodies.js";
export * from "./card-content.js";
export * from "./change-frames.js";
export * from "./cards.js";
export { decode, Reader } from "./codec/reader.js";
export * from "./codec/schema.js";
export { encode, Writer } from "./codec/writer.js";
export { applyEvent, conversationOf, emptyEntry, UNREAD_RANGES_MAX } from "./conversation-entry.js";
export { digestOf, type DigestItem } from "./digest.js";
export { afterDisconnect, CLOSE_REPLACED } from "./close-ranges.js";
export { DISCONNECT, type DisconnectReason } from "./disconnect-codes.js";
export { ERROR_RETRIES, type ErrorCodeName } from "./error-codes.js";
export { ERROR_CODES, type ErrorCode } from "./error-meanings.js";
export { type CharacterClass, classOf, type FoldedText, foldText } from "./folded-text.js";
export { forwardedBody } from "./forwarded-body.js";
export * from "./frames.js";
export * from "./group.js";
export * from "./group-frames.js";
export * from "./ids.js";
export * from "./limits.js";
export * from "./link-previews.js";
export { LINKS_MAX, previewedLink, splitLinks, type TextPart } from "./links.js";
export * from "./mention-frames.js";
export * from "./message-states.js";
export * from "./model.js";
export * from "./module-events.js";
export {
  bodiesWithin,
  CONTENT_KINDS,
  type ContentKind,
  isSameBody,
  isSignal,
  kindOf,
  mentionsUser,
} from "./content-kinds.js";
export { plainText } from "./plain-text.js";
export * from "./rich-text.js";
export * from "./search-frames.js";
export {
  type SearchAsked,
  isSearched,
  parseSearch,
  SEARCH_KINDS,
  type SearchKind,
  searchKindsOf,
} from "./search-kinds.js";
export { findWanted, parseWanted, type WantedPart } from "./word-search.js";
export * from "./sync-frames.js";
export * from "./media.js";
export { mediaOf } from "./media-of.js";
export { countFitting, directoryLimit } from "./page-bytes.js";
export * from "./list-pins.js";
export * from "./notify.js";
export * from "./packing.js";
export * from "./people.js";
export { foldName, PERSON_RANKS, personRank, wordsOf } from "./people-words.js";
export * from "./pin-list.js";
export * from "./presence.js";
export * from "./stream-items.js";
export { PROTOCOL_VERSION, PROTOCOL_VERSION_MIN } from "./version.js";
