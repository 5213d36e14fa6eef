/**
 * Judges events of modules: every receiver has each publication once, and every device of it was told once of each that is for it,
 * unless it has expired, was replaced, or the device knows that events were skipped.
 */
import type { ModuleEvent, UserId } from "@parley/protocol";
import { type ModuleNotes, moduleEventOf, type Placed } from "./module-notes.js";

export interface JudgedReceiver {
  readonly name: string;
  readonly userId: UserId;
  readonly deviceKind: string;
}

/** An event in its place. */
interface Place {
  readonly event: ModuleEvent;
  readonly isReplaced: boolean;
  /** Of the queue, or undefined for a topic. */
  readonly pts?: number;
  /** Of a topic: how much was placed before. */
  readonly index?: number;
}

/** What the queues of users hold, in order. */
interface Queues {
  user(userId: UserId): { readonly events: readonly Uint8Array[] };
}

export function judgeModules(
  notes: ModuleNotes,
  queues: Queues,
  devices: readonly JudgedReceiver[],
): readonly string[] {
  return [
    ...judgePublished(notes, queues),
    ...devices.flatMap((device) => judgeDevice(notes, placesFor(notes, queues, device.userId), device)),
  ];
}

function judgePublished(notes: ModuleNotes, queues: Queues): readonly string[] {
  return notes.published.flatMap(({ id, to, isDone }) => {
    const least = isDone ? 1 : 0;
    const wrong = (what: string, count: number): readonly string[] =>
      count > 1 || count < least ? [`${what} has the event ${id} ${count} times`] : [];
    const inQueue = (userId: UserId): number =>
      queues.user(userId).events.filter((bytes) => moduleEventOf(bytes)?.id === id).length;
    if ("userIds" in to) return to.userIds.flatMap((userId) => wrong(userId, inQueue(userId)));
    const placed = notes.placed.filter(({ event }) => event.id === id);
    const told = placed.flatMap(({ isShared, members }) => (isShared ? [] : [...members]));
    return [
      ...wrong(to.conversationId, placed.length),
      ...told.flatMap((userId) => (inQueue(userId) === 1 ? [] : wrong(userId, inQueue(userId)))),
      ...told.filter((userId) => inQueue(userId) === 0).map((userId) => `${userId} has no event ${id}`),
    ];
  });
}

function placesFor(notes: ModuleNotes, queues: Queues, userId: UserId): ReadonlyMap<string, Place> {
  const queue = queues.user(userId).events.flatMap((bytes, at): Place[] => {
    const event = moduleEventOf(bytes);
    return event === undefined ? [] : [{ event, pts: at + 1, isReplaced: false }];
  });
  const topics = new Map<string, Place[]>();
  for (const [index, placed] of notes.placed.entries()) {
    if (!isForTopicOf(placed, userId)) continue;
    const topic = topics.get(placed.conversationId) ?? [];
    topics.set(placed.conversationId, [...topic, { event: placed.event, index, isReplaced: false }]);
  }
  const all = [queue, ...topics.values()].flatMap((places) =>
    places.map((place, at) => ({
      ...place,
      isReplaced: places.slice(at + 1).some(({ event }) => replaces(event, place.event)),
    })),
  );
  return new Map(all.map((place) => [place.event.id, place]));
}

function isForTopicOf({ isShared, members }: Placed, userId: UserId): boolean {
  return isShared && members.has(userId);
}

function replaces(newer: ModuleEvent, older: ModuleEvent): boolean {
  return older.collapseKey !== "" && newer.module === older.module && newer.collapseKey === older.collapseKey;
}

function judgeDevice(
  notes: ModuleNotes,
  places: ReadonlyMap<string, Place>,
  { name, userId, deviceKind }: JudgedReceiver,
): readonly string[] {
  const complaints: string[] = [];
  const isFor = ({ deviceKinds }: ModuleEvent): boolean =>
    deviceKinds.length === 0 || deviceKinds.includes(deviceKind);
  const told = notes.told.flatMap((one, at) => (one.device === name ? [{ ...one, at }] : []));
  const times = new Map<string, number>();
  for (const { boot, told: one } of told) {
    const place = places.get(one.id);
    if (place === undefined || !isFor(place.event))
      complaints.push(`${name} was told of the event ${one.id}, which is not for it`);
    // A copy that went ahead is told again in its place by the next life.
    for (const key of one.isAhead ? [`${boot} ${one.id}`] : [`${boot} ${one.id}`, one.id])
      times.set(key, (times.get(key) ?? 0) + 1);
  }
  for (const [key, count] of times)
    if (count > 1) complaints.push(`${name} was told of the event ${key} ${count} times`);
  const toldIds = new Set(told.map(({ told: { id } }) => id));
  const gaps = notes.gaps.filter(({ device }) => device === name);
  const toldUpTo = (toldCount: number): number =>
    Math.max(
      0,
      ...told.map(({ at, told: { id, isAhead } }) =>
        at < toldCount && !isAhead ? (places.get(id)?.pts ?? 0) : 0,
      ),
    );
  for (const [id, { event, isReplaced, pts, index = 0 }] of places) {
    if (toldIds.has(id) || !isFor(event) || isReplaced || event.expiresAtMs > 0) continue;
    const isInGap = gaps.some((gap) => {
      if (pts === undefined)
        return (
          index < gap.placedCount && (gap.conversationId ?? event.conversationId) === event.conversationId
        );
      if (gap.conversationId !== undefined || pts > gap.pts) return false;
      return gap.kind === "reset" || pts > toldUpTo(gap.toldCount);
    });
    const hasLeft =
      pts === undefined &&
      notes.left.some(
        (one) =>
          one.userId === userId && one.conversationId === event.conversationId && one.placedCount > index,
      );
    if (!isInGap && !hasLeft) complaints.push(`${name} was not told of the event ${id}`);
  }
  return complaints;
}
