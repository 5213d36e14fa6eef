/**
 * What of a card is drawn. A card comes from anybody, so it is rebuilt before the renderer sees it:
 *
 *   1  What is loaded from elsewhere is not in it: pictures and films of strangers become their words. A picture that the card itself holds stays.
 *   2  What leads elsewhere leads to the web or to an e-mail: any other address is not in it, with all that it hangs on.
 *   3  What is no card of a known version, or beyond the bounds of one, is its words.
 *   4  What could keep the page busy, or needs more than the page has, is not in it: patterns of inputs, which the application checks.
 *   5  The data of an action is the application's own and stays as it is.
 */
import { CARD_DEPTH_MAX, CARD_VALUES_MAX, sizeOfJson } from "@parley/protocol";

export type Json = Readonly<Record<string, unknown>>;

/** What somebody has put into an input of a card. */
export interface KeptInput {
  readonly type: string;
  readonly value: string;
}

const VERSION = /^1\.[0-5]$/u;
const LEFT_OUT: ReadonlySet<string> = new Set([
  // They load something, or ask for something behind the reader's back.
  "backgroundImage",
  "iconUrl",
  "poster",
  "sources",
  "captionSources",
  "refresh",
  "authentication",
  "choices.data",
  // A pattern can take for ever.
  "regex",
  // Less important actions stand with the others, and not in a menu.
  "mode",
]);
const OWN_PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/u;
/** Where elements stand, which what takes their place keeps. */
const PLACING = ["id", "isVisible", "spacing", "separator", "horizontalAlignment", "selectAction"] as const;

/** The card as it is drawn; undefined when only its words can be shown. */
export function safeCard(content: string): Json | undefined {
  let card: unknown;
  try {
    card = JSON.parse(content);
  } catch {
    // From a damaged or a newer peer.
    return undefined;
  }
  const { depth, values } = sizeOfJson(card);
  if (!isJson(card) || depth > CARD_DEPTH_MAX || values > CARD_VALUES_MAX) return undefined;
  const { type, version } = card;
  const isKnown = type === "AdaptiveCard" && typeof version === "string" && VERSION.test(version);
  return isKnown ? safeObject(card) : undefined;
}

/** The card with what somebody has put into its inputs, where they are still the same. */
export function withInputs(card: Json, kept: ReadonlyMap<string, KeptInput>): Json {
  if (kept.size === 0) return card;
  const into = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(into);
    if (!isJson(value)) return value;
    const input = typeof value["id"] === "string" ? kept.get(value["id"]) : undefined;
    const rest = Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, isData(value, key) ? one : into(one)]),
    );
    if (input === undefined || input.type !== value["type"]) return rest;
    if (input.type !== "Input.Number") return { ...rest, value: input.value };
    return { ...rest, value: input.value === "" ? undefined : Number(input.value) };
  };
  return into(card) as Json;
}

/** Every id in a card. */
export function idsOf(card: Json): ReadonlySet<string> {
  const ids = new Set<string>();
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look);
    if (!isJson(value)) return;
    if (typeof value["id"] === "string") ids.add(value["id"]);
    for (const [key, one] of Object.entries(value)) if (!isData(value, key)) look(one);
  };
  look(card);
  return ids;
}

/** The address, when it leads to the web or to an e-mail. */
export function safeAddress(address: unknown): string | undefined {
  if (typeof address !== "string" || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return ["https:", "http:", "mailto:"].includes(url.protocol) ? url.href : undefined;
}

function safeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(safeValue).filter((one) => one !== undefined);
  return isJson(value) ? safeObject(value) : value;
}

/** Undefined: nothing is left of it. */
function safeObject(object: Json): Json | undefined {
  const { type } = object;
  if (type === "Image" && !(typeof object["url"] === "string" && OWN_PICTURE.test(object["url"])))
    return wordsOf(object);
  if (type === "Media") return wordsOf(object);
  if (type === "ImageSet")
    return safeObject({ ...placeOf(object), type: "Container", items: object["images"] });
  if (type === "Action.OpenUrl" && safeAddress(object["url"]) === undefined) return undefined;
  // A list that the browser opens, and not the card.
  if (type === "Input.ChoiceSet" && object["style"] === "filtered")
    return safeObject({ ...object, style: "compact" });
  const fields = Object.entries(object).flatMap(([key, value]): [string, unknown][] => {
    if (isData(object, key)) return [[key, value]];
    const safe = LEFT_OUT.has(key) ? undefined : safeValue(value);
    return safe === undefined ? [] : [[key, safe]];
  });
  return Object.fromEntries(fields);
}

/** In the place of what is not loaded its alternative text; nothing where it has none. */
function wordsOf(element: Json): Json | undefined {
  const { altText } = element;
  if (typeof altText !== "string" || altText.trim() === "") return undefined;
  const { selectAction, ...place } = placeOf(element);
  const block = { type: "TextBlock", text: altText, isSubtle: true, wrap: true };
  if (selectAction === undefined) return { ...place, ...block };
  return { ...place, type: "Container", selectAction, items: [block] };
}

function placeOf(element: Json): Json {
  const kept = PLACING.flatMap((key): [string, unknown][] => {
    const value = safeValue(element[key]);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(kept);
}

function isData(object: Json, key: string): boolean {
  return key === "data" && String(object["type"]).startsWith("Action.");
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
