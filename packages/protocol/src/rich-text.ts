/**
 * Rich text: a closed model of a document, and never markup. A document is a list of blocks, a block a list of spans: nothing is
 * nested in itself, so the depth is bounded by the schemas. What a client does not know of it, it shows as plain text.
 */
import { type Infer, bool, list, schema, string, uint } from "./codec/schema.js";
import type { UserId } from "./ids.js";

export const BLOCK_KINDS = ["paragraph", "heading", "item", "quote", "code", "rule"] as const;
export type BlockKind = (typeof BLOCK_KINDS)[number];

/** Text that looks alike throughout. A line break is "\n". */
export const RichSpan = schema("RichSpan", {
  text: string(1),
  isBold: bool(2),
  isItalic: bool(3),
  isStruck: bool(4),
  isCode: bool(5),
  /** Where it leads: an address of http, https or mailto. */
  link: string(6),
  /** Names this user; `text` is what is shown when the name is not known. */
  userId: string<UserId>(7),
});
export type RichSpan = Infer<typeof RichSpan>;

export const RichBlock = schema("RichBlock", {
  /** One of BLOCK_KINDS. Items that follow each other are one list; quotes that do, one quotation. */
  kind: string<BlockKind>(1),
  /** Of a heading and of an item of a list: 1 to 3. */
  level: uint(2),
  /** Of an item: its list counts. */
  isOrdered: bool(3),
  /** Of code; may be empty. */
  language: string(4),
  /** Of a rule none; of code one, without marks. */
  spans: list(5, RichSpan),
});
export type RichBlock = Infer<typeof RichBlock>;

export const RichBody = schema("RichBody", {
  blocks: list(1, RichBlock),
});
export type RichBody = Infer<typeof RichBody>;

const LINK = /^(?:https?:\/\/|mailto:)[^\s\p{Cc}]+$/iu;

/** Whether a link may be followed: an address of http, https or mailto without spaces or control characters. */
export function isSafeLink(link: string): boolean {
  return LINK.test(link);
}

/** What a document says, without how it looks: one line for each block. */
export function richText(rich: RichBody): string {
  return rich.blocks.map((block) => block.spans.map(({ text }) => text).join("")).join("\n");
}
