/** What is known of a body without knowing its kind: which one it is, whom it names, what is in it. */
import { decode } from "./codec/reader.js";
import { encode } from "./codec/writer.js";
import type { UserId } from "./ids.js";
import { Body } from "./model.js";

/** Fields that say something about the content and are none. */
const ABOUT = ["reply", "mentions", "forwarded", "hidesPreview"] as const;

/** The fields of which exactly one is set. */
export type ContentKind = Exclude<keyof Body, (typeof ABOUT)[number]>;

/** In the order of their numbers. */
export const CONTENT_KINDS: readonly ContentKind[] = Body.fields
  .map(({ name }) => name as keyof Body)
  .filter((name): name is ContentKind => !(ABOUT as readonly string[]).includes(name));

/** The kind of a body; undefined when it has none that is known here. */
export function kindOf(body: Body | undefined): ContentKind | undefined {
  return body === undefined ? undefined : CONTENT_KINDS.find((kind) => body[kind] !== undefined);
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
