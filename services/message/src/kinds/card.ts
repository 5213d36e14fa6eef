/** Cards: what is checked of their content is what every reader relies on; what their elements mean is for those who show them. */
import {
  type Card,
  CARD_BYTES_MAX,
  CARD_DATA_BYTES_MAX,
  CARD_DEPTH_MAX,
  CARD_VALUES_MAX,
  CARD_VERB_BYTES_MAX,
  isJsonObject,
  sizeOfJson,
} from "@parley/protocol";
import { badRequest } from "../refusal.js";
import { requireBytes, requireShort } from "./sizes.js";

const VERSIONS: ReadonlySet<unknown> = new Set(["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"]);

/** An Adaptive Card that is not too large. Errors: "bad-request", "message-too-large". */
export function checkCard({ content }: Pick<Card, "content">): void {
  requireBytes("card", content, CARD_BYTES_MAX);
  const card = parsed("A card", content);
  const { depth, values } = sizeOfJson(card);
  if (depth > CARD_DEPTH_MAX) throw badRequest(`A card is at most ${CARD_DEPTH_MAX} values deep.`);
  if (values > CARD_VALUES_MAX) throw badRequest(`A card has at most ${CARD_VALUES_MAX} values.`);
  if (card["type"] !== "AdaptiveCard") throw badRequest('A card has the type "AdaptiveCard".');
  if (!VERSIONS.has(card["version"])) throw badRequest('A card has a version from "1.0" to "1.5".');
}

/** What is done with a card. Errors: "bad-request". */
export function checkCardAction({ verb, data }: { readonly verb: string; readonly data: string }): void {
  requireShort("verb of an action", verb, CARD_VERB_BYTES_MAX, 1);
  requireShort("data of an action", data, CARD_DATA_BYTES_MAX);
  const { depth, values } = sizeOfJson(parsed("The data of an action", data));
  if (depth > CARD_DEPTH_MAX || values > CARD_VALUES_MAX)
    throw badRequest(
      `The data of an action has at most ${CARD_VALUES_MAX} values, ${CARD_DEPTH_MAX} within each other.`,
    );
}

function parsed(what: string, json: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw badRequest(`${what} is valid JSON.`);
  }
  if (!isJsonObject(value)) throw badRequest(`${what} is a JSON object.`);
  return value;
}
