/**
 * WebSocket close codes. The range tells what to do, also for codes that a client does not know yet:
 *
 *   4000–4499  come back, with backoff and the same token
 *   4500–4899  do not come back by yourself: something must change first
 *   4900–4999  sign in again
 *
 * Standard codes below 4000 (1001 going away, 1006 lost, 1011 …) mean: come back.
 */
export function afterDisconnect(code: number): "return" | "stay-away" | "sign-in" {
  if (code >= 4900 && code <= 4999) return "sign-in";
  if (code >= 4500 && code <= 4899) return "stay-away";
  return "return";
}

/** The same device connected again. Its reason, and those of the other codes, stand in `disconnect-codes.ts`. */
export const CLOSE_REPLACED = 4504;
