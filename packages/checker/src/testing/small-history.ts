/**
 * A correct history that a reader can follow: Ann makes a group with Bob and writes 2, Bob's 3 gets no answer, Ann's c-2 is
 * refused, Cat joins after 3 and leaves after 5, Bob hides 2. Ann has two devices; Eve is in another tenant.
 */
import { contentOf } from "../history/content.js";
import type { EventKind } from "../history/records.js";
import type { Call, Cast } from "./script.js";

export const ANN = 0;
export const BOB = 1;
export const CAT = 2;
export const EVE = 3;
export const PHONE = 0;
export const LAPTOP = 1;
export const BOBS = 2;
export const CATS = 3;
export const EVES = 4;
/** The epoch of all queues. */
export const EPOCH = 1000;

export const CAST: Cast = {
  users: [
    ["acme", "ann"],
    ["acme", "bob"],
    ["acme", "cat"],
    ["blue", "eve"],
  ],
  devices: [
    [ANN, "phone"],
    [ANN, "laptop"],
    [BOB, "phone"],
    [CAT, "phone"],
    [EVE, "phone"],
  ],
  conversations: [
    ["acme", "g:team"],
    ["blue", "g:team"],
  ],
  memberSets: [
    [ANN, BOB],
    [ANN, BOB, CAT],
  ],
};

export const content = (text: string): number => contentOf(text);

/** What is at each sequence: its id and content are named by it. */
export const seen = (
  ...sequences: readonly number[]
): { sequence: number; messageId: string; content: number }[] =>
  sequences.map((sequence) => ({
    sequence,
    messageId: `m-${sequence}`,
    content: content(`text ${sequence}`),
  }));

export function placed(
  sequence: number,
  sender: number,
  options: { device?: number; name?: string; set?: number },
): Call {
  const { device, name = "", set = 0 } = options;
  return [
    "messagePlaced",
    {
      conversation: 0,
      ...seen(sequence)[0]!,
      sender,
      device,
      clientMessageId: name,
      members: set,
      isCountable: device !== undefined,
    },
  ];
}

export function assigned(user: number, pts: number, kind: EventKind, sequence: number): Call {
  const hidden = kind === "hidden" ? { sequences: [2] } : {};
  return [
    "eventAssigned",
    {
      user,
      epoch: EPOCH,
      pts,
      kind,
      conversation: 0,
      sequence,
      content: eventContent(kind, sequence),
      ...hidden,
    },
  ];
}

export function applied(device: number, pts: number, kind: EventKind, sequence: number): Call {
  return ["eventApplied", { device, epoch: EPOCH, pts, content: eventContent(kind, sequence) }];
}

const eventContent = (kind: EventKind, sequence: number): number =>
  content(kind === "message" ? `text ${sequence}` : `${kind} ${sequence}`);

const send = (device: number, name: string, sequence: number): Call => [
  "sendInvoked",
  {
    device,
    conversation: 0,
    clientMessageId: name,
    content: content(`text ${sequence}`),
    timeMs: 100 * sequence,
  },
];

const sendOk = (operation: number, sequence: number): Call => [
  "sendOk",
  operation,
  { messageId: `m-${sequence}`, sequence, timeMs: 100 * sequence + 5 },
];

const position = (device: number, pts: number): { device: number; epoch: number; pts: number } => ({
  device,
  epoch: EPOCH,
  pts,
});

const ENTRY = { conversation: 0, firstVisible: 1, lastSequence: 6, unread: 1, isMember: true };

/** Each user's queue, in the order of PTS. */
const QUEUES: Readonly<Record<number, readonly (readonly [EventKind, number])[]>> = {
  [ANN]: [["joined", 0], ...([1, 2, 3, 4, 5, 6] as const).map((sequence) => ["message", sequence] as const)],
  [BOB]: [
    ["joined", 0],
    ...([1, 2, 3, 4, 5] as const).map((sequence) => ["message", sequence] as const),
    ["hidden", 0],
    ["message", 6],
  ],
  [CAT]: [
    ["joined", 3],
    ["message", 4],
    ["message", 5],
    ["read", 5],
    ["left", 5],
  ],
};

const queued = (user: number, pts: number): Call => assigned(user, pts, ...QUEUES[user]![pts - 1]!);
const appliedFrom = (device: number, user: number, first = 1): Call[] =>
  QUEUES[user]!.map((event, index) => applied(device, index + 1, ...event)).slice(first - 1);

export const SMALL: readonly Call[] = [
  ["createInvoked", { device: PHONE, users: [ANN, BOB] }],
  ["memberJoined", { conversation: 0, user: ANN, firstVisible: 1, lastSequence: 0 }],
  ["memberJoined", { conversation: 0, user: BOB, firstVisible: 1, lastSequence: 0 }],
  placed(1, ANN, {}),
  ["createOk", 0, 0],
  ...[ANN, BOB].flatMap((user) => [queued(user, 1), queued(user, 2)]),
  send(PHONE, "c-1", 2),
  placed(2, ANN, { device: PHONE, name: "c-1" }),
  sendOk(1, 2),
  send(BOBS, "c-1", 3),
  placed(3, BOB, { device: BOBS, name: "c-1" }),
  ...[ANN, BOB].flatMap((user) => [queued(user, 3), queued(user, 4)]),
  send(PHONE, "c-2", 9),
  ["failed", 3, "bad-request"],
  ["membersInvoked", { device: PHONE, conversation: 0, users: [CAT], isRemoval: false }],
  ["memberJoined", { conversation: 0, user: CAT, firstVisible: 4, lastSequence: 3 }],
  placed(4, ANN, { set: 1 }),
  ["ok", 4],
  send(PHONE, "c-3", 5),
  placed(5, ANN, { device: PHONE, name: "c-3", set: 1 }),
  sendOk(5, 5),
  queued(CAT, 1),
  ...[ANN, BOB].flatMap((user) => [queued(user, 5), queued(user, 6)]),
  queued(CAT, 2),
  queued(CAT, 3),
  ["hideInvoked", { device: BOBS, conversation: 0, sequences: [2] }],
  queued(BOB, 7),
  ["ok", 6],
  ["readInvoked", { device: CATS, conversation: 0, sequence: 5 }],
  queued(CAT, 4),
  ["ok", 7],
  ["pageInvoked", { device: BOBS, conversation: 0 }],
  ["pageOk", 8, { first: 1, last: 5, firstVisible: 1, lastSequence: 5, messages: seen(1, 3, 4, 5) }],
  ["membersInvoked", { device: PHONE, conversation: 0, users: [CAT], isRemoval: true }],
  ["memberLeft", { conversation: 0, user: CAT, lastSequence: 5 }],
  placed(6, ANN, {}),
  ["ok", 9],
  queued(CAT, 5),
  queued(ANN, 7),
  queued(BOB, 8),
  ["pageInvoked", { device: BOBS, conversation: 0 }],
  ["pageOk", 10, { first: 5, last: 6, firstVisible: 1, lastSequence: 6, messages: seen(5, 6) }],
  ["rebased", { ...position(PHONE, 0), entries: [] }],
  ...appliedFrom(PHONE, ANN),
  ["positionStored", position(PHONE, 7)],
  ["rebased", { ...position(LAPTOP, 5), entries: [{ conversation: 0, lastSequence: 4 }] }],
  ...appliedFrom(LAPTOP, ANN, 6),
  ...appliedFrom(BOBS, BOB),
  ["positionStored", position(BOBS, 6)],
  ["restarted", position(BOBS, 6)],
  ...appliedFrom(BOBS, BOB, 7),
  ...appliedFrom(CATS, CAT),
  ["shown", { device: BOBS, conversation: 0, ...seen(5)[0]! }],
  ["healed", 2_000],
  ...[PHONE, LAPTOP, BOBS, CATS, EVES].map((device): Call => ["drained", device, 9_000]),
  ...[PHONE, LAPTOP].map((device): Call => ["entryShown", { ...ENTRY, device, readSequence: 2 }]),
  ["entryShown", { ...ENTRY, device: BOBS, readSequence: 1 }],
  [
    "entryShown",
    {
      device: CATS,
      conversation: 0,
      firstVisible: 4,
      lastSequence: 5,
      readSequence: 5,
      unread: 0,
      isMember: false,
    },
  ],
  ...[PHONE, LAPTOP].map((device): Call => [
    "finalMessages",
    { device, conversation: 0, messages: seen(1, 2, 3, 4, 5, 6) },
  ]),
  ["finalMessages", { device: BOBS, conversation: 0, messages: seen(1, 3, 4, 5, 6) }],
  ["finalMessages", { device: CATS, conversation: 0, messages: seen(4, 5) }],
  ["resource", "gateway buffer of ann's phone", 10, 20],
];
