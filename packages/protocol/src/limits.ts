/** The bounds of the protocol. A client may rely on them; a server refuses what passes them with a code. */

/** UTF-8 bytes of a message's text. */
export const TEXT_BYTES_MAX = 16 * 1024;
/** An encoded rich text. */
export const RICH_BYTES_MAX = 32 * 1024;
/** Blocks and spans of a rich text together. */
export const RICH_NODES_MAX = 1000;
/** UTF-8 bytes of a link, and of the language of code. */
export const LINK_BYTES_MAX = 2048;
export const LANGUAGE_BYTES_MAX = 64;
/** Characters of what a page says about itself; the rest is cut off. */
export const PREVIEW_TITLE_MAX = 200;
export const PREVIEW_DESCRIPTION_MAX = 400;
export const PREVIEW_SITE_NAME_MAX = 80;
/** Bytes of the small picture of a page; a larger one is left out. */
export const PREVIEW_PICTURE_BYTES_MAX = 32 * 1024;
/** UTF-8 bytes of the name and of the address of a place. */
export const PLACE_BYTES_MAX = 500;
/** UTF-8 bytes of the type of a signal or of a custom message. */
export const TYPE_BYTES_MAX = 64;
/** Bytes of a signal. */
export const SIGNAL_BYTES_MAX = 4 * 1024;
/** Bytes of a custom message, and UTF-8 bytes of what is shown instead. */
export const CUSTOM_BYTES_MAX = 32 * 1024;
export const FALLBACK_BYTES_MAX = 1024;
/** Messages that one message merges. */
export const MERGED_ITEMS_MAX = 100;
/** An encoded MergedBody. */
export const MERGED_BYTES_MAX = 48 * 1024;
/** Merged messages in merged messages: 1 is one that holds none. */
export const MERGED_DEPTH_MAX = 3;
/** UTF-8 bytes of a part of a card: a message has two at most for its reader, which fit on a page. */
export const CARD_BYTES_MAX = 28 * 1024;
/** Values of a card within each other, the card itself counted, and altogether. */
export const CARD_DEPTH_MAX = 32;
export const CARD_VALUES_MAX = 2000;
/** UTF-8 bytes of what an action is called, and of what it says. */
export const CARD_VERB_BYTES_MAX = 200;
export const CARD_DATA_BYTES_MAX = 4 * 1024;
/** Users that one message mentions by name. */
export const MENTIONS_MAX = 100;
/** Unread mentions that an entry of the list names. */
export const MENTIONS_UNREAD_MAX = 100;
/** Members that a directed message names. */
export const AUDIENCE_MAX = 100;
/** Messages that one request asks for by their sequences. */
export const MESSAGES_PER_REQUEST_MAX = 100;
/** Messages on one page of mentions. */
export const MENTION_PAGE_MAX = 50;
/** One WebSocket message in either direction, all its frames together. */
export const PACKET_BYTES_MAX = 256 * 1024;
/** Frames in one WebSocket message. */
export const PACKET_FRAMES_MAX = 1024;
/**
 * Messages in one packet, its frames, those within each other and events counted: an empty one takes two bytes on the
 * wire and more than a hundred in memory. What servers write has below 27,000: 128 KiB of the smallest spans, 5 bytes.
 */
export const PACKET_MESSAGES_MAX = 32_768;
/** Numbers of one device's sends to one conversation, from the first one without an answer on: the idempotency window. */
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
/** Topics that one request follows. */
export const FOLLOW_MAX = 500;
/** Topics that one connection follows. */
export const TOPICS_PER_CONNECTION_MAX = 5000;
/** Edits of one message. */
export const EDITS_MAX = 100;
/** UTF-8 bytes of what is looked for. */
export const SEARCH_TEXT_BYTES_MAX = 256;
/** Words and phrases that are looked for at a time. */
export const SEARCH_WORDS_MAX = 16;
/** Messages on one page of a search. */
export const SEARCH_PAGE_MAX = 50;
/** Messages of one conversation that a search of all conversations shows. */
export const SEARCH_PER_CONVERSATION_MAX = 5;
/** Places in one message that a search names. */
export const SEARCH_SPANS_MAX = 32;
/** UTF-8 bytes of a file's name. */
export const MEDIA_NAME_BYTES_MAX = 255;
/** UTF-8 bytes of a group's title. */
export const TITLE_BYTES_MAX = 200;
/** UTF-8 bytes of a user's name. */
export const NAME_BYTES_MAX = 200;
/** UTF-8 bytes of what a user does, and of where. */
export const JOB_BYTES_MAX = 100;
export const DEPARTMENT_BYTES_MAX = 200;
/** Characters of what a user says of now. */
export const STATUS_CHARACTERS_MAX = 100;
/** Bytes of a user's picture. */
export const PICTURE_BYTES_MAX = 64 * 1024;
/** Users that one request names. */
export const USERS_PER_REQUEST_MAX = 200;
/** Users whose profiles one request asks for. */
export const PROFILES_PER_REQUEST_MAX = 100;
/** People that one search finds. */
export const FOUND_PEOPLE_MAX = 50;
/** UTF-8 bytes of what people are looked for by. */
export const PEOPLE_TEXT_BYTES_MAX = 256;
/** Departments that are listed of those right below another one, and people of a department on one page. */
export const DEPARTMENTS_LISTED_MAX = 500;
export const DEPARTMENT_PAGE_MAX = 200;
/** Members that one request adds or removes, the creation of a group included. */
export const MEMBERS_PER_REQUEST_MAX = 1000;
/** Pushed events that a device has not confirmed; the server waits for a confirmation beyond it. */
export const UNCONFIRMED_EVENTS_MAX = 1024;
/** Of a large group those messages count as unread that are among this many newest ones. */
export const SHARED_UNREAD_MAX = 1000;
/** UTF-8 bytes of a reaction: an emoji, or a few words. */
export const REACTION_KEY_BYTES_MAX = 32;
/** Different reactions of one message. */
export const REACTION_KEYS_MAX = 50;
/** Reactions of one user to one message. */
export const REACTIONS_PER_USER_MAX = 10;
/** Users that a summary names of each reaction. */
export const REACTION_USERS_SHOWN_MAX = 8;
/** Pinned messages of one conversation. */
export const PINS_MAX = 100;
/** Conversations that a user keeps at the top of the list. */
export const LIST_PINS_MAX = 100;
/** Messages that one request asks the read counts of. */
export const READ_COUNTS_MAX = 200;
/** The newest messages that count as unread: of them alone the sender is told when somebody reads them. */
export const READS_TOLD_MAX = 32;
/** UTF-8 bytes of a group's notice. */
export const NOTICE_BYTES_MAX = 4096;
/** UTF-8 bytes of a member's name in a group. */
export const NICKNAME_BYTES_MAX = 100;
/** Fields of a member, and the UTF-8 bytes of the name and of the value of each. */
export const MEMBER_FIELDS_MAX = 16;
export const FIELD_NAME_BYTES_MAX = 64;
export const FIELD_VALUE_BYTES_MAX = 200;
/** Admins of a group, the owner among them. */
export const ADMINS_MAX = 100;
/** Those who wait for an answer to their request to join a group. */
export const JOIN_REQUESTS_MAX = 500;
/** UTF-8 bytes of what a request to join says. */
export const JOIN_TEXT_BYTES_MAX = 400;
/** Requests to join that one answer is about. */
export const ANSWERS_PER_REQUEST_MAX = 20;
/** How long a request to join waits for its answer. */
export const JOIN_REQUEST_DAYS = 7;
/** Bytes of what an event of a module says. */
export const MODULE_DATA_BYTES_MAX = 16 * 1024;
/** UTF-8 bytes of an event's collapse key. */
export const COLLAPSE_KEY_BYTES_MAX = 64;
/** Users that one event of a module is published to. */
export const MODULE_USERS_MAX = 1000;
/** Devices that one event of a module names. */
export const MODULE_DEVICES_MAX = 32;
/** UTF-8 bytes of the title and of the text of a notification. */
export const PUSH_TITLE_BYTES_MAX = 200;
export const PUSH_TEXT_BYTES_MAX = 1024;
/** Urgent events of which copies are ahead of their places, on one connection. */
export const AHEAD_MAX = 16;
/** For so long an event with the same id counts once. */
export const MODULE_REPEAT_HOURS = 24;
/** Spans of a do-not-disturb schedule. */
export const QUIET_SPANS_MAX = 14;
/** UTF-8 bytes of the name of a time zone. */
export const TIME_ZONE_BYTES_MAX = 64;
/** UTF-8 bytes of an app's id, of a push token, and of a subscription's address. */
export const APP_ID_BYTES_MAX = 100;
export const PUSH_TOKEN_BYTES_MAX = 2048;
export const PUSH_ENDPOINT_BYTES_MAX = 1024;
/** People whose presence one connection is told. */
export const PRESENCE_WATCHED_MAX = 200;
/** Members of a conversation in which one sees who types. */
export const TYPING_MEMBERS_MAX = 100;
/** A connection is heard so often, of one conversation, that its user types there. */
export const TYPING_REPEAT_MS = 2_000;
/** A time that never comes: of what is muted for good. */
export const NEVER_MS = 9_007_199_254_740_991;
