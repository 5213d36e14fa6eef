/** What a forwarded message says: made by the server, and by a client to show it before the server has answered. */
import { Failure } from "@parley/base";
import { cardText } from "./card-content.js";
import type { Card } from "./cards.js";
import { decode } from "./codec/reader.js";
import { filled } from "./codec/schema.js";
import { encode } from "./codec/writer.js";
import { MergedBody } from "./bodies.js";
import { MERGED_BYTES_MAX, MERGED_DEPTH_MAX, TEXT_BYTES_MAX } from "./limits.js";
import { Body, type Message, textBody } from "./model.js";
import { kindOf } from "./content-kinds.js";

/**
 * The body that passes these messages on; undefined when one of them cannot be. Quotes and mentions stay behind, and who said it
 * first stays. Errors: "message-too-large" for what is merged.
 */
export function forwardedBody(
  messages: readonly Pick<Message, "senderId" | "timeMs" | "body">[],
  { isMerged, title }: { readonly isMerged: boolean; readonly title: string },
): Body | undefined {
  const contents = messages.flatMap(({ senderId, timeMs, body }) => {
    const kind = kindOf(body);
    if (body === undefined || kind === undefined || kind === "notice" || kind === "signal") return [];
    const { reply: _reply, mentions: _mentions, card, ...content } = body;
    if (card === undefined) return [{ senderId, timeMs, body: filled(Body, content) }];
    const text = cardWords(card);
    return text === "" ? [] : [{ senderId, timeMs, body: textBody(text) }];
  });
  const [first] = contents;
  if (first === undefined || contents.length < messages.length) return undefined;
  if (!isMerged) {
    const { senderId, timeMs, body } = first;
    return { ...body, forwarded: body.forwarded ?? { senderId, timeMs } };
  }
  const items = contents.map(({ body, ...said }) => ({ ...said, body: encode(Body, body) }));
  const merged = { title, items };
  const depth = 1 + Math.max(...contents.map(({ body }) => depthOf(body)));
  if (depth > MERGED_DEPTH_MAX || encode(MergedBody, merged).length > MERGED_BYTES_MAX) {
    throw new Failure(
      "message-too-large",
      "This is more than one message can merge: forward less at a time.",
      {
        retry: "after-change",
      },
    );
  }
  return filled(Body, { merged });
}

/** A card goes on as its words: who acts on a copy would be told nothing, and nobody would update it. */
function cardWords(card: Card): string {
  // Three bytes hold any UTF-16 unit; half a pair at the end goes.
  return cardText(card)
    .slice(0, Math.floor(TEXT_BYTES_MAX / 3))
    .replace(/[\uD800-\uDBFF]$/, "")
    .trimEnd();
}

/** How many merged messages lie within each other. */
function depthOf({ merged }: Body): number {
  if (merged === undefined) return 0;
  return 1 + Math.max(0, ...merged.items.map((item) => depthOf(decode(Body, item.body))));
}
