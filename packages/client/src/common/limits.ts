/** The bounds of this client. Each is a count, or has its unit in its name. */

/** Events received and not yet applied; the server itself stops at 1024 without a confirmation. */
export const INTAKE_EVENTS_MAX = 4096;
/** Events applied by one commit: large enough to catch up fast, small enough to keep a screen alive. */
export const COMMIT_EVENTS_MAX = 512;
/** Of pushed events so many commits go at once; beyond them one begins in each step, with what came in it. */
export const COMMITS_AT_ONCE = 3;
export const COMMIT_STEP_MS = 50;
/** Edits that share one commit. */
export const COMMIT_EDITS_MAX = 256;
/** Edits that wait for a commit. */
export const EDITS_WAITING_MAX = 20_000;

/** A confirmation waits at most this long for others to join it. */
export const CONFIRM_DELAY_MS = 200;
/** A confirmation waits for at most this many events. */
export const CONFIRM_EVENTS = 64;
/** And for at most this many bytes: servers pace what they push by what is confirmed. */
export const CONFIRM_BYTES = 16 * 1024;

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
/** How often a session that may go over to a better connection looks whether anything is under way. */
export const MOVE_CHECK_MS = 250;
export const BACKOFF_BASE_MS = 250;
export const BACKOFF_MS_MAX = 30_000;
/** A server that is busy may ask for this much patience. */
export const BUSY_MS_MAX = 10 * 60_000;
/** Before it comes back after another connection of the same device took its place; twice as long each time. */
export const REPLACED_MS = 5_000;
export const REPLACED_MS_MAX = 10 * 60_000;
/** A connection that lived this long ends the backoff. */
export const BACKOFF_RESET_MS = 10_000;

/** Spans held per conversation; beyond it the oldest claims are given up and fetched again when looked at. */
export const SPANS_MAX = 64;
/** Messages that `open` and `loadOlder` load by default. */
export const TIMELINE_PAGE = 50;
/** Messages of one timeline in memory. */
export const TIMELINE_MESSAGES_MAX = 20_000;
/** Messages of each side that `openAt` loads around a message. */
export const CONTEXT_MESSAGES = 30;
/** Searches that wait for the one under way. */
export const SEARCHES_WAITING_MAX = 8;
/** Pages without hits that one search asks for before it says how far it came. */
export const SEARCH_EMPTY_PAGES_MAX = 8;
/** Pages fetched to close one gap in the background; what is left is fetched by `loadOlder`. */
export const GAP_PAGES_MAX = 10;
/** Conversations that wait for their gap to be closed. */
export const GAPS_WAITING_MAX = 256;

/** Conversations whose large gap is remembered; beyond it all are tried again. */
export const GAPS_LEFT_MAX = 1_000;

/** Conversations that a device without a list asks for first: more than a screen shows. */
export const NEWEST_ENTRIES = 40;
/** How long the rest of the list waits for what is looked at now, and how often it looks. */
export const LIST_WAIT_MS_MAX = 3_000;
export const LIST_WAIT_STEP_MS = 50;
/** Pages of the conversation list: at least 10,000 conversations, for a page holds one or more. */
export const LIST_PAGES_MAX = 10_000;
/** Conversations whose held messages a Rebase compares with the server: the most recently changed ones. */
export const REBASE_CHECKS_MAX = 512;
/** Of these comparisons, those under way at one time; below REQUESTS_OPEN_MAX, for the user asks too. */
export const REBASE_CHECKS_AT_A_TIME = 16;
/** Pages of members or users that one call collects: 200,000 when they are full. */
export const DIRECTORY_PAGES_MAX = 400;
/** Groups of which it is held in memory what they are. */
export const GROUPS_HELD_MAX = 1000;
/** Groups that were looked at without a connection, and are brought with the next. */
export const GROUPS_WANTED_MAX = 64;
/** Groups of which it is held in memory who their members are. */
export const MEMBER_LISTS_MAX = 16;
/** Members that a search finds by default. */
export const FOUND_MEMBERS = 50;
/** Times that a group, or a list of members, which keeps changing is asked for before it is taken as it is. */
export const GROUP_ROUNDS_MAX = 5;
/** Users that one call collects: as many as the pages hold. */
export const DIRECTORY_USERS_MAX = 50_000;
/** People who are known by name, and conversations of whom it is known that they are members. */
export const PEOPLE_KNOWN_MAX = 10_000;
export const MEMBERS_KNOWN_LISTS_MAX = 64;
/** Sequences that `verify` compares by default. */
export const VERIFY_SPAN = 500;
/** Bytes of a packet after which the next frame starts a new one. */
export const PACKET_BYTES_TARGET = 64 * 1024;
/** Frames of a packet after which the next frame starts a new one. */
export const PACKET_FRAMES_TARGET = 256;
/** Pages of mentions that are looked through for one that shows any. */
export const MENTION_PAGES_MAX = 20;
/** An encoded body in the outbox: nothing larger is accepted anywhere. */
export const PENDING_BODY_BYTES_MAX = 64 * 1024;
/** Conversations whose pins are kept in memory. */
export const PIN_LISTS_MAX = 64;
/** Pages of pins of one conversation: each has one at least. */
export const PIN_PAGES_MAX = 100;
/** Times that pins are fetched for one question while they change meanwhile. */
export const PIN_FETCHES_MAX = 3;
/** Messages whose read counts are kept in memory. */
export const READ_COUNTS_KEPT_MAX = 10_000;
/** Messages of one large group that I reacted to, or have a part of the card of, before they came here. */
export const REACTED_AHEAD_MAX = 64;
/** Updates of one part of a card, or actions on one card, that wait for each other. */
export const CARD_CALLS_WAITING_MAX = 256;
/** Changes of one reaction that wait for each other. */
export const REACTIONS_WAITING_MAX = 8;
/** Previews of links that are held, and asked for at a time: their pages may be slow. */
export const PREVIEWS_HELD_MAX = 200;
export const PREVIEWS_ASKED_MAX = 4;
export const PREVIEWS_WAITING_MAX = 64;

/** Files on their way to the server. */
export const UPLOADS_MAX = 16;
/** Tries of an upload without a byte that the server has stored. */
export const UPLOAD_TRIES_MAX = 10;
/** A request about a file is answered within this time: 4 MiB over a slow line. */
export const HTTP_TIMEOUT_MS = 120_000;
/** Of a file so much is asked for at a time. */
export const DOWNLOAD_PIECE_BYTES = 4 * 1024 * 1024;
/** Pieces of one file: 1 GiB, far above what a server takes by default. */
export const DOWNLOAD_PIECES_MAX = 256;

/** A stream over HTTP tells its id within this time: otherwise something on the way holds answers back. */
export const STREAM_OPEN_MS_MAX = 8_000;
/** An upload of a stream is answered within this time, or sent again. */
export const STREAM_UPLOAD_MS_MAX = 10_000;
export const STREAM_UPLOAD_TRIES_MAX = 4;
/** Before an upload is sent again; twice as long each time. */
export const STREAM_RETRY_MS = 250;
/** Bytes of an upload after which the next packet waits for the next one; the server takes four times as much. */
export const STREAM_UPLOAD_BYTES_TARGET = 256 * 1024;
/** Bytes that wait for the upload under way. */
export const STREAM_WAITING_BYTES_MAX = 16 * 1024 * 1024;
/** What was handed over goes before a stream closes, and a close code comes after a refusal, within this time. */
export const STREAM_CLOSE_MS_MAX = 2_000;

/** A WebSocket brings its first packet within this time, or carries nothing. */
export const FALLBACK_SILENT_MS_MAX = 10_000;
/** WebSockets in a row that carry nothing, before HTTP is tried. */
export const FALLBACK_FAILURES = 2;
/** These lie within this time of each other. */
export const FALLBACK_FAILURES_MS_MAX = 5 * 60_000;
/** Lives in a row that end early, before HTTP is tried. */
export const FALLBACK_SHORT_LIVES = 4;
/** A life below this is short. */
export const FALLBACK_SHORT_LIFE_MS = 60_000;
/** Whoever ends a connection after such a silence ends it for that: two heartbeats of a server are longer. */
export const FALLBACK_SILENCE_MS = 30_000;
/** A WebSocket that is tried beside a stream answers within this time. */
export const FALLBACK_PROBE_MS_MAX = 5_000;
/** Between tries of a WebSocket beside a stream: at first, twice as long each time, and at most. */
export const FALLBACK_PROBE_EVERY_MS = 30_000;
export const FALLBACK_PROBE_EVERY_MS_MAX = 30 * 60_000;
/** For so long a stream is taken at once when the next connection is made. */
export const FALLBACK_HINT_MS = 60 * 60_000;
/** How often a tab asks the one that leads whether it is there. */
export const TAB_ASK_MS = 2_000;
/** Asks in a row without any answer before the lead is taken: six to eight seconds. */
export const TAB_ASKS_UNANSWERED_MAX = 4;
/** What one tab has the leader do at a time. */
export const TAB_CALLS_OPEN_MAX = 1_024;
/** An answer of the leader comes within this time: longer than a request may wait and be repeated. */
export const TAB_CALL_MS_MAX = 120_000;
/** What one leader does for all other tabs at a time. */
export const TAB_SERVED_MAX = 4_096;
/** Commits of the leader that wait while a tab reads the store; beyond it the tab reads it once more. */
export const TAB_COMMITS_WAITING_MAX = 1_024;
/** Without a word from another tab for so long, a leader tells of commits no longer: browsers let hidden tabs run once a minute. */
export const TAB_ALONE_AFTER_MS = 150_000;
/** Ids of the newest messages that other tabs gave: more than there are tabs, of which each gives one at a time. */
export const GIVEN_KEPT = 128;
/** A tab that starts waits this long for a leader, or the lead, before it shows what the store has. */
export const TAB_FIRST_MS = 250;
/** Removing the store waits this long for tabs that have it open. */
export const WIPE_MS_MAX = 5_000;

/** Messages stored between two looks at what the store holds. */
export const EVICTION_MESSAGES = 1_000;
/** Messages of a conversation of which the size is taken. */
export const EVICTION_SAMPLE = 32;
/** Conversations of which history is given up in one pass. */
export const EVICTED_PER_PASS_MAX = 256;
/** What is left of the budget after a pass, so that the next one is not due at once. */
export const EVICTION_TARGET = 0.8;
/** Of what was looked at within this time nothing is given up. */
export const EVICTION_SPARED_MS = 2 * 60 * 60_000;
/** That a conversation is looked at is stored at most so often; below EVICTION_SPARED_MS. */
export const LOOKED_STEP_MS = 60 * 60_000;

/** Held messages that a local search reads at a time. */
export const LOCAL_SEARCH_MESSAGES = 200;
/** A local search lets others run so often: a quarter of the time between two frames of a screen. */
export const LOCAL_SEARCH_SLICE_MS = 4;
/** Messages that a local search finds before it ends. */
export const LOCAL_HITS_MAX = 500;

/** Conversations that a start compares with the server, one request each. */
export const SAMPLE_CONVERSATIONS = 3;

/** A request for a part of the client's own code is given up after this time. */
export const CODE_FETCH_MS_MAX = 30_000;
/** Reads that found damaged rows and wait to be fetched again. */
export const DAMAGED_MAX = 64;
