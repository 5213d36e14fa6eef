/**
 * Goal: what may happen in a correct run is no anomaly, however close to one it comes, and one step further is. Method:
 * the small correct history, and pairs of changes that differ in one thing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UNREAD_RANGES_MAX } from "@parley/protocol";
import { check } from "./check.js";
import { type Edit, all, append, change, drop, replace } from "./testing/edits.js";
import { type Call, record } from "./testing/script.js";
import {
  ANN,
  BOB,
  BOBS,
  CAST,
  CAT,
  CATS,
  EPOCH,
  EVE,
  EVES,
  LAPTOP,
  PHONE,
  SMALL,
  applied,
  assigned,
  content,
  placed,
  seen,
} from "./testing/small-history.js";

const final = (device: number, ...sequences: readonly number[]): Edit =>
  change(["finalMessages", { device }], { messages: seen(...sequences) });
const show = (device: number, sequence: number): Call => [
  "shown",
  { device, conversation: 0, ...seen(sequence)[0]! },
];
const position = (device: number, pts: number): { device: number; epoch: number; pts: number } => ({
  device,
  epoch: EPOCH,
  pts,
});
const page = (operation: number, ...sequences: readonly number[]): Call => [
  "pageOk",
  operation,
  { first: 1, last: 5, firstVisible: 1, lastSequence: 5, messages: seen(...sequences) },
];
/** The history up to a call, without what is said of the end. */
const until =
  (name: Call[0], operation: number, ...others: readonly Call[]): Edit =>
  (calls) => [
    ...calls.slice(0, 1 + calls.findIndex((call) => call[0] === name && call[1] === operation)),
    ...others,
  ];
const asked = (device: number): Call => ["pageInvoked", { device, conversation: 0 }];
const hide = (sequence: number): Call => [
  "hideInvoked",
  { device: BOBS, conversation: 0, sequences: [sequence] },
];
const send = (name: string, sequence: number): Call => [
  "sendInvoked",
  { device: PHONE, conversation: 0, clientMessageId: name, content: content(`text ${sequence}`), timeMs: 1 },
];
const members = (users: readonly number[], isRemoval: boolean): Call => [
  "membersInvoked",
  { device: PHONE, conversation: 0, users, isRemoval },
];
const wipe: Call = ["restarted", { device: PHONE, epoch: 0, pts: 0 }];
const listed = [{ conversation: 0, lastSequence: 6 }];

/** The team is trimmed: told to Ann and Bob, and gone from their devices. Cat has left. */
const trimmedTo = (firstVisible: 4 | 6): Edit => {
  const kept = [4, 5, 6].filter((sequence) => sequence >= firstVisible);
  const readSequence = firstVisible - 1;
  const entry = { conversation: 0, firstVisible, lastSequence: 6, readSequence, isMember: true };
  return all(
    drop("entryShown", { isMember: true }),
    ...[PHONE, LAPTOP, BOBS].map((device) => final(device, ...kept)),
    append(
      ["conversationTrimmed", { conversation: 0, firstVisible }],
      assigned(ANN, 8, "trimmed", firstVisible),
      assigned(BOB, 9, "trimmed", firstVisible),
      ...[PHONE, LAPTOP].map((device) => applied(device, 8, "trimmed", firstVisible)),
      applied(BOBS, 9, "trimmed", firstVisible),
      ...[PHONE, LAPTOP].map((device): Call => ["entryShown", { ...entry, device, unread: 0 }]),
      ["entryShown", { ...entry, device: BOBS, unread: firstVisible === 4 ? 1 : 0 }],
    ),
  );
};
const TRIMMED = trimmedTo(4);

/** Ann's 2 is edited and then recalled, told to Ann and Bob, who has hidden it; Cat came later and has left. */
const stateOf = (revision: number): { content: number } => ({ content: content(`changed 2 ${revision}`) });
const toldOf = (user: number, pts: number, revision: number): Call => [
  "eventAssigned",
  { user, epoch: EPOCH, pts, kind: "changed", conversation: 0, sequence: 2, ...stateOf(revision) },
];
const changedTo = (revision: number): Call => [
  "messageChanged",
  { conversation: 0, sequence: 2, revision, isRecalled: revision === 2, ...stateOf(revision) },
];
const newest = (revision: number): object => ({
  messages: seen(1, 2, 3, 4, 5, 6).map((each) =>
    each.sequence === 2 ? { ...each, ...stateOf(revision) } : each,
  ),
});
const CHANGED: Edit = all(
  append(
    ...[1, 2].flatMap((revision): Call[] => [
      changedTo(revision),
      toldOf(ANN, 7 + revision, revision),
      toldOf(BOB, 8 + revision, revision),
      ...[PHONE, LAPTOP].map((device): Call => [
        "eventApplied",
        { ...position(device, 7 + revision), ...stateOf(revision) },
      ]),
      ["eventApplied", { ...position(BOBS, 8 + revision), ...stateOf(revision) }],
    ]),
  ),
  change(["finalMessages", { device: PHONE }], newest(2)),
  change(["finalMessages", { device: LAPTOP }], newest(2)),
);

const EDGES: Readonly<Record<string, readonly [Edit, ...found: readonly string[]]>> = {
  "a page that was asked for before the acknowledgement may lack the message": [
    until(
      "ok",
      4,
      asked(PHONE),
      send("c-3", 5),
      placed(5, ANN, { device: PHONE, name: "c-3", set: 1 }),
      ["sendOk", 6, { messageId: "m-5", sequence: 5, timeMs: 1 }],
      ["pageOk", 5, { first: 1, last: 4, firstVisible: 1, lastSequence: 4, messages: seen(1, 2, 3, 4) }],
    ),
  ],
  "a page that was asked for before another was answered may be older": [
    until("sendOk", 5, asked(BOBS), asked(BOBS), page(7, 1, 2, 3, 4, 5), [
      "pageOk",
      6,
      { first: 1, last: 4, firstVisible: 1, lastSequence: 4, messages: seen(1, 2, 3, 4) },
    ]),
  ],
  "a page that was asked for before a hiding was confirmed may have the message": [
    until("sendOk", 5, hide(2), asked(BOBS), ["ok", 6], page(7, 1, 2, 3, 4, 5)),
  ],
  "a page that was asked for after a hiding was confirmed may not": [
    until("sendOk", 5, hide(2), ["ok", 6], asked(BOBS), page(7, 1, 2, 3, 4, 5)),
    "hidden-shown",
  ],
  "a page may lack what is being hidden": [until("sendOk", 5, hide(2), asked(BOBS), page(7, 1, 3, 4, 5))],
  "a page may not lack what is hidden only later": [
    until("sendOk", 5, asked(BOBS), page(6, 1, 3, 4, 5), hide(2), ["ok", 7]),
    "page-hole",
  ],
  "a refused hiding hides nothing": [
    until("sendOk", 5, hide(2), ["failed", 6, "bad-request"], asked(BOBS), page(7, 1, 3, 4, 5)),
    "page-hole",
  ],
  "a page may say more than what it covers, and skip nothing for it": [
    until("sendOk", 5, asked(BOBS), [
      "pageOk",
      6,
      { first: 2, last: 3, firstVisible: 1, lastSequence: 5, messages: seen(2, 3) },
    ]),
  ],
  "a page may not go beyond what it covers": [
    until("sendOk", 5, asked(BOBS), [
      "pageOk",
      6,
      { first: 2, last: 3, firstVisible: 1, lastSequence: 5, messages: seen(2, 3, 4) },
    ]),
    "view-order",
  ],
  "a hiding of unknown outcome that is not queued may have hidden nothing": [
    all(
      replace(["ok", 6], ["resource", "nothing", 0, 0]),
      drop("eventAssigned", { user: BOB }),
      drop("eventApplied", { device: BOBS }),
      drop("positionStored", { device: BOBS }),
      drop("restarted"),
      drop("drained", BOBS),
      append(["gone", BOBS]),
      final(BOBS, 1, 2, 3, 4, 5, 6),
    ),
  ],
  "a hiding of unknown outcome that is queued has hidden the message": [
    all(replace(["ok", 6], ["resource", "nothing", 0, 0]), final(BOBS, 1, 2, 3, 4, 5, 6)),
    "hidden-shown",
  ],
  "a device that lost the hiding in a restart may show the message until it comes again": [
    append(
      ["restarted", position(BOBS, 6)],
      show(BOBS, 2),
      applied(BOBS, 7, "hidden", 0),
      applied(BOBS, 8, "message", 6),
    ),
  ],
  "a device that got the hiding again after a restart may not": [
    append(
      ["restarted", position(BOBS, 6)],
      applied(BOBS, 7, "hidden", 0),
      applied(BOBS, 8, "message", 6),
      show(BOBS, 2),
    ),
    "hidden-shown",
  ],
  "a restart from behind the hiding forgets nothing": [
    append(["restarted", position(BOBS, 7)], show(BOBS, 2), applied(BOBS, 8, "message", 6)),
    "hidden-shown",
  ],
  "a device that lost its store is rebased": [
    append(
      wipe,
      ["rebased", { ...position(PHONE, 7), entries: listed }],
      ["positionStored", position(PHONE, 7)],
    ),
  ],
  "a device that lost its store does not go on where it was": [
    append(wipe, ["positionStored", position(PHONE, 7)]),
    "undelivered",
    "stored-ahead",
  ],
  "a rebase into another epoch may be stored with a lower PTS": [
    append(
      [
        "eventAssigned",
        { user: ANN, epoch: 2000, pts: 1, kind: "other", conversation: undefined, sequence: 0, content: 1 },
      ],
      ...[PHONE, LAPTOP].flatMap((device): Call[] => [
        ["rebased", { device, epoch: 2000, pts: 1, entries: listed }],
        ["positionStored", { device, epoch: 2000, pts: 1 }],
      ]),
      ["restarted", { device: PHONE, epoch: 2000, pts: 1 }],
    ),
  ],
  "a queue that is built anew has its messages again": [
    append(
      ...[1, 2, 3, 4, 5, 6].map((sequence): Call => {
        const [name, event] = assigned(ANN, sequence, "message", sequence) as readonly [
          "eventAssigned",
          object,
        ];
        return [name, { ...event, epoch: 2000 }] as unknown as Call;
      }),
      ...[PHONE, LAPTOP].map((device): Call => ["rebased", { device, epoch: 2000, pts: 6, entries: listed }]),
    ),
  ],
  "a rebase may not be ahead of the machine, even for a moment": [
    (calls) => {
      const rebase: Call = ["rebased", { ...position(LAPTOP, 7), entries: listed }];
      const at = calls.findIndex((call) => call[0] === "memberLeft");
      const others = calls.filter(
        ([name, what]) => !(name === "eventApplied" && (what as { device: number }).device === LAPTOP),
      );
      return [...others.slice(0, at), rebase, ...others.slice(at)].filter(
        ([name, what], index) =>
          !(name === "rebased" && (what as { device: number }).device === LAPTOP && index > at),
      );
    },
    "rebase-ahead",
  ],
  "a device may not apply an event before the machine gives it": [
    (calls) => {
      const [first, ...rest] = calls.filter(
        ([name, what]) => name === "eventApplied" && (what as { device: number }).device === CATS,
      );
      const others = calls.filter((call) => call !== first);
      return rest.length === 0 ? calls : [first!, ...others];
    },
    "event-unknown",
  ],
  "a device that was not told yet that its user is a member again may hold what it held": [
    all(
      drop("drained", CATS),
      drop("healed"),
      append(["memberJoined", { conversation: 0, user: CAT, firstVisible: 1, lastSequence: 6 }]),
    ),
  ],
  "a device that knows that its user is a member may not": [
    all(
      drop("drained", CATS),
      drop("healed"),
      change(["entryShown", { device: CATS }], { isMember: true }),
      append(["memberJoined", { conversation: 0, user: CAT, firstVisible: 1, lastSequence: 6 }]),
    ),
    "missing",
    "partly-seen",
    "hidden-for-others",
  ],
  "a reading beyond the end counts up to the end of then": [change(["readInvoked"], { sequence: 6 })],
  "a message of unknown outcome may not be placed before an earlier acknowledged one": [
    all(
      drop("drained"),
      drop("healed"),
      drop("entryShown"),
      drop("finalMessages"),
      append(
        send("c-7", 8),
        send("c-8", 7),
        placed(7, ANN, { device: PHONE, name: "c-8" }),
        placed(8, ANN, { device: PHONE, name: "c-7" }),
        ["sendOk", 11, { messageId: "m-8", sequence: 8, timeMs: 1 }],
      ),
    ),
    "sender-order",
  ],
  "a message of unknown outcome may be placed after a later one": [
    all(
      drop("drained"),
      drop("healed"),
      drop("entryShown"),
      drop("finalMessages"),
      append(
        send("c-7", 8),
        send("c-8", 7),
        placed(7, ANN, { device: PHONE, name: "c-8" }),
        placed(8, ANN, { device: PHONE, name: "c-7" }),
        ["sendOk", 12, { messageId: "m-7", sequence: 7, timeMs: 1 }],
      ),
    ),
  ],
  "while an adding and a removal are under way either may hold": [
    until(
      "sendOk",
      5,
      members([CAT], true),
      members([CAT], false),
      ["ok", 6],
      ["ok", 7],
      ["memberLeft", { conversation: 0, user: CAT, lastSequence: 5 }],
      send("c-7", 6),
      placed(6, ANN, { device: PHONE, name: "c-7" }),
    ),
  ],
  "a removal that was acknowledged before an adding began does not hold after it": [
    until(
      "sendOk",
      5,
      members([CAT], true),
      ["memberLeft", { conversation: 0, user: CAT, lastSequence: 5 }],
      placed(6, ANN, {}),
      ["ok", 6],
      members([CAT], false),
      ["memberJoined", { conversation: 0, user: CAT, lastSequence: 6, firstVisible: 7 }],
      placed(7, ANN, { set: 1 }),
      ["ok", 7],
      send("c-7", 8),
      placed(8, ANN, { device: PHONE, name: "c-7", set: 1 }),
    ),
  ],
  "a message that is shown where another is": [
    append(["shown", { device: PHONE, conversation: 0, ...seen(5)[0]!, sequence: 9 }]),
    "place-conflict",
  ],
  "an acknowledged message in whose place a device holds another": [
    change(["finalMessages", { device: LAPTOP }], {
      messages: [...seen(1, 2, 3, 4), { ...seen(6)[0]!, sequence: 5 }, ...seen(6)],
    }),
    "lost",
    "place-conflict",
  ],
  "a message of unknown outcome in whose place a device holds another": [
    change(["finalMessages", { device: LAPTOP }], {
      messages: [...seen(1, 2), { ...seen(6)[0]!, sequence: 3 }, ...seen(4, 5, 6)],
    }),
    "place-conflict",
  ],
  "an event that may still come to a user of whom no device drained": [
    all(
      drop("eventAssigned", { user: CAT, pts: 3 }),
      drop("eventAssigned", { user: CAT, pts: 4 }),
      drop("eventAssigned", { user: CAT, pts: 5 }),
      drop("eventApplied", { device: CATS, pts: 3 }),
      drop("eventApplied", { device: CATS, pts: 4 }),
      drop("eventApplied", { device: CATS, pts: 5 }),
      drop("drained", CATS),
      append(["gone", CATS]),
    ),
  ],
  "an event that was left out before a later one, though no device drained": [
    all(
      drop("eventAssigned", { user: CAT }),
      drop("eventApplied", { device: CATS }),
      drop("drained", CATS),
      append(["gone", CATS]),
      append(assigned(CAT, 1, "joined", 3), assigned(CAT, 2, "message", 5)),
    ),
    "missing",
  ],
  "members are told where joining is, and where not": [
    change(["messagePlaced", { sequence: 6 }], { members: undefined }),
  ],
  "what is trimmed is gone from the devices, and counts as read": [TRIMMED],
  "what is trimmed may be told again": [
    all(TRIMMED, append(["conversationTrimmed", { conversation: 0, firstVisible: 4 }])),
  ],
  "a device that has the event of a trim may not hold what is gone": [
    all(TRIMMED, final(LAPTOP, 3, 4, 5, 6)),
    "trimmed-shown",
  ],
  "a device may not lack what is kept": [all(TRIMMED, final(LAPTOP, 5, 6)), "missing"],
  "a device that was not told of a trim is not right": [
    all(
      TRIMMED,
      drop("eventAssigned", { user: BOB, pts: 9 }),
      drop("eventApplied", { device: BOBS, pts: 9 }),
      final(BOBS, 1, 3, 4, 5, 6),
      change(["entryShown", { device: BOBS }], { firstVisible: 1, readSequence: 1, unread: 1 }),
    ),
    "trimmed-shown",
    "entry-membership",
  ],
  "a page that was asked for before the event of a trim may hold what is gone, or lack it": [
    all(append(asked(PHONE), asked(PHONE)), TRIMMED, append(page(11, 1, 2, 3, 4, 5), page(12, 4, 5))),
  ],
  "a page that is asked for after it may not hold it": [
    all(TRIMMED, append(asked(PHONE), page(11, 3, 4, 5))),
    "trimmed-shown",
  ],
  "a page may lack only what is gone": [all(TRIMMED, append(asked(PHONE), page(11, 5))), "page-hole"],
  "what is gone may be shown until the device has the event": [
    (calls) => {
      const trimmed = TRIMMED(calls);
      const at = trimmed.findIndex(([name]) => name === "conversationTrimmed");
      return [...trimmed.slice(0, at + 1), show(PHONE, 2), ...trimmed.slice(at + 1)];
    },
  ],
  "what is gone may not be shown after it": [all(TRIMMED, append(show(PHONE, 2))), "trimmed-shown"],
  "a device that lost the event of a trim in a restart may show what is gone until it comes again": [
    all(TRIMMED, append(["restarted", position(BOBS, 8)], show(BOBS, 3), applied(BOBS, 9, "trimmed", 4))),
  ],
  "who left before a trim may hold what is gone": [trimmedTo(6)],
  "who left does not begin where nobody trimmed": [
    all(trimmedTo(6), change(["entryShown", { device: CATS }], { firstVisible: 5 })),
    "entry-membership",
  ],
  "what was edited and recalled is held as it is now": [CHANGED],
  "changes may be told again": [all(CHANGED, append(changedTo(1), changedTo(2)))],
  "a device that holds what was recalled has not been reached": [
    all(CHANGED, change(["finalMessages", { device: LAPTOP }], newest(1))),
    "old-state",
  ],
  "a device that holds what nobody ever said": [
    all(CHANGED, change(["finalMessages", { device: LAPTOP }], newest(7))),
    "other-content",
    "old-state",
  ],
  "a device that could not drain may be behind": [
    all(
      CHANGED,
      change(["finalMessages", { device: LAPTOP }], newest(1)),
      drop("drained", LAPTOP),
      append(["gone", LAPTOP]),
    ),
  ],
  "an event of a change that nobody made": [
    all(
      CHANGED,
      append(
        toldOf(ANN, 10, 7),
        ...[PHONE, LAPTOP].map((device): Call => [
          "eventApplied",
          { ...position(device, 10), ...stateOf(7) },
        ]),
      ),
    ),
    "other-content",
  ],
  "a change that is told to who came later": [
    all(CHANGED, append(toldOf(CAT, 6, 1), ["eventApplied", { ...position(CATS, 6), ...stateOf(1) }])),
    "before-join",
  ],
  "a change that is told to who was never a member": [
    all(CHANGED, append(toldOf(EVE, 1, 1), ["eventApplied", { ...position(EVES, 1), ...stateOf(1) }])),
    "other-tenant",
    "not-a-member",
  ],
  "a revision that is left out": [all(CHANGED, append(changedTo(9))), "told-differently"],
  "a change after a recall": [all(CHANGED, append(changedTo(3))), "told-differently"],
  "a recalled message is not unread": [
    append([
      "messageChanged",
      { conversation: 0, sequence: 3, revision: 1, isRecalled: true, ...stateOf(3) },
    ]),
    "old-state",
    "unread-drift",
  ],
  "an unread count that drifts where no machine tells of queues": [
    all(drop("eventAssigned"), change(["entryShown", { device: BOBS }], { unread: 2 })),
    "unread-drift",
  ],
};

for (const [name, [edit, ...found]] of Object.entries(EDGES)) {
  test(`${name}: ${found.length === 0 ? "no anomaly" : found.join(", ")}`, () => {
    const { anomalies } = check(record(CAST, edit(SMALL)).history);
    assert.deepEqual(
      anomalies.map(({ code }) => code),
      found,
      JSON.stringify(anomalies),
    );
  });
}

test("beyond the ranges that a list keeps, the oldest unread messages may be given up and none invented", () => {
  const count = 2 * (UNREAD_RANGES_MAX + 10);
  const calls: Call[] = [["memberJoined", { conversation: 0, user: BOB, firstVisible: 1, lastSequence: 0 }]];
  for (let sequence = 1; sequence <= count; sequence++)
    calls.push(
      placed(sequence, sequence % 2 === 0 ? BOB : ANN, {
        device: sequence % 2 === 0 ? BOBS : PHONE,
        name: `c-${sequence}`,
      }),
    );
  const codesOf = (unread: number): readonly string[] => {
    const entry = {
      device: BOBS,
      conversation: 0,
      firstVisible: 1,
      lastSequence: count,
      readSequence: 0,
      unread,
      isMember: true,
    };
    const { anomalies } = check(
      record(CAST, [...calls, ["drained", BOBS, 0], ["entryShown", entry]]).history,
    );
    return anomalies.map(({ code }) => code).filter((code) => code === "unread-drift");
  };
  assert.deepEqual([count / 2, UNREAD_RANGES_MAX, count / 2 + 1].map(codesOf), [[], [], ["unread-drift"]]);
});
