/** What a message can be besides a text, and what may be said about any of them. */
import {
  type Infer,
  bool,
  bytes,
  filled,
  list,
  schema,
  string,
  strings,
  uint,
  uints,
} from "./codec/schema.js";
import type { ConversationId, UserId } from "./ids.js";

/** Numbers on the wire have no sign, so both count from the other end of the earth, in units of 10^-7 degrees. */
export const LocationBody = schema("LocationBody", {
  /** Degrees north of the south pole: 0 to 180 × 10^7. */
  latitudeE7: uint(1),
  /** Degrees east of the antimeridian: 0 to 360 × 10^7. */
  longitudeE7: uint(2),
  name: string(3),
  address: string(4),
});
export type LocationBody = Infer<typeof LocationBody>;

export const LATITUDE_E7_MAX = 180 * 1e7;
export const LONGITUDE_E7_MAX = 360 * 1e7;

/** A place from degrees: latitude -90 to 90, longitude -180 to 180. */
export function locationBody(place: {
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string;
  readonly address?: string;
}): LocationBody {
  return filled(LocationBody, {
    latitudeE7: Math.round((place.latitude + 90) * 1e7),
    longitudeE7: Math.round((place.longitude + 180) * 1e7),
    name: place.name ?? "",
    address: place.address ?? "",
  });
}

/** The degrees of a place. */
export function coordinatesOf(location: LocationBody): {
  readonly latitude: number;
  readonly longitude: number;
} {
  return {
    latitude: (location.latitudeE7 - LATITUDE_E7_MAX / 2) / 1e7,
    longitude: (location.longitudeE7 - LONGITUDE_E7_MAX / 2) / 1e7,
  };
}

export const MergedItem = schema("MergedItem", {
  senderId: string<UserId>(1),
  timeMs: uint(2),
  /** An encoded Body: opened when somebody looks into it. */
  body: bytes(3),
});
export type MergedItem = Infer<typeof MergedItem>;

/** Messages of elsewhere in one, as the server read them there. */
export const MergedBody = schema("MergedBody", {
  title: string(1),
  items: list(2, MergedItem),
});
export type MergedBody = Infer<typeof MergedBody>;

/** For other modules: devices are told, people are not. It never counts as unread and is in no list and timeline. */
export const SignalBody = schema("SignalBody", {
  type: string(1),
  payload: bytes(2),
});
export type SignalBody = Infer<typeof SignalBody>;

/** What an application knows to show; everybody else shows the text. */
export const CustomBody = schema("CustomBody", {
  type: string(1),
  payload: bytes(2),
  fallbackText: string(3),
});
export type CustomBody = Infer<typeof CustomBody>;

/** The message of the same conversation that this one answers. A reference: whoever may not see that one sees nothing of it. */
export const Reply = schema("Reply", {
  sequence: uint(1),
});
export type Reply = Infer<typeof Reply>;

export const Mentions = schema("Mentions", {
  userIds: strings<UserId>(1),
  /** Everybody who sees the message. */
  isAll: bool(2),
});
export type Mentions = Infer<typeof Mentions>;

/** Who said it first, and when. Set by the server alone. */
export const Forwarded = schema("Forwarded", {
  senderId: string<UserId>(1),
  timeMs: uint(2),
});
export type Forwarded = Infer<typeof Forwarded>;

/** Which messages of a conversation are to be sent on. */
export const Forward = schema("Forward", {
  conversationId: string<ConversationId>(1),
  /** Ascending. One, unless they are merged. */
  sequences: uints(2),
  isMerged: bool(3),
  /** Of what is merged. */
  title: string(4),
});
export type Forward = Infer<typeof Forward>;
