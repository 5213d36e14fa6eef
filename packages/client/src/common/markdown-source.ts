/** Rich text as somebody would type it, to be written anew; `markdownBody` makes the same of it again, but for what it has no words for. */
import type { RichBlock, RichBody, RichSpan } from "@parley/protocol";

const SPACES_PER_LEVEL = 2;

/** The Markdown of a document. */
export function markdownSource({ blocks }: RichBody): string {
  let source = "";
  for (const [index, block] of blocks.entries()) {
    const before = blocks[index - 1];
    if (before !== undefined) source += before.kind === "item" && block.kind === "item" ? "\n" : "\n\n";
    source += lineOf(block);
  }
  return source;
}

function lineOf({ kind, level, isOrdered, language, spans }: RichBlock): string {
  const text = spans.map(spanSource).join("");
  switch (kind) {
    case "heading":
      return `${"#".repeat(level)} ${text}`;
    case "item":
      return `${" ".repeat((level - 1) * SPACES_PER_LEVEL)}${isOrdered ? "1." : "-"} ${text}`;
    case "quote":
      return text
        .split("\n")
        .map((line) => `> ${line}`)
        .join("\n");
    case "code":
      return `\`\`\`${language}\n${spans[0]?.text ?? ""}\n\`\`\``;
    case "rule":
      return "---";
    case "paragraph":
      return text;
  }
}

function spanSource({ text, isBold, isItalic, isStruck, isCode, link }: RichSpan): string {
  if (isCode) return `\`${text}\``;
  const struck = isStruck ? `~~${text}~~` : text;
  const italic = isItalic ? `*${struck}*` : struck;
  const bold = isBold ? `**${italic}**` : italic;
  return link === "" || link === text ? bold : `[${bold}](${link})`;
}
