import {
  type Body,
  BLOCK_KINDS,
  LANGUAGE_BYTES_MAX,
  LINK_BYTES_MAX,
  RICH_BYTES_MAX,
  RICH_NODES_MAX,
  RichBody,
  type RichBlock,
  type RichSpan,
  encode,
  isSafeLink,
  parseUserId,
  richText,
} from "@parley/protocol";
import { badRequest } from "../refusal.js";
import { requireBytes, requireShort, tooLarge } from "./sizes.js";

const LEVEL_MAX = 3;
const KINDS: ReadonlySet<string> = new Set(BLOCK_KINDS);

/** A document of the closed model that says something. Errors: "bad-request", "message-too-large". */
export function checkRich(rich: RichBody, { mentions }: Body): void {
  const nodes = rich.blocks.reduce((count, block) => count + 1 + block.spans.length, 0);
  if (nodes > RICH_NODES_MAX) throw tooLarge(`A rich text has at most ${RICH_NODES_MAX} blocks and spans.`);
  // The texts alone first: what is far too long is not even encoded.
  const text = richText(rich);
  requireBytes("rich text", text, RICH_BYTES_MAX);
  for (const block of rich.blocks) checkBlock(block, mentions?.userIds ?? []);
  if (text.trim() === "") throw badRequest("A message needs a text.");
  requireBytes("rich text", encode(RichBody, rich), RICH_BYTES_MAX);
}

function checkBlock(block: RichBlock, mentioned: readonly string[]): void {
  const { kind, level, isOrdered, language, spans } = block;
  if (!KINDS.has(kind)) throw badRequest("A block of a rich text has a kind that is not known.");
  const hasLevel = kind === "heading" || kind === "item";
  const isLevelRight = hasLevel ? level >= 1 && level <= LEVEL_MAX : level === 0;
  if (!isLevelRight)
    throw badRequest(`Headings and items have a level of 1 to ${LEVEL_MAX}, others have none.`);
  if (isOrdered && kind !== "item") throw badRequest("Only the items of a list are ordered.");
  if (language !== "" && kind !== "code") throw badRequest("Only code has a language.");
  requireShort("language", language, LANGUAGE_BYTES_MAX);
  const isCountRight = kind === "rule" ? spans.length === 0 : spans.length > 0;
  if (!isCountRight) throw badRequest("A rule has no text, and every other block has some.");
  for (const span of spans) checkSpan(span, mentioned);
  if (kind === "code" && (spans.length > 1 || isMarked(spans[0]!)))
    throw badRequest("Code is one text without marks.");
}

function checkSpan(span: RichSpan, mentioned: readonly string[]): void {
  const { text, link, userId } = span;
  if (text === "") throw badRequest("A span of a rich text has a text.");
  if (link !== "") {
    requireShort("link", link, LINK_BYTES_MAX);
    if (!isSafeLink(link)) throw badRequest("A link is an address of http, https or mailto.");
    if (userId !== "") throw badRequest("A span is a link or a user, not both.");
  }
  if (userId === "") return;
  parseUserId(userId);
  if (!mentioned.includes(userId)) throw badRequest("Whom a rich text names is among its mentions.");
}

function isMarked({ isBold, isItalic, isStruck, isCode, link, userId }: RichSpan): boolean {
  return isBold || isItalic || isStruck || isCode || link !== "" || userId !== "";
}
