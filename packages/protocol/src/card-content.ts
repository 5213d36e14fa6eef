/** What a card says: Adaptive Cards are read here only as far as their words, and what a reader sees of two parts. */
import type { Card } from "./cards.js";
import { CARD_DEPTH_MAX, CARD_VALUES_MAX } from "./limits.js";
import type { Message } from "./model.js";

/** What one reader sees of a card. */
export interface CardView {
  /** JSON. */
  readonly content: string;
  /** Of this content: actions name it. */
  readonly revision: number;
  /** It is the reader's own part. */
  readonly isPrivate: boolean;
}

/** Elements that say something, and the fields in which they do. */
const SAYING: Readonly<Record<string, string>> = { TextBlock: "text", TextRun: "text" };

/** The card as its reader sees it: the private part instead of the one that all see. Undefined: the message is no card. */
export function cardOf({ body, cardPart }: Pick<Message, "body" | "cardPart">): CardView | undefined {
  if (body?.card === undefined) return undefined;
  const isPrivate = (cardPart?.content ?? "") !== "";
  const { content, revision } = isPrivate ? cardPart! : body.card;
  return { content, revision, isPrivate };
}

/** The card's words: its `fallbackText`, or what its text blocks say, a line each; empty for what is no card. */
export function cardText({ content }: Pick<Card, "content">): string {
  const card = parsed(content);
  if (!isJsonObject(card)) return "";
  const { fallbackText } = card;
  if (typeof fallbackText === "string" && fallbackText.trim() !== "") return fallbackText;
  const lines: string[] = [];
  walk(card, (value) => {
    if (!isJsonObject(value)) return;
    const field = SAYING[String(value["type"])];
    const said = field === undefined ? undefined : value[field];
    if (typeof said === "string" && said.trim() !== "") lines.push(said);
  });
  return lines.join("\n");
}

/** How deep a JSON value is and how many values it has; counting ends beyond the bounds of a card. */
export function sizeOfJson(value: unknown): { readonly depth: number; readonly values: number } {
  let [depth, values] = [0, 0];
  walk(value, (_, level) => {
    depth = Math.max(depth, level);
    values += 1;
  });
  return { depth, values };
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every value in the order of the text, the outermost first at level 1; ends behind the bounds, so that it always ends soon. */
function walk(root: unknown, visit: (value: unknown, level: number) => void): void {
  const waiting: { readonly value: unknown; readonly level: number }[] = [{ value: root, level: 1 }];
  for (let count = 0; count <= CARD_VALUES_MAX; count++) {
    const next = waiting.pop();
    if (next === undefined) return;
    const { value, level } = next;
    visit(value, level);
    if (typeof value !== "object" || value === null || level > CARD_DEPTH_MAX) continue;
    const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
    for (let index = inner.length - 1; index >= 0; index--)
      waiting.push({ value: inner[index], level: level + 1 });
  }
}

/** Undefined: no JSON, as what a damaged or a newer peer sends. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // It says nothing then.
    return undefined;
  }
}
