/**
 * What browsers are told about every answer: docs/operations/security.md says why. Answers that are no page of ours have the stricter
 * policy, so that nothing runs in what somebody makes a browser open.
 */

/** Of the web chat's files. No inline script or style, nothing of another origin, and no connection but to where it came from. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; " +
  "font-src 'self'; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** Of everything else, files of messages among it: they are data. */
export const DATA_POLICY =
  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

/** What the page does not use, nobody who gets into it may use either. */
const FEATURES = [
  "accelerometer=()",
  "autoplay=(self)",
  "camera=()",
  "clipboard-read=()",
  "clipboard-write=(self)",
  "display-capture=()",
  "encrypted-media=()",
  "fullscreen=(self)",
  "geolocation=()",
  "gyroscope=()",
  "magnetometer=()",
  "microphone=()",
  "midi=()",
  "payment=()",
  "picture-in-picture=(self)",
  "publickey-credentials-get=()",
  "usb=()",
  "xr-spatial-tracking=()",
];

/** Of all answers, unless a route says something stricter. */
export const SECURITY_HEADERS = {
  "content-security-policy": DATA_POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "origin-agent-cluster": "?1",
  "permissions-policy": FEATURES.join(", "),
  // A browser that looks names up ahead tells name servers what links people read.
  "x-dns-prefetch-control": "off",
  "cache-control": "no-store",
} as const;
