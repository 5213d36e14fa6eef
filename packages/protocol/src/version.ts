/**
 * The protocol version: one integer that grows with every change of the schemas. Its history stands in
 * `docs/protocol/versions.md`, with a hash of the schemas that a test holds to the code.
 */
export const PROTOCOL_VERSION = 4;
/** The oldest version that servers still serve. */
export const PROTOCOL_VERSION_MIN = 1;
