/** What a body of any kind says in plain words. */
import { cardText } from "./card-content.js";
import { type ContentKind, kindOf } from "./content-kinds.js";
import type { Body } from "./model.js";
import { richText } from "./rich-text.js";

/** How each kind is said in plain words. Those that are not here have none. */
const WORDS: { readonly [K in ContentKind]?: (content: NonNullable<Body[K]>) => string } = {
  text: ({ text }) => text,
  rich: richText,
  media: ({ caption, name }) => caption || name,
  location: ({ name, address }) => name || address,
  merged: ({ title }) => title,
  card: cardText,
  custom: ({ fallbackText }) => fallbackText,
};

/** What a message says in plain words, for previews, notifications and search; empty where it has none. */
export function plainText(body: Body | undefined): string {
  if (body?.text !== undefined) return body.text.text;
  const kind = kindOf(body);
  if (kind === undefined) return "";
  const words = WORDS[kind] as ((content: object) => string) | undefined;
  return words?.(body![kind]!) ?? "";
}
