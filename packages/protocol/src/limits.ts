/** The bounds of the protocol. A client may rely on them; a server refuses what passes them with a code. */

/** UTF-8 bytes of a message's text. */
export const TEXT_BYTES_MAX = 16 * 1024;
/** One WebSocket message in either direction, all its frames together. */
export const PACKET_BYTES_MAX = 256 * 1024;
/** Frames in one WebSocket message. */
export const PACKET_FRAMES_MAX = 1024;
/**
 * Messages in one packet, its frames, those within each other and events counted: an empty one takes two bytes on the
 * wire and more than a hundred in memory. What servers write has below 6,000: 64 KiB of the smallest events, 11 bytes.
 */
export const PACKET_MESSAGES_MAX = 8192;
/** Sends of one device to one conversation that may be without an answer at a time: the idempotency window. */
export const SENDS_IN_FLIGHT_MAX = 16;
/** Requests of one connection that may be without an answer at a time. */
export const REQUESTS_IN_FLIGHT_MAX = 256;
/** Messages on one page of history. */
export const HISTORY_PAGE_MAX = 200;
/** Entries on one page of the conversation list. */
export const LIST_PAGE_MAX = 200;
/**
 * Encoded messages or entries on one page of history or of the conversation list: the page ends before its limit when
 * the next item would pass this. It has at least one item. A packet below PACKET_BYTES_MAX holds it in any case.
 */
export const PAGE_BYTES_MAX = 96 * 1024;
/** Entries on one page of members or users. */
export const DIRECTORY_PAGE_MAX = 500;
/** Sequences that one digest covers. */
export const DIGEST_SPAN_MAX = 2000;
/** Sequences hidden by one request. */
export const HIDE_MAX = 100;
/** Edits of one message. */
export const EDITS_MAX = 100;
/** UTF-8 bytes of a group's title. */
export const TITLE_BYTES_MAX = 200;
/** UTF-8 bytes of a user's name. */
export const NAME_BYTES_MAX = 200;
/** Members that one request adds or removes, the creation of a group included. */
export const MEMBERS_PER_REQUEST_MAX = 1000;
/** Pushed events that a device has not confirmed; the server waits for a confirmation beyond it. */
export const UNCONFIRMED_EVENTS_MAX = 1024;
