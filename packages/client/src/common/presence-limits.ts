/** The bounds of `presence-keeper.ts`, which come with it and not with the core. */

/** What is wanted of who is there is asked for so long after it changed, all at once. */
export const PRESENCE_ASK_MS = 200;
/** A server that watches too many is asked again after this time. */
export const PRESENCE_RETRY_MS = 30_000;
/** A tab says again what it wishes of the one that leads; what is not said again for long is wished no more. Hidden tabs run once a minute. */
export const PRESENCE_WISH_MS = 50_000;
export const PRESENCE_WISH_MS_MAX = 150_000;
/** Tabs whose wishes are kept. */
export const PRESENCE_TABS_MAX = 64;
/** That one types is told the others so often. */
export const TYPING_SAID_MS = 3_000;
/** Somebody types for so long after it was told last. */
export const TYPING_SHOWN_MS = 5_000;
/** Conversations in which somebody is seen to type at a time. */
export const TYPING_NAMES_MAX = 200;
