/** The search field above the rows, as an index. */
export const FIELD = -1;

/** Where a key leads from a row or the field in a list of `count` rows; undefined when it leads nowhere. */
export function nextIndex(key: string, index: number, count: number): number | undefined {
  if (key === "ArrowDown") return index + 1 < count ? index + 1 : undefined;
  if (key === "ArrowUp") return index > FIELD ? index - 1 : undefined;
  // In the field these move the cursor.
  if (index === FIELD) return undefined;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}
