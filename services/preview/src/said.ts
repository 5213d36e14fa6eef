/** What a page says, as one line that can be shown beside what people say. */

/** Control characters, those that turn the direction of what stands around them, and what is seen as nothing. */
const UNSHOWN = /[\p{Cc}\p{Cs}\p{Co}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
/** More than this of a text is not looked at: most of it may be blank. */
const LOOKED_AT = 8;

/** At most `charactersMax` characters, the last of them an ellipsis where something was cut off. */
export function said(text: string, charactersMax: number): string {
  const line = text
    .slice(0, charactersMax * LOOKED_AT)
    .replace(/\s+/gu, " ")
    .replace(UNSHOWN, "")
    .trim();
  const characters = Array.from(line);
  if (characters.length <= charactersMax) return line;
  return `${characters
    .slice(0, charactersMax - 1)
    .join("")
    .trimEnd()}…`;
}
