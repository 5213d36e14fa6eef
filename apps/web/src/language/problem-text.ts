import { failureCode } from "@parley/base";
import type { Strings } from "./english.js";

/** What went wrong, in plain words. */
export function problemText(strings: Strings, error: unknown): string {
  return problemOfCode(strings, failureCode(error) ?? "unexpected");
}

/** The plain words for an error code. */
export function problemOfCode(strings: Strings, code: string): string {
  return isListed(strings, code) ? strings.problem[code] : strings.problemOther(code);
}

function isListed(strings: Strings, code: string): code is keyof Strings["problem"] {
  return Object.hasOwn(strings.problem, code);
}
