import { failureCode } from "@parley/base";

/** What tables say of a row that will not be readable later either. */
const CODES: ReadonlySet<string> = new Set([
  "tables-corrupt",
  "seal-corrupt",
  "key-missing",
  "cold-missing",
  "malformed",
]);

/** Whether a row can never be read again. */
export function isUnreadable(error: unknown): boolean {
  return CODES.has(failureCode(error) ?? "");
}
