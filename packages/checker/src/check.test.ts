/**
 * Goal: each kind of anomaly is found, named and told so that a person understands it. Method: one small correct
 * history, and for each kind the change that a fault would make to it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANOMALY_CODES } from "./anomaly-codes.js";
import { check } from "./check.js";
import { type Edit, after, all, append, change, drop, replace } from "./testing/edits.js";
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

interface Fault {
  /** What a reader would call it. */
  readonly name: string;
  readonly edit: Edit;
  /** The first example of each anomaly, by its code: all that are found. */
  readonly found: Readonly<Record<string, string>>;
}

const position = (device: number, pts: number): { device: number; epoch: number; pts: number } => ({
  device,
  epoch: EPOCH,
  pts,
});
const other = content("something else");
const final = (device: number, ...sequences: readonly number[]): Edit =>
  change(["finalMessages", { device }], { messages: seen(...sequences) });
const page = (...sequences: readonly number[]): Edit =>
  change(["pageOk", 8], { messages: seen(...sequences) });
const noDrain = (device: number): Edit => drop("drained", device);

/** Calls that say how things are at the end: what comes after them would contradict them. */
const END: ReadonlySet<Call[0]> = new Set(["drained", "healed", "entryShown", "finalMessages"] as const);

const FAULTS: readonly Fault[] = [
  {
    name: "an acknowledged message that no machine placed",
    edit: append(
      [
        "sendInvoked",
        { device: PHONE, conversation: 0, clientMessageId: "c-4", content: other, timeMs: 700 },
      ],
      ["sendOk", 11, { messageId: "m-7", sequence: 7, timeMs: 705 }],
    ),
    found: {
      lost: "The send c-4 by acme/ann's phone in acme/g:team at 700 ms (ok) was acknowledged as message m-7 at 7, and no machine placed it.",
    },
  },
  {
    name: "a message that is directed to others is queued, shown and held",
    edit: change(["messagePlaced", { sequence: 5 }], { audience: 0 }),
    found: {
      "directed-shown": 'PTS 3 of acme/cat is "message acme/g:team 5", which is directed to others.',
    },
  },
  {
    name: "a message directed to others that a device looked up",
    edit: all(
      change(["messagePlaced", { sequence: 3 }], { audience: 0 }),
      append(["found", { device: CATS, conversation: 0, ...seen(3)[0]! }]),
    ),
    found: {
      "before-join": "acme/cat's phone saw message m-3 at acme/g:team 3, where it may see 4 to 5.",
      "directed-shown": "acme/cat's phone saw message m-3 at acme/g:team 3, which is directed to others.",
    },
  },
  {
    name: "an acknowledged message that a device does not hold",
    edit: final(LAPTOP, 1, 2, 3, 4, 6),
    found: {
      lost: "acme/ann's laptop does not hold message m-5 (c-3 from acme/ann) at acme/g:team 5: send c-3 by acme/ann's phone in acme/g:team at 500 ms (ok).",
    },
  },
  {
    name: "a notice that a device does not hold",
    edit: final(LAPTOP, 1, 2, 3, 5, 6),
    found: { missing: "acme/ann's laptop does not hold message m-4 (from acme/ann) at acme/g:team 4." },
  },
  {
    name: "a message of unknown outcome that one device does not hold",
    edit: final(LAPTOP, 1, 2, 4, 5, 6),
    found: {
      "partly-seen":
        "acme/ann's laptop does not hold message m-3 (c-1 from acme/bob) at acme/g:team 3: send c-1 by acme/bob's phone in acme/g:team at 300 ms (unknown).",
    },
  },
  {
    name: "an acknowledged message that never came into a member's queue",
    edit: all(change(["eventAssigned", { user: BOB, pts: 6 }], { kind: "other", conversation: undefined })),
    found: {
      lost: "message m-5 (c-3 from acme/ann) at acme/g:team 5 never came into the queue of acme/bob: send c-3 by acme/ann's phone in acme/g:team at 500 ms (ok).",
    },
  },
  {
    name: "a conversation that a device does not list",
    edit: drop("finalMessages", { device: LAPTOP }),
    found: { "conversation-missing": "acme/ann's laptop does not list acme/g:team." },
  },
  {
    name: "a device that ends before its queue does",
    edit: drop("eventApplied", { device: LAPTOP, pts: 7 }),
    found: { undelivered: "acme/ann's laptop ended at PTS 6, while the queue ends with PTS 7." },
  },
  {
    name: "a refused message that was placed",
    edit: replace(["sendOk", 5], ["failed", 5, "bad-request"] as unknown as Call),
    found: {
      "refused-seen":
        "The send c-3 by acme/ann's phone in acme/g:team at 500 ms (refused as bad-request) was placed at 5.",
    },
  },
  {
    name: "a message that nobody sent",
    edit: change(["messagePlaced", { sequence: 5 }], { clientMessageId: "c-8" }),
    found: {
      "never-sent": "message m-5 (c-8 from acme/ann) at acme/g:team 5 was not sent by acme/ann's phone.",
    },
  },
  {
    name: "a send that was placed twice",
    edit: all(
      change(["messagePlaced", { sequence: 5 }], { clientMessageId: "c-1" }),
      replace(["sendOk", 5], ["resource", "nothing", 0, 0]),
      change(["sendInvoked", { clientMessageId: "c-1", device: PHONE }], { content: content("text 5") }),
    ),
    found: {
      "other-content":
        "The send c-1 by acme/ann's phone in acme/g:team at 200 ms (ok) was placed at 2 with another content.",
      "placed-twice":
        "The send c-1 by acme/ann's phone in acme/g:team at 200 ms (ok) was placed at acme/g:team 2 and at 5.",
    },
  },
  {
    name: "a message that is twice in a queue",
    edit: append(assigned(CAT, 6, "message", 5), applied(CATS, 6, "message", 5)),
    found: { "queued-twice": 'PTS 6 of acme/cat is "message acme/g:team 5", which is PTS 3 already.' },
  },
  {
    name: "a message that a device holds twice",
    edit: final(PHONE, 1, 2, 2, 3, 4, 5, 6),
    found: { "held-twice": "acme/ann's phone holds acme/g:team 2 after 2." },
  },
  {
    name: "another message in a place after a replay",
    edit: append(["messagePlaced", { ...placedValues(5), messageId: "m-9" }]),
    found: {
      "place-conflict": "message m-9 (c-3 from acme/ann) at acme/g:team 5 was placed where message m-5 is.",
      "placed-twice":
        "The send c-3 by acme/ann's phone in acme/g:team at 500 ms (ok) was placed at acme/g:team 5 and at 5.",
    },
  },
  {
    name: "a message in two places",
    edit: append(["messagePlaced", { ...placedValues(5), sequence: 7 }]),
    found: {
      "entry-behind": "acme/ann's phone lists acme/g:team up to 6, but it goes to 7.",
      "place-conflict":
        "message m-5 (c-3 from acme/ann) at acme/g:team 7 was placed at acme/g:team 5 before.",
      "stale-members":
        "message m-5 (c-3 from acme/ann) at acme/g:team 7 was placed for [acme/ann, acme/bob, acme/cat], while the members are [acme/ann, acme/bob].",
      missing: "message m-5 (c-3 from acme/ann) at acme/g:team 7 never came into the queue of acme/ann.",
    },
  },
  {
    name: "a place that was left out",
    edit: drop("messagePlaced", { sequence: 4 }),
    found: {
      "never-placed": 'PTS 2 of acme/cat is "message acme/g:team 4", where no message was placed.',
      "place-hole": "No message was placed at acme/g:team 4, though the last one is at acme/g:team 6.",
    },
  },
  {
    name: "other members after a replay",
    edit: append(placed(5, ANN, { device: PHONE, name: "c-3" })),
    found: {
      "told-differently":
        "message m-5 (c-3 from acme/ann) at acme/g:team 5 was placed again with other members.",
    },
  },
  {
    name: "another first visible after a replay",
    edit: append(["memberJoined", { conversation: 0, user: CAT, firstVisible: 1, lastSequence: 3 }]),
    found: {
      "told-differently": "acme/cat joined after acme/g:team 3 and sees from 4, and after a replay from 1.",
    },
  },
  {
    name: "an acknowledgement with another place",
    edit: change(["sendOk", 5], { sequence: 4 }),
    found: {
      "acknowledged-elsewhere":
        "The send c-3 by acme/ann's phone in acme/g:team at 500 ms (ok) was acknowledged as message m-5 at 4, but it is message m-5 (c-3 from acme/ann) at acme/g:team 5.",
    },
  },
  {
    name: "a message that is shown and nowhere placed",
    edit: final(PHONE, 1, 2, 3, 4, 5, 6, 7),
    found: {
      "never-placed": "acme/ann's phone saw message m-7 at acme/g:team 7, where no message was placed.",
    },
  },
  {
    name: "a message whose content changed on the way to a device",
    edit: change(["shown", { device: BOBS }], { content: other }),
    found: {
      "other-content":
        "acme/bob's phone saw message m-5 at acme/g:team 5 with another content than was placed.",
    },
  },
  {
    name: "a message whose content changed on the way to the machine",
    edit: change(["sendInvoked", { clientMessageId: "c-3" }], { content: other }),
    found: {
      "other-content":
        "The send c-3 by acme/ann's phone in acme/g:team at 500 ms (ok) was placed at 5 with another content.",
    },
  },
  {
    name: "two messages that change places in a queue",
    edit: all(
      change(["eventAssigned", { user: CAT, pts: 2 }], { sequence: 5, content: content("text 5") }),
      change(["eventAssigned", { user: CAT, pts: 3 }], { sequence: 4, content: content("text 4") }),
      change(["eventApplied", { device: CATS, pts: 2 }], { content: content("text 5") }),
      change(["eventApplied", { device: CATS, pts: 3 }], { content: content("text 4") }),
    ),
    found: { "queue-order": 'PTS 3 of acme/cat is "message acme/g:team 4", after acme/g:team 5.' },
  },
  {
    name: "a device that holds messages in another order",
    edit: final(LAPTOP, 1, 2, 3, 5, 4, 6),
    found: { "view-order": "acme/ann's laptop holds acme/g:team 4 after 5." },
  },
  {
    name: "two messages of one device that change places",
    edit: all(
      drop("ok", 4),
      change(["sendInvoked", { clientMessageId: "c-1", device: PHONE }], { clientMessageId: "c-3" }),
      change(["sendInvoked", { content: content("text 5") }], { clientMessageId: "c-1" }),
      change(["sendInvoked", { content: content("text 2") }], { content: content("text 5") }),
      change(["sendInvoked", { clientMessageId: "c-1", device: PHONE }], { content: content("text 2") }),
      change(["sendOk", 1], seen(5)[0]!),
      change(["sendOk", 5], seen(2)[0]!),
    ),
    found: {
      "sender-order":
        "The send c-1 by acme/ann's phone in acme/g:team at 500 ms (ok) is at 2, before the earlier send c-3 by acme/ann's phone in acme/g:team at 200 ms (ok) at 5.",
    },
  },
  {
    name: "a PTS that is given twice",
    edit: append(assigned(ANN, 7, "read", 6)),
    found: {
      "pts-conflict":
        'PTS 7 of acme/ann was given to "message acme/g:team 6", and again to "read acme/g:team 6".',
    },
  },
  {
    name: "a PTS that is left out after a restart",
    edit: all(
      append([
        "eventAssigned",
        {
          user: EVE,
          epoch: EPOCH,
          pts: 2,
          kind: "other",
          conversation: undefined,
          sequence: 0,
          content: other,
        },
      ]),
      noDrain(EVES),
      append(["gone", EVES]),
    ),
    found: { "pts-hole": "PTS 1 of blue/eve has no event, though the queue goes to 2." },
  },
  {
    name: "a device that applies an event again",
    edit: append(applied(PHONE, 7, "message", 6)),
    found: { "applied-again": "acme/ann's phone applied PTS 7 again: it was at PTS 7." },
  },
  {
    name: "a device that applies another event than the queue has",
    edit: change(["eventApplied", { device: LAPTOP, pts: 6 }], { content: other }),
    found: {
      "event-differs": `acme/ann's laptop applied another event as PTS 6 of acme/ann than "message acme/g:team 5".`,
    },
  },
  {
    name: "a device that applies an event of no queue",
    edit: append(applied(PHONE, 8, "read", 6)),
    found: {
      "event-unknown": "acme/ann's phone applied an event as PTS 8 of acme/ann, which no machine had given.",
    },
  },
  {
    name: "a position that jumps over an event",
    edit: drop("eventApplied", { device: BOBS, pts: 3 }),
    found: { "position-gap": "acme/bob's phone applied PTS 4 directly after PTS 2." },
  },
  {
    name: "a position that is stored before its event is applied",
    edit: change(["positionStored", { device: PHONE }], { pts: 8 }),
    found: { "stored-ahead": "acme/ann's phone stored PTS 8, while it had applied up to PTS 7." },
  },
  {
    name: "a device that comes back ahead of what it applied",
    edit: append(["restarted", position(PHONE, 8)]),
    found: { "restarted-ahead": "acme/ann's phone came back with PTS 8, while it had applied up to PTS 7." },
  },
  {
    name: "a device that comes back behind what it stored",
    edit: all(
      change(["restarted", {}], { pts: 5 }),
      after(["restarted", {}], applied(BOBS, 6, "message", 5)),
    ),
    found: { "position-back": "acme/bob's phone came back with PTS 5, though it had stored PTS 6." },
  },
  {
    name: "a rebase to a place that the queue does not have yet",
    edit: all(
      append(["rebased", { ...position(PHONE, 8), entries: [{ conversation: 0, lastSequence: 6 }] }]),
    ),
    found: { "rebase-ahead": "acme/ann's phone was rebased to PTS 8, which no machine had given." },
  },
  {
    name: "a rebase whose list is older than its position",
    edit: change(["rebased", { device: LAPTOP }], { entries: [{ conversation: 0, lastSequence: 3 }] }),
    found: {
      "rebase-skips": `acme/ann's laptop was rebased to PTS 5, which stands for "message acme/g:team 4", but the list has it up to 3.`,
    },
  },
  {
    name: "a rebase whose list lacks a conversation",
    edit: change(["rebased", { device: LAPTOP }], { entries: [] }),
    found: {
      "rebase-skips": `acme/ann's laptop was rebased to PTS 5, which stands for "message acme/g:team 4", but the list does not have it.`,
    },
  },
  {
    name: "a page without what the device had written before",
    edit: append(
      ["pageInvoked", { device: PHONE, conversation: 0 }],
      ["pageOk", 11, { first: 1, last: 4, firstVisible: 1, lastSequence: 4, messages: seen(1, 2, 3, 4) }],
    ),
    found: {
      "own-write-unread":
        "The page by acme/ann's phone in acme/g:team (ok) says that the conversation ends at 4, after the send c-3 by acme/ann's phone in acme/g:team at 500 ms (ok) had 5.",
    },
  },
  {
    name: "a page with a hole",
    edit: page(1, 3, 5),
    found: {
      "page-hole":
        "The page by acme/bob's phone in acme/g:team (ok) for 1 to 5 lacks message m-4 (from acme/ann) at acme/g:team 4.",
    },
  },
  {
    name: "a page that is older than the one before",
    edit: change(["pageOk", 10], { first: 4, last: 4, lastSequence: 4, messages: seen(4) }),
    found: {
      "page-back":
        "The page by acme/bob's phone in acme/g:team (ok) says that the conversation ends at 4, after the page by acme/bob's phone in acme/g:team (ok) had 5.",
    },
  },
  {
    name: "a page in another order",
    edit: page(1, 4, 3, 5),
    found: {
      "page-hole":
        "The page by acme/bob's phone in acme/g:team (ok) for 1 to 5 lacks message m-3 (c-1 from acme/bob) at acme/g:team 3.",
      "view-order": "The page by acme/bob's phone in acme/g:team (ok) for 1 to 5 has 3 after 4.",
    },
  },
  {
    name: "an unread count that drifts",
    edit: change(["entryShown", { device: BOBS }], { unread: 2 }),
    found: {
      "unread-drift": "acme/bob's phone lists acme/g:team with 2 unread after 1, where a recount gives 1.",
    },
  },
  {
    name: "an entry that stays behind",
    edit: change(["entryShown", { device: LAPTOP }], { lastSequence: 5 }),
    found: { "entry-behind": "acme/ann's laptop lists acme/g:team up to 5, but it goes to 6." },
  },
  {
    name: "a reading that is forgotten",
    edit: change(["entryShown", { device: CATS }], { readSequence: 4, unread: 1 }),
    found: {
      "read-lost":
        "acme/cat's phone lists acme/g:team as read up to 4, after the read up to 5 by acme/cat's phone in acme/g:team (ok).",
    },
  },
  {
    name: "a reading that nobody did",
    edit: change(["entryShown", { device: PHONE }], { readSequence: 3, unread: 0 }),
    found: {
      "read-invented":
        "acme/ann's phone lists acme/g:team as read up to 3, which nothing that the user did explains.",
    },
  },
  {
    name: "a hidden message on a page that is asked for afterwards",
    edit: page(1, 2, 3, 4, 5),
    found: {
      "hidden-shown":
        "The page by acme/bob's phone in acme/g:team (ok) for 1 to 5 has acme/g:team 2, which the user had hidden.",
    },
  },
  {
    name: "a hidden message that a device holds at the end",
    edit: final(BOBS, 1, 2, 3, 4, 5, 6),
    found: { "hidden-shown": "acme/bob's phone holds acme/g:team 2, which the user had hidden." },
  },
  {
    name: "a hidden message that is shown after its hiding was applied",
    edit: change(["shown", {}], seen(2)[0]!),
    found: { "hidden-shown": "acme/bob's phone showed acme/g:team 2 after it had applied its hiding." },
  },
  {
    name: "a hidden message that others lose too",
    edit: all(final(PHONE, 1, 3, 4, 5, 6), final(LAPTOP, 1, 3, 4, 5, 6)),
    found: {
      "hidden-for-others":
        "acme/ann's phone does not hold message m-2 (c-1 from acme/ann) at acme/g:team 2, which only acme/bob had hidden.",
    },
  },
  {
    name: "a message that is held though it is no longer kept",
    edit: all(
      append(
        ["conversationTrimmed", { conversation: 0, firstVisible: 2 }],
        assigned(ANN, 8, "trimmed", 2),
        assigned(BOB, 9, "trimmed", 2),
        ...[PHONE, LAPTOP].map((device) => applied(device, 8, "trimmed", 2)),
        applied(BOBS, 9, "trimmed", 2),
      ),
      change(["entryShown", { isMember: true }], { firstVisible: 2 }),
      final(PHONE, 2, 3, 4, 5, 6),
      final(BOBS, 3, 4, 5, 6),
    ),
    found: {
      "trimmed-shown": "acme/ann's laptop holds acme/g:team 1, though messages are kept from 2 on.",
    },
  },
  {
    name: "a message that is held as it was before it was recalled",
    edit: append([
      "messageChanged",
      { conversation: 0, sequence: 4, revision: 1, isRecalled: true, content: 77 },
    ]),
    found: {
      "old-state": "acme/ann's phone holds acme/g:team 4 as it was before it was recalled (revision 1).",
    },
  },
  {
    name: "an event of another tenant's conversation",
    edit: append(assigned(EVE, 1, "read", 1), applied(EVES, 1, "read", 1)),
    found: { "other-tenant": 'PTS 1 of blue/eve is "read acme/g:team 1" of another tenant.' },
  },
  {
    name: "a message of another tenant",
    edit: append(["shown", { device: EVES, conversation: 0, ...seen(5)[0]! }]),
    found: {
      "not-a-member": "blue/eve's phone saw message m-5 at acme/g:team 5, and was never a member.",
      "other-tenant": "blue/eve's phone saw message m-5 at acme/g:team 5, of another tenant.",
    },
  },
  {
    name: "a message under another's name",
    edit: change(["messagePlaced", { sequence: 5 }], { sender: BOB }),
    found: {
      "unread-drift": "acme/ann's phone lists acme/g:team with 1 unread after 2, where a recount gives 2.",
      "wrong-sender": "message m-5 (c-3 from acme/bob) at acme/g:team 5 was sent by acme/ann's phone.",
    },
  },
  {
    name: "an event for somebody who is no member",
    edit: append(assigned(CAT, 6, "message", 6), applied(CATS, 6, "message", 6)),
    found: {
      "not-a-member": 'PTS 6 of acme/cat is "message acme/g:team 6", which is for [acme/ann, acme/bob] only.',
    },
  },
  {
    name: "a page after the removal",
    edit: append(
      ["pageInvoked", { device: CATS, conversation: 0 }],
      ["pageOk", 11, { first: 5, last: 5, firstVisible: 4, lastSequence: 6, messages: seen(5) }],
    ),
    found: {
      "not-a-member":
        "The page by acme/cat's phone in acme/g:team (ok) was answered after the remove of [acme/cat] by acme/ann's phone in acme/g:team (ok).",
    },
  },
  {
    name: "a message from before the joining",
    edit: final(CATS, 3, 4, 5),
    found: { "before-join": "acme/cat's phone saw message m-3 at acme/g:team 3, where it may see 4 to 5." },
  },
  {
    name: "a message from after the removal",
    edit: final(CATS, 4, 5, 6),
    found: { "not-a-member": "acme/cat's phone saw message m-6 at acme/g:team 6, where it may see 4 to 5." },
  },
  {
    name: "a message for other members than there are",
    edit: all(
      change(["messagePlaced", { sequence: 6 }], { members: 1 }),
      append(assigned(CAT, 6, "message", 6), applied(CATS, 6, "message", 6)),
    ),
    found: {
      "stale-members":
        "message m-6 (from acme/ann) at acme/g:team 6 was placed for [acme/ann, acme/bob, acme/cat], while the members are [acme/ann, acme/bob].",
    },
  },
  {
    name: "a member list that a removal did not reach",
    edit: all(
      drop("memberLeft", { user: CAT }),
      append(
        [
          "sendInvoked",
          { device: PHONE, conversation: 0, clientMessageId: "c-4", content: content("text 7"), timeMs: 1 },
        ],
        placed(7, ANN, { device: PHONE, name: "c-4", set: 1 }),
        assigned(ANN, 8, "message", 7),
      ),
    ),
    found: {
      "entry-behind": "acme/cat's phone lists acme/g:team up to 5, but it goes to 7.",
      "entry-membership":
        "acme/cat's phone lists acme/g:team as no member from 4 on, but acme/cat is a member from 4 on.",
      "partly-seen":
        "message m-7 (c-4 from acme/ann) at acme/g:team 7 never came into the queue of acme/bob: send c-4 by acme/ann's phone in acme/g:team at 1 ms (unknown).",
      "stale-members":
        "message m-6 (from acme/ann) at acme/g:team 6 was placed for [acme/ann, acme/bob], while the members are [acme/ann, acme/bob, acme/cat].",
      missing: "acme/cat's phone does not hold message m-6 (from acme/ann) at acme/g:team 6.",
      undelivered: "acme/ann's phone ended at PTS 7, while the queue ends with PTS 8.",
    },
  },
  {
    name: "an entry of a former member that says member",
    edit: change(["entryShown", { device: CATS }], { isMember: true }),
    found: {
      "entry-membership":
        "acme/cat's phone lists acme/g:team as a member from 4 on, but acme/cat is no member.",
    },
  },
  {
    name: "an entry that shows more than the member may see",
    edit: change(["entryShown", { device: CATS }], { firstVisible: 1 }),
    found: {
      "entry-membership":
        "acme/cat's phone lists acme/g:team as no member from 1 on, but acme/cat is no member.",
    },
  },
  {
    name: "a device that catches up too late",
    edit: all(noDrain(EVES), append(["drained", EVES, 10_001])),
    found: {
      "not-caught-up":
        "blue/eve's phone had everything 8001 ms after healing at 2000 ms; the limit is 8000 ms.",
    },
  },
  {
    name: "a device that never catches up",
    edit: noDrain(EVES),
    found: {
      "not-caught-up":
        "blue/eve's phone never had everything after healing at 2000 ms; the limit is 8000 ms.",
    },
  },
  {
    name: "a buffer above its limit",
    edit: append(["resource", "gateway buffer of ann's phone", 21, 20]),
    found: { "over-limit": "gateway buffer of ann's phone was at 21, above its limit of 20." },
  },
  {
    name: "a message without a member who was added before, where no machine tells of members",
    edit: all(
      drop("memberJoined"),
      drop("memberLeft"),
      change(["messagePlaced", { sequence: 5 }], { members: 0 }),
    ),
    found: {
      "not-a-member": 'PTS 3 of acme/cat is "message acme/g:team 5", which is for [acme/ann, acme/bob] only.',
      "stale-members":
        "message m-5 (c-3 from acme/ann) at acme/g:team 5 was placed without acme/cat after the add of [acme/cat] by acme/ann's phone in acme/g:team (ok).",
    },
  },
  {
    name: "two devices that apply different events, where no machine tells of queues",
    edit: all(
      drop("eventAssigned"),
      change(["eventApplied", { device: LAPTOP, pts: 6 }], { content: other }),
    ),
    found: {
      "event-differs": "acme/ann's laptop applied another event as PTS 6 of acme/ann than acme/ann's phone.",
    },
  },
  {
    name: "a stored position that goes back",
    edit: append(["positionStored", position(PHONE, 6)]),
    found: { "position-back": "acme/ann's phone stored PTS 6 after PTS 7." },
  },
  {
    name: "a message whose content changed on the way to a queue",
    edit: all(
      change(["eventAssigned", { user: CAT, pts: 3 }], { content: other }),
      change(["eventApplied", { device: CATS, pts: 3 }], { content: other }),
    ),
    found: {
      "other-content":
        'PTS 3 of acme/cat is "message acme/g:team 5", with another content than message m-5 (c-3 from acme/ann) at acme/g:team 5.',
    },
  },
  {
    name: "an acknowledged message in the place of another",
    edit: append(
      ["sendInvoked", { device: CATS, conversation: 0, clientMessageId: "c-9", content: other, timeMs: 700 }],
      [
        "messagePlaced",
        {
          ...placedValues(5),
          messageId: "m-9",
          sender: CAT,
          device: CATS,
          clientMessageId: "c-9",
          content: other,
        },
      ],
      ["sendOk", 11, { messageId: "m-9", sequence: 5, timeMs: 705 }],
    ),
    found: {
      "place-conflict": "message m-9 (c-9 from acme/cat) at acme/g:team 5 was placed where message m-5 is.",
      lost: "The send c-9 by acme/cat's phone in acme/g:team at 700 ms (ok) was acknowledged as message m-9 at 5, where message m-5 (c-3 from acme/ann) at acme/g:team 5 is.",
    },
  },
  {
    name: "a hole in what a device that could not drain holds",
    edit: all(noDrain(LAPTOP), append(["gone", LAPTOP]), final(LAPTOP, 1, 2, 3, 5)),
    found: { missing: "acme/ann's laptop does not hold message m-4 (from acme/ann) at acme/g:team 4." },
  },
];

for (const { name, edit, found } of FAULTS) {
  test(`${name} is found`, () => {
    const { anomalies } = check(record(CAST, edit(SMALL)).history);
    assert.deepEqual(Object.fromEntries(anomalies.map(({ code, examples }) => [code, examples[0]])), found);
  });
}

const SILENCES: Readonly<Record<string, Edit>> = {
  "queues are not told": drop("eventAssigned"),
  "membership is not told": all(drop("memberJoined"), drop("memberLeft")),
  "members are not told": all(
    drop("memberJoined"),
    drop("memberLeft"),
    change(["messagePlaced"], { members: undefined }),
  ),
  "what devices hold is not told": all(drop("finalMessages"), drop("entryShown")),
  "what devices apply is not told": all(
    drop("eventApplied"),
    drop("rebased"),
    drop("positionStored"),
    drop("restarted"),
    drop("shown"),
  ),
};

for (const [silence, edit] of Object.entries(SILENCES)) {
  test(`a correct history has no anomaly where ${silence}`, () => {
    assert.deepEqual(check(record(CAST, edit(SMALL)).history).anomalies, []);
  });
}

const HARMLESS: Readonly<Record<string, Edit>> = {
  "a page says that there is nothing more": append(
    ["pageInvoked", { device: PHONE, conversation: 0 }],
    ["pageOk", 11, { first: 9, last: 6, firstVisible: 1, lastSequence: 6, messages: [] }],
  ),
  "the creation is repeated after a removal": all(
    drop("createOk", 0),
    append(
      ["createInvoked", { device: PHONE, users: [ANN, BOB, CAT] }],
      ["createOk", 11, 0],
      [
        "sendInvoked",
        { device: PHONE, conversation: 0, clientMessageId: "c-7", content: seen(7)[0]!.content, timeMs: 700 },
      ],
      placed(7, ANN, { device: PHONE, name: "c-7" }),
    ),
  ),
};

for (const [what, edit] of Object.entries(HARMLESS)) {
  test(`there is no anomaly when ${what}`, () => {
    const calls = edit(SMALL.filter(([name]) => !END.has(name)));
    assert.deepEqual(check(record(CAST, calls).history).anomalies, []);
  });
}

test("what is told again is counted and no anomaly", () => {
  const again = SMALL.filter(([name]) =>
    ["messagePlaced", "memberJoined", "memberLeft", "eventAssigned"].includes(name),
  );
  const { anomalies, figures } = check(record(CAST, [...SMALL, ...again]).history);
  assert.deepEqual([anomalies, figures.repeats], [[], 26]);
});

test("the figures say what was judged", () => {
  assert.deepEqual(check(record(CAST, SMALL).history).figures, {
    conversations: 2,
    deliveries: 24,
    devices: 5,
    events: 20,
    messages: 6,
    repeats: 0,
    sendsFailed: 1,
    sendsOk: 2,
    sendsUnknown: 1,
    unseen: 0,
    users: 4,
  });
});

test("what a device that could not drain did not get to is unseen and not lost", () => {
  const edit = all(noDrain(LAPTOP), append(["gone", LAPTOP]), final(LAPTOP, 1, 2, 3));
  const { anomalies, figures } = check(record(CAST, edit(SMALL)).history);
  assert.deepEqual([anomalies, figures.unseen], [[], 3]);
});

test("a longer time to catch up may be allowed", () => {
  const late = all(noDrain(EVES), append(["drained", EVES, 20_000]));
  assert.deepEqual(check(record(CAST, late(SMALL)).history, { recoveryMsMax: 18_000 }).anomalies, []);
});

test("every kind of anomaly is in the table", () => {
  const shown = new Set(FAULTS.flatMap(({ found }) => Object.keys(found)));
  assert.deepEqual(
    Object.keys(ANOMALY_CODES).filter((code) => !shown.has(code)),
    [],
  );
});

function placedValues(sequence: number): Extract<Call, readonly ["messagePlaced", unknown]>[1] {
  return placed(sequence, ANN, { device: PHONE, name: "c-3", set: 1 })[1] as Extract<
    Call,
    readonly ["messagePlaced", unknown]
  >[1];
}
