/**
 * WebSocket close codes. The range tells what to do, also for codes that a client does not know yet:
 *
 *   4000–4499  come back, with backoff and the same token
 *   4500–4899  do not come back by yourself: something must change first
 *   4900–4999  sign in again
 *
 * Standard codes below 4000 (1001 going away, 1006 lost, 1011 …) mean: come back.
 */
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
  replaced: { code: 4504, meaning: "The same device connected again; that connection goes on." },
  sessionInvalid: { code: 4900, meaning: "The token is unknown, expired or revoked." },
} as const;

export type DisconnectReason = keyof typeof DISCONNECT;

/** What a client does after a close code: see the ranges above. */
export function afterDisconnect(code: number): "return" | "stay-away" | "sign-in" {
  if (code >= 4900 && code <= 4999) return "sign-in";
  if (code >= 4500 && code <= 4899) return "stay-away";
  return "return";
}
