/** The bounds of this client. Each is a count, or has its unit in its name. */

/** Events received and not yet applied; the server itself stops at 1024 without a confirmation. */
export const INTAKE_EVENTS_MAX = 4096;
/** Events applied by one commit: large enough to catch up fast, small enough to keep a screen alive. */
export const COMMIT_EVENTS_MAX = 512;
/** Edits that share one commit. */
export const COMMIT_EDITS_MAX = 256;
/** Edits that wait for a commit. */
export const EDITS_WAITING_MAX = 20_000;

/** A confirmation waits at most this long for others to join it. */
export const CONFIRM_DELAY_MS = 200;
/** A confirmation waits for at most this many events. */
export const CONFIRM_EVENTS = 64;

/** Messages in the outbox of one conversation, failed ones included. */
export const OUTBOX_ITEMS_MAX = 10_000;
/** Sends without an answer over all conversations; with the other requests below REQUESTS_IN_FLIGHT_MAX. */
export const SENDS_TOTAL_MAX = 192;
/** Bytes that the transport may hold before no further send is handed to it. */
export const BUFFERED_BYTES_MAX = 1024 * 1024;
/** Requests other than sends that are without an answer. */
export const REQUESTS_OPEN_MAX = 48;
/** Requests that wait for a connection or for room. */
export const REQUESTS_WAITING_MAX = 1024;
/** An answer comes within this time, or the outcome is unknown. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** A request waits this long for a connection. */
export const REQUEST_WAIT_MS_MAX = 30_000;
/** Times that a repeatable request is sent, connection losses included. */
export const REQUEST_TRIES_MAX = 5;

/** Transport open and Welcome received within this time. */
export const GREETING_MS_MAX = 15_000;
export const BACKOFF_BASE_MS = 250;
export const BACKOFF_MS_MAX = 30_000;
/** A connection that lived this long ends the backoff. */
export const BACKOFF_RESET_MS = 10_000;

/** Spans held per conversation; beyond it the oldest claims are given up and fetched again when looked at. */
export const SPANS_MAX = 64;
/** Messages that `open` and `loadOlder` load by default. */
export const TIMELINE_PAGE = 50;
/** Messages of one timeline in memory. */
export const TIMELINE_MESSAGES_MAX = 20_000;
/** Pages fetched to close one gap in the background; what is left is fetched by `loadOlder`. */
export const GAP_PAGES_MAX = 10;
/** Conversations that wait for their gap to be closed. */
export const GAPS_WAITING_MAX = 256;

/** Pages of the conversation list: at least 10,000 conversations, for a page holds one or more. */
export const LIST_PAGES_MAX = 10_000;
/** Conversations whose held messages a Rebase compares with the server: the most recently changed ones. */
export const REBASE_CHECKS_MAX = 512;
/** Of these comparisons, those under way at one time; below REQUESTS_OPEN_MAX, for the user asks too. */
export const REBASE_CHECKS_AT_A_TIME = 16;
/** Pages of members or users that one call collects: 50,000. */
export const DIRECTORY_PAGES_MAX = 100;
/** Users that one call collects: as many as the pages hold. */
export const DIRECTORY_USERS_MAX = 50_000;
/** Sequences that `verify` compares by default. */
export const VERIFY_SPAN = 500;
/** Bytes of a packet after which the next frame starts a new one. */
export const PACKET_BYTES_TARGET = 64 * 1024;
/** Frames of a packet after which the next frame starts a new one. */
export const PACKET_FRAMES_TARGET = 256;
