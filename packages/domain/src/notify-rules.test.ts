import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AS_SENT,
  Body,
  type ConversationEntry,
  type ConversationId,
  DoNotDisturb,
  emptyEntry,
  filled,
  type Init,
  type Message,
  type MessageId,
  NEVER_MS,
  textBody,
} from "@parley/protocol";
import { badgeOf, isQuiet, isTimeZone, notifyWords, PREVIEW_LETTERS_MAX, whyNotify } from "./notify-rules.js";
import { GROUP, user } from "./testing/records.js";

const ANN = user("ann");
const BOB = user("bob");
const NOW_MS = Date.UTC(2026, 10, 2, 12);
const UNREAD: ConversationEntry = { ...emptyEntry(GROUP), lastSequence: 7, unread: 2, unreadRanges: [6, 7] };

function message(changes: Partial<Message> = {}): Message {
  return {
    conversationId: GROUP,
    sequence: 7,
    messageId: "m7" as MessageId,
    senderId: BOB,
    clientMessageId: "" as never,
    timeMs: NOW_MS,
    body: textBody("hello"),
    isCountable: true,
    ...AS_SENT,
    ...changes,
  };
}

const MENTION = message({
  body: filled(Body, { text: { text: "@ann" }, mentions: { userIds: [ANN], isAll: false } }),
});

test("N1: nobody is notified of what is its own, silent, gone, read or hidden", () => {
  const silent: readonly [Partial<Message>, Partial<ConversationEntry>][] = [
    [{ senderId: ANN }, {}],
    [{ isCountable: false }, {}],
    [{ recall: { actorId: BOB, timeMs: 1 } }, {}],
    [{ body: filled(Body, { signal: { type: "typing", payload: new Uint8Array(0) } }) }, {}],
    [{}, { unreadRanges: [] }],
    [{}, { unreadRanges: [1, 6] }],
    [{}, { isMember: false }],
  ];

  assert.deepEqual(
    [
      whyNotify(message(), UNREAD, ANN, NOW_MS),
      ...silent.map(([of, entry]) => whyNotify(message(of), { ...UNREAD, ...entry }, ANN, NOW_MS)),
    ],
    ["message", ...silent.map(() => undefined)],
  );
});

test("N2: the level and the mute say which messages are notified", () => {
  const settings: readonly [string, number][] = [
    ["", 0],
    ["all", NOW_MS],
    ["mentions", 0],
    ["none", 0],
    ["all", NOW_MS + 1],
    ["mentions", NEVER_MS],
    ["a newer one", 0],
  ];

  assert.deepEqual(
    settings.map(([notifyLevel, mutedUntilMs]) =>
      [message(), MENTION].map((each) =>
        whyNotify(each, { ...UNREAD, notifyLevel, mutedUntilMs }, ANN, NOW_MS),
      ),
    ),
    [
      ["message", "mention"],
      ["message", "mention"],
      [undefined, "mention"],
      [undefined, undefined],
      [undefined, undefined],
      [undefined, undefined],
      ["message", "mention"],
    ],
  );
});

test("N2: of a large group mentions are notified, unless everything was asked for", () => {
  const of = (notifyLevel: string): readonly (string | undefined)[] =>
    [message(), MENTION].map((each) =>
      whyNotify(each, { ...UNREAD, isShared: true, notifyLevel }, ANN, NOW_MS),
    );

  assert.deepEqual(["", "all", "mentions", "none"].map(of), [
    [undefined, "mention"],
    ["message", "mention"],
    [undefined, "mention"],
    [undefined, undefined],
  ]);
});

test("N3: quiet spans are those of a clock in the user's time zone, over midnight and on their days", () => {
  // Friday 22:00 to Saturday 07:00, and every day from 12:30 to 13:00.
  const inBerlin = quiet({
    timeZone: "Europe/Berlin",
    spans: [
      { days: [5], fromMinute: 22 * 60, untilMinute: 7 * 60 },
      { days: [], fromMinute: 12 * 60 + 30, untilMinute: 13 * 60 },
    ],
  });
  const friday = Date.UTC(2026, 10, 6);
  const hourMs = 3_600_000;
  // Berlin is an hour ahead in winter.
  const times: readonly [number, boolean][] = [
    [20.99, false],
    [21, true],
    [24, true],
    [29.99, true],
    [30, false],
    [11.49, false],
    [11.5, true],
    [12, false],
    // Saturday evening is not Friday evening.
    [45, false],
  ];

  assert.deepEqual(
    times.map(([hours]) => isQuiet(inBerlin, friday + hours * hourMs)),
    times.map(([, isExpected]) => isExpected),
  );
});

test("N3: a span keeps to the clock when summer time begins", () => {
  const inBerlin = quiet({
    timeZone: "Europe/Berlin",
    spans: [{ days: [], fromMinute: 3 * 60, untilMinute: 4 * 60 }],
  });

  assert.deepEqual(
    [
      isQuiet(inBerlin, Date.UTC(2026, 2, 28, 2, 30)),
      isQuiet(inBerlin, Date.UTC(2026, 2, 29, 1, 30)),
      isQuiet(inBerlin, Date.UTC(2026, 2, 29, 2, 30)),
    ],
    [true, true, false],
  );
});

test("N3: without spans it is always quiet while it is on, and an unknown time zone counts as UTC", () => {
  const nowhere = quiet({ timeZone: "Mars/Base", spans: [{ days: [], fromMinute: 720, untilMinute: 721 }] });

  assert.deepEqual(
    [
      isQuiet(undefined, NOW_MS),
      isQuiet(quiet({ isOn: false }), NOW_MS),
      isQuiet(quiet({}), NOW_MS),
      isQuiet(nowhere, NOW_MS),
      isTimeZone("Asia/Shanghai"),
      isTimeZone("Mars/Base"),
      isTimeZone(""),
    ],
    [false, false, true, true, true, false, false],
  );
});

test("N4: a notification says what the policy lets it", () => {
  const direct = message({ conversationId: "d:ann:bob" as ConversationId });
  const of = (each: Message, preview: "full" | "sender" | "none", title: string): unknown =>
    notifyWords(each, { title, senderName: "Bob", preview });

  assert.deepEqual(
    [
      of(message(), "full", "Team"),
      of(direct, "full", ""),
      of(message(), "sender", "Team"),
      of(direct, "sender", ""),
      of(message(), "none", "Team"),
      of(message({ body: undefined }), "full", "Team"),
    ],
    [
      { title: "Team", text: "Bob: hello" },
      { title: "Bob", text: "hello" },
      { title: "Team", text: "Bob" },
      { title: "Bob", text: "" },
      { title: "", text: "" },
      { title: "Team", text: "Bob" },
    ],
  );
});

test("a preview is one line and is cut between letters", () => {
  const said = (text: string): string =>
    notifyWords(message({ conversationId: "d:ann:bob" as ConversationId, body: textBody(text) }), {
      title: "",
      senderName: "Bob",
      preview: "full",
    }).text;

  assert.deepEqual(
    [
      said(" one\n\n two "),
      said("👋".repeat(PREVIEW_LETTERS_MAX)),
      said("👋".repeat(PREVIEW_LETTERS_MAX + 1)),
      said("x".repeat(10_000)).length,
    ],
    [
      "one two",
      "👋".repeat(PREVIEW_LETTERS_MAX),
      `${"👋".repeat(PREVIEW_LETTERS_MAX - 1)}…`,
      PREVIEW_LETTERS_MAX,
    ],
  );
});

test("the badge counts unread messages of conversations that are not muted", () => {
  const badge = badgeOf(
    [
      UNREAD,
      { ...UNREAD, notifyLevel: "mentions" },
      { ...UNREAD, notifyLevel: "none" },
      { ...UNREAD, mutedUntilMs: NEVER_MS },
      { ...UNREAD, isMember: false },
    ],
    NOW_MS,
  );

  assert.equal(badge, 4);
});

function quiet(changes: Init<DoNotDisturb>): DoNotDisturb {
  return filled(DoNotDisturb, { isOn: true, timeZone: "UTC", ...changes });
}
