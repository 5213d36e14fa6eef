import { MEDIA_NAME_BYTES_MAX } from "@parley/protocol";

/** What is called nothing at all. */
const FALLBACK = "file";
/** Control signs, and those that turn the direction of what follows: "exe.png" is not to be read where "gnp.exe" stands. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * The name under which a file is shown and saved: the last part of a path, without signs that nobody sees, at most
 * MEDIA_NAME_BYTES_MAX bytes. The end stays, as it says what kind of file it is.
 */
export function mediaName(claim: string): string {
  const last = claim.slice(Math.max(claim.lastIndexOf("/"), claim.lastIndexOf("\\")) + 1);
  const seen = last.replace(UNSEEN, "").trim().replace(/^\.+/, "");
  return cutName(seen === "" ? FALLBACK : seen);
}

function cutName(name: string): string {
  if (Buffer.byteLength(name) <= MEDIA_NAME_BYTES_MAX) return name;
  const dot = name.lastIndexOf(".");
  const end = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : "";
  const roomBytes = MEDIA_NAME_BYTES_MAX - Buffer.byteLength(end);
  let start = "";
  let bytes = 0;
  for (const sign of name.slice(0, name.length - end.length)) {
    bytes += Buffer.byteLength(sign);
    if (bytes > roomBytes) break;
    start += sign;
  }
  return start + end;
}
