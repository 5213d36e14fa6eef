/** The kinds that devices may send, each with its check. Another kind is another file here and a line in the table. */
import type { Body, ContentKind } from "@parley/protocol";
import { checkCard } from "./card.js";
import { checkCustom } from "./custom.js";
import { checkLocation } from "./location.js";
import { checkMedia } from "./media.js";
import { checkRich } from "./rich.js";
import { checkSignal } from "./signal.js";
import { checkText } from "./text.js";

/** Refuses a content that nobody may send. Errors: "bad-request", "message-too-large". */
export type CheckBody<K extends ContentKind> = (content: NonNullable<Body[K]>, body: Body) => void;

/** Kinds that are not here are written by the server alone. */
export const BODY_KINDS: { readonly [K in ContentKind]?: CheckBody<K> } = {
  text: checkText,
  rich: checkRich,
  media: checkMedia,
  location: checkLocation,
  card: checkCard,
  signal: checkSignal,
  custom: checkCustom,
};
