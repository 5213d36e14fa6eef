/**
 * What somebody types, as a body: a subset of Markdown becomes rich text, and what has no marks stays a text.
 *
 *   blocks   "# " to "### " · "- ", "* ", "1. " (two spaces for each level) · "> " · "```language" to "```" · "---"
 *   inline   **bold** · *italic*, _italic_ · ~~struck~~ · `code` · [text](address) · addresses of http and https
 *
 * Never markup: whatever is not of the subset is text as it stands, and all of it is when it has too many marks.
 */
import {
  type BlockKind,
  type Body,
  filled,
  type Init,
  isSafeLink,
  LANGUAGE_BYTES_MAX,
  RICH_NODES_MAX,
  RichBlock,
  RichSpan,
  type UserId,
} from "@parley/protocol";

/** A name that stands in the text for a user, or for all. */
export interface MentionName {
  /** As it is typed, with its "@". */
  readonly label: string;
  readonly userId: UserId | "all";
}

const LEVEL_MAX = 3;
const SPACES_PER_LEVEL = 2;
/** Marks within marks. */
const DEPTH_MAX = 4;

type Marks = Partial<Pick<RichSpan, "isBold" | "isItalic" | "isStruck" | "isCode" | "link" | "userId">>;

const FENCE = /^```([^\s`]*)\s*$/;
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
const HEADING = /^(#{1,3}) +(.*)$/;
const QUOTE = /^> ?(.*)$/;
const ITEM = /^( *)(?:([-*+])|\d{1,9}[.)]) +(.*)$/;
const PAIRS: readonly (readonly [string, Marks])[] = [
  ["**", { isBold: true }],
  ["~~", { isStruck: true }],
  ["*", { isItalic: true }],
  ["_", { isItalic: true }],
];
const ADDRESS = /^https?:\/\/[^\s<>()[\]*_~`"']*[^\s<>()[\]*_~`"'.,;:!?]/i;
const LINK = /^\[([^\]\n]+)\]\(([^\s()]+)\)/;

/** The body that says this, with those of the mentions that are in it. */
export function markdownBody(text: string, names: readonly MentionName[] = []): Init<Body> {
  const used = names.filter(({ label }) => text.includes(label));
  const userIds = [...new Set(used.flatMap(({ userId }) => (userId === "all" ? [] : [userId])))];
  const isAll = used.some(({ userId }) => userId === "all");
  const mentions = used.length === 0 ? {} : { mentions: { userIds, isAll } };
  const blocks = blocksOf(text, used);
  const isRich = blocks.some(isMarked) && blocks.some(({ kind }) => kind !== "rule");
  return isRich && nodesOf(blocks) <= RICH_NODES_MAX
    ? { rich: { blocks }, ...mentions }
    : { text: { text }, ...mentions };
}

function nodesOf(blocks: readonly RichBlock[]): number {
  return blocks.reduce((count, { spans }) => count + 1 + spans.length, 0);
}

/** A block that a text could not say: links that stand for themselves and mentions are seen in a text too. */
function isMarked({ kind, spans }: RichBlock): boolean {
  return (
    kind !== "paragraph" ||
    spans.some(
      ({ isBold, isItalic, isStruck, isCode, link, text }) =>
        isBold || isItalic || isStruck || isCode || (link !== "" && link !== text),
    )
  );
}

function blocksOf(text: string, names: readonly MentionName[]): readonly RichBlock[] {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks: RichBlock[] = [];
  let paragraph: string[] = [];
  let quote: string[] = [];
  const add = (kind: BlockKind, content: string, more: Init<RichBlock> = {}): void => {
    const spans = spansOf(content, names);
    if (spans.length > 0) blocks.push(filled(RichBlock, { kind, spans, ...more }));
  };
  const flush = (): void => {
    if (paragraph.length > 0) add("paragraph", paragraph.join("\n").trim());
    if (quote.length > 0) add("quote", quote.join("\n").trim());
    paragraph = [];
    quote = [];
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const fence = FENCE.exec(line);
    const end = fence === null ? -1 : lines.indexOf("```", index + 1);
    const code = end < 0 ? "" : lines.slice(index + 1, end).join("\n");
    if (fence !== null && code !== "") {
      flush();
      const language = fence[1]!.length > LANGUAGE_BYTES_MAX / 4 ? "" : fence[1]!;
      blocks.push(filled(RichBlock, { kind: "code", language, spans: [spanOf(code, {})] }));
      index = end;
      continue;
    }
    const [heading, quoted, item] = [HEADING.exec(line), QUOTE.exec(line), ITEM.exec(line)];
    if (quoted !== null) {
      if (paragraph.length > 0) flush();
      quote.push(quoted[1]!);
    } else if (line.trim() === "") flush();
    else if (RULE.test(line)) {
      flush();
      blocks.push(filled(RichBlock, { kind: "rule" }));
    } else if (heading !== null) {
      flush();
      add("heading", heading[2]!.trim(), { level: heading[1]!.length });
    } else if (item !== null) {
      flush();
      const level = Math.min(1 + Math.floor(item[1]!.length / SPACES_PER_LEVEL), LEVEL_MAX);
      add("item", item[3]!.trim(), { level, isOrdered: item[2] === undefined });
    } else {
      if (quote.length > 0) flush();
      paragraph.push(line);
    }
  }
  flush();
  return blocks;
}

/** The spans of a line or several; neighbours that look alike are one. */
function spansOf(text: string, names: readonly MentionName[]): readonly RichSpan[] {
  const spans: RichSpan[] = [];
  parse(text, { names, spans, depth: 0, marks: {} });
  return spans;
}

interface Parsing {
  readonly names: readonly MentionName[];
  readonly spans: RichSpan[];
  readonly depth: number;
  /** Of what is being parsed. */
  readonly marks: Marks;
}

function parse(text: string, parsing: Parsing): void {
  const { marks, spans } = parsing;
  let plain = 0;
  for (let at = 0; at < text.length;) {
    const length = takeAt(text, at, parsing, () => put(text.slice(plain, at), marks, spans));
    if (length === 0) at += 1;
    else {
      at += length;
      plain = at;
    }
  }
  put(text.slice(plain), marks, spans);
}

/** Puts what begins at a place, when it is more than text, after `flush`; returns how long it is. */
function takeAt(text: string, at: number, parsing: Parsing, flush: () => void): number {
  const { marks } = parsing;
  const isAfterWord = at > 0 && /[\p{L}\p{N}_]/u.test(text[at - 1]!);
  const rest = text.slice(at);
  if (rest.startsWith("`")) {
    const end = rest.indexOf("`", 1);
    if (end < 2) return 0;
    flush();
    put(rest.slice(1, end), { ...marks, isCode: true }, parsing.spans);
    return end + 1;
  }
  const name =
    marks.link === undefined ? parsing.names.find(({ label }) => rest.startsWith(label)) : undefined;
  if (name !== undefined && name.userId !== "all" && !isAfterWord) {
    flush();
    put(name.label, { ...marks, userId: name.userId }, parsing.spans);
    return name.label.length;
  }
  if (marks.link === undefined) {
    const link = LINK.exec(rest);
    if (link !== null && isSafeLink(link[2]!) && parsing.depth < DEPTH_MAX) {
      flush();
      parse(link[1]!, within(parsing, { link: link[2]! }));
      return link[0].length;
    }
    const address = isAfterWord ? null : ADDRESS.exec(rest);
    if (address !== null && isSafeLink(address[0])) {
      flush();
      put(address[0], { ...marks, link: address[0] }, parsing.spans);
      return address[0].length;
    }
  }
  return parsing.depth < DEPTH_MAX ? takePair(rest, isAfterWord, parsing, flush) : 0;
}

function takePair(rest: string, isAfterWord: boolean, parsing: Parsing, flush: () => void): number {
  const pair = PAIRS.find(([mark]) => rest.startsWith(mark));
  if (pair === undefined || (isAfterWord && pair[0] === "_")) return 0;
  const [mark, added] = pair;
  const end = endOf(rest, mark);
  if (end < 0) return 0;
  flush();
  const inner = rest.slice(mark.length, end);
  parse(inner, within(parsing, added));
  return end + mark.length;
}

/** Parsing what lies between two marks. */
function within(parsing: Parsing, added: Marks): Parsing {
  return { ...parsing, depth: parsing.depth + 1, marks: { ...parsing.marks, ...added } };
}

/** Where the mark ends what it began: not at once, not after a space, and of a single one not in a double one. */
function endOf(rest: string, mark: string): number {
  if (/\s/.test(rest[mark.length] ?? " ")) return -1;
  for (let end = rest.indexOf(mark, mark.length + 1); end >= 0; end = rest.indexOf(mark, end + 1)) {
    const isDouble = mark.length === 1 && (rest[end + 1] === mark || rest[end - 1] === mark);
    const isInWord = mark === "_" && /[\p{L}\p{N}]/u.test(rest[end + 1] ?? "");
    if (!isDouble && !isInWord && !/\s/.test(rest[end - 1]!)) return end;
  }
  return -1;
}

function put(text: string, marks: Marks, spans: RichSpan[]): void {
  if (text === "") return;
  const span = spanOf(text, marks);
  const last = spans.at(-1);
  if (last !== undefined && span.userId === "" && looksAlike(last, span))
    spans[spans.length - 1] = { ...last, text: last.text + text };
  else spans.push(span);
}

function spanOf(text: string, marks: Marks): RichSpan {
  return filled(RichSpan, { text, ...marks });
}

function looksAlike(one: RichSpan, other: RichSpan): boolean {
  return (
    one.isBold === other.isBold &&
    one.isItalic === other.isItalic &&
    one.isStruck === other.isStruck &&
    one.isCode === other.isCode &&
    one.link === other.link &&
    one.userId === other.userId
  );
}
