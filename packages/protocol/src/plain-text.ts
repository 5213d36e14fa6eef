/** What is known of a body without knowing its kind: which one it is, what it says in plain words, whom it names. */
import { cardText } from "./card-content.js";
import { decode } from "./codec/reader.js";
import { encode } from "./codec/writer.js";
import type { UserId } from "./ids.js";
import { Body } from "./model.js";
import { richText } from "./rich-text.js";

/** Fields that say something about the content and are none. */
const ABOUT = ["reply", "mentions", "forwarded"] as const;

/** The fields of which exactly one is set. */
export type ContentKind = Exclude<keyof Body, (typeof ABOUT)[number]>;

/** In the order of their numbers. */
export const CONTENT_KINDS: readonly ContentKind[] = Body.fields
  .map(({ name }) => name as keyof Body)
  .filter((name): name is ContentKind => !(ABOUT as readonly string[]).includes(name));

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

/** The kind of a body; undefined when it has none that is known here. */
export function kindOf(body: Body | undefined): ContentKind | undefined {
  return body === undefined ? undefined : CONTENT_KINDS.find((kind) => body[kind] !== undefined);
}

/** What a message says in plain words, for previews, notifications and search; empty where it has none. */
export function plainText(body: Body | undefined): string {
  if (body?.text !== undefined) return body.text.text;
  const kind = kindOf(body);
  if (kind === undefined) return "";
  const words = WORDS[kind] as ((content: object) => string) | undefined;
  return words?.(body![kind]!) ?? "";
}

/** Whether a message is for devices alone. */
export function isSignal(body: Body | undefined): boolean {
  return body?.signal !== undefined;
}

/** Whether a body names this user, alone or with all. */
export function mentionsUser(body: Body | undefined, userId: UserId): boolean {
  const mentions = body?.mentions;
  return mentions !== undefined && (mentions.isAll || mentions.userIds.includes(userId));
}

/** Whether two bodies say the same. */
export function isSameBody(one: Body, other: Body): boolean {
  const [first, second] = [encode(Body, one), encode(Body, other)];
  return first.length === second.length && first.every((byte, index) => byte === second[index]);
}

/** The body and all bodies that are merged in it, however deep. Errors: "malformed". */
export function* bodiesWithin(body: Body): Generator<Body> {
  yield body;
  for (const item of body.merged?.items ?? []) yield* bodiesWithin(decode(Body, item.body));
}
