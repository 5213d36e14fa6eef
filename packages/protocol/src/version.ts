/**
 * The protocol version: one integer that grows with every change of the schemas.
 *
 *   1  2026-11  First: direct chats and groups with text, sync queue, history, delete for me, digests.
 */
export const PROTOCOL_VERSION = 1;
/** The oldest version that servers still serve. */
export const PROTOCOL_VERSION_MIN = 1;
