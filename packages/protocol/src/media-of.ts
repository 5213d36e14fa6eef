import type { MediaBody } from "./media.js";
import type { Body } from "./model.js";
import { bodiesWithin } from "./content-kinds.js";

/** The files that whoever sees this body may read: its own, and those of messages that are merged in it. Errors: "malformed". */
export function mediaOf(body: Body | undefined): readonly MediaBody[] {
  if (body === undefined) return [];
  if (body.merged === undefined) return body.media === undefined ? [] : [body.media];
  return [...bodiesWithin(body)].flatMap(({ media }) => (media === undefined ? [] : [media]));
}
