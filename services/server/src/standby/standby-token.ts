import { createHash, timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { Failure, messageOf } from "@parley/base";

export const TOKEN_LENGTH_MIN = 32;

/**
 * The secret that primary and standby share: the first line of a file that only its owner may read.
 * Errors: "bad-setting", saying what to do.
 */
export async function readStandbyToken(path: string): Promise<string> {
  let text: string;
  let mode: number;
  try {
    ({ mode } = await stat(path));
    text = await readFile(path, "utf8");
  } catch (error) {
    throw bad(`cannot be read: ${messageOf(error)}`);
  }
  if ((mode & 0o077) !== 0) throw bad(`may be read by others: chmod 600 ${path}`);
  const token = text.split("\n")[0]!.trim();
  if (token.length < TOKEN_LENGTH_MIN) {
    throw bad(`needs ${TOKEN_LENGTH_MIN} characters at least: openssl rand -hex 32 > ${path}`);
  }
  return token;

  function bad(what: string): Failure {
    return new Failure("bad-setting", `The token file ${path} ${what}.`, {
      retry: "after-change",
      details: { setting: "standby-token-file" },
    });
  }
}

/** Compares in a time that tells nothing. */
export function isToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
