/** Every WebSocket close code of the protocol, with its meaning. Their ranges: `close-ranges.ts`. */
import { CLOSE_REPLACED } from "./close-ranges.js";

export const DISCONNECT = {
  draining: { code: 4000, meaning: "The server is stopping; another or the next one takes you." },
  slowConsumer: {
    code: 4001,
    meaning: "You did not take what was sent; come back and continue from your position.",
  },
  heartbeatMissed: { code: 4002, meaning: "Nothing was heard from you for too long." },
  helloMissed: { code: 4003, meaning: "No Hello came in time." },
  busy: { code: 4004, meaning: "Too many connections or handshakes; come back later." },
  internal: { code: 4005, meaning: "The server failed on this connection." },
  malformed: { code: 4500, meaning: "The bytes are not a valid packet." },
  tooLarge: { code: 4501, meaning: "A packet passes the size limit." },
  unknownFrame: {
    code: 4502,
    meaning: "A frame kind is not known, or not allowed in this direction or moment.",
  },
  versionNotServed: { code: 4503, meaning: "The protocol version is not served." },
  replaced: { code: CLOSE_REPLACED, meaning: "The same device connected again; that connection goes on." },
  sessionInvalid: { code: 4900, meaning: "The token is unknown, expired or revoked." },
} as const;

export type DisconnectReason = keyof typeof DISCONNECT;
