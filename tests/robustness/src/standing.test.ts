/**
 * Goal: whatever a stranger, a former member or a muted one asks of a group, whatever is asked about a message that was recalled, and
 * whatever a card is updated with that it may not be: a real server answers with a typed refusal, and nothing changes. In small groups
 * and in large ones.
 */
import type { RawClient } from "@parley/bench";
import {
  type ConversationId,
  type Frame,
  type FramePayload,
  type Init,
  ANSWERS,
  Body,
  filled,
  GroupSettings,
  Member,
  textBody,
} from "@parley/protocol";
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ANNA, BERT, CARL, outcome, startWorld, type World } from "./world.js";

type RequestName = keyof typeof ANSWERS;
type Asked = { readonly [N in RequestName]: readonly [N, Init<FramePayload<N>>] }[RequestName];
type Sending = Omit<Init<FramePayload<"send">>, "conversationId">;

/** A group that anna owns, and what was said in it, by sequence. */
interface Scene {
  readonly world: World;
  readonly anna: RawClient;
  readonly bert: RawClient;
  readonly conversationId: ConversationId;
  /** Of anna. */
  readonly text: number;
  readonly recalled: number;
  readonly card: number;
  /** Of bert. */
  readonly own: number;
  readonly ownRecalled: number;
  readonly ownCard: number;
}

/** Small, and a shared topic. */
const KINDS_OF_GROUPS: readonly (readonly string[])[] = [[], ["--shared-from-members", "2"]];
const CARD_REVISION = 4;
const MEGA = 10_000_000;
/** WebSocket's own code: so much is not even read (limits.md). */
const TOO_BIG = 1009;
const SENDS_OF_BERT = 3;
const HOUR_MS = 3_600_000;

/** Requests that are not about one conversation. */
const ELSEWHERE: readonly RequestName[] = [
  "createConversation",
  "listUsers",
  "getNotify",
  "setPushTarget",
  "watchPresence",
  "setActive",
  "updateProfile",
  "getProfiles",
  "listDepartment",
];

/** What is answered to whoever is no member: an entry that a former member keeps, and that nothing is followed. */
const OF_NO_MEMBER: Readonly<Record<string, string>> = {
  listConversations: "conversationList",
  follow: "done",
};

/** What a muted member may not do. */
const OF_MUTED: Readonly<Record<string, string>> = {
  "send text": "muted",
  "send directed": "muted",
  "send to all": "muted",
  "send reply": "muted",
  "send card": "muted",
  forward: "muted",
  edit: "muted",
  updateCard: "muted",
  "edit of another": "not-allowed",
  "recall of another": "not-allowed",
  "updateCard of another": "not-allowed",
  "getCardActions of another": "not-allowed",
  "remove member": "not-allowed",
  updateGroup: "not-allowed",
  "updateMember other": "not-allowed",
  answerJoin: "not-allowed",
  getJoinRequests: "not-allowed",
  dissolve: "not-allowed",
};

for (const serverArguments of KINDS_OF_GROUPS) {
  const where = serverArguments.length === 0 ? "a small group" : "a large group";

  test(`${where}: who is not in it, or not any more, is refused everything, and nothing changes`, async (t) => {
    const scene = await startScene(t, serverArguments);
    const { world, anna, conversationId } = scene;
    const carl = await world.connect(CARL);
    const asStranger = await changesNothing(scene, () => answersTo(carl, requestsOf(scene, 1)));
    await anna.request("changeMembers", { conversationId, userIds: [CARL] });
    equal((await ask(carl, sending(conversationId, { number: 1, body: textBody("here") }))).name, "sent");
    await anna.request("changeMembers", { conversationId, userIds: [CARL], isRemoval: true });
    const asFormer = await changesNothing(scene, () => answersTo(carl, requestsOf(scene, 2)));
    const expected = Object.fromEntries(
      Object.keys(requestsOf(scene, 1)).map((label) => [label, OF_NO_MEMBER[label] ?? "not-a-member"]),
    );
    // What is asked again within TYPING_REPEAT_MS is not even looked at, and nobody is told.
    deepEqual([asStranger, asFormer], [expected, { ...expected, typing: "done" }]);
  });

  test(`${where}: who is muted says nothing and does nothing in others' place, and the rest goes on`, async (t) => {
    const scene = await startScene(t, serverArguments);
    const { anna, bert, conversationId } = scene;
    const member = filled(Member, { userId: BERT, mutedUntilMs: Date.now() + HOUR_MS });
    const muting = await anna.request("updateMember", { conversationId, names: ["mutedUntilMs"], member });
    equal(muting.name, "done");
    const all = Object.entries(requestsOf(scene, SENDS_OF_BERT + 1));
    const denied = Object.fromEntries(all.filter(([label]) => label in OF_MUTED));
    const others = Object.fromEntries(all.filter(([label]) => !(label in OF_MUTED)));
    deepEqual(await changesNothing(scene, () => answersTo(bert, denied)), OF_MUTED);
    const refused = Object.entries(await answersTo(bert, others)).filter(
      ([label, answer]) => answer !== ANSWERS[others[label]![0]],
    );
    deepEqual(refused, []);
  });

  test(`${where}: a message that was recalled is not changed any more, and says nothing`, async (t) => {
    const scene = await startScene(t, serverArguments);
    const { bert, conversationId, recalled, ownRecalled } = scene;
    const answers: Record<string, string>[] = [];
    for (const sequence of [recalled, ownRecalled]) {
      const at = { conversationId, sequence };
      const forward = { conversationId, sequences: [sequence], isMerged: false, title: "" };
      const asked: Record<string, Asked> = {
        edit: ["edit", { ...at, body: textBody("otherwise") }],
        react: ["react", { ...at, key: "+" }],
        getReactions: ["getReactions", at],
        pin: ["pin", at],
        getEdits: ["getEdits", at],
        forward: sending(conversationId, { number: SENDS_OF_BERT + 1, forward }),
        updateCard: ["updateCard", { ...at, revision: 9, content: cardOf("next") }],
        actOnCard: ["actOnCard", { ...at, actionId: "a", verb: "vote", data: "{}" }],
        getCardActions: ["getCardActions", at],
      };
      answers.push(await changesNothing(scene, () => answersTo(bert, asked)));
    }
    const gone = "message-recalled";
    const states = {
      react: gone,
      getReactions: gone,
      pin: gone,
      getEdits: gone,
      actOnCard: gone,
      getCardActions: gone,
    };
    deepEqual(answers, [
      // Of another nobody is told more than that it is not theirs.
      { ...states, edit: "not-allowed", updateCard: "not-allowed", forward: "message-unknown" },
      { ...states, edit: gone, updateCard: gone, forward: "message-unknown" },
    ]);
  });

  test(`${where}: a card takes no old revision and nothing too large, not even in one packet of 10 MB`, async (t) => {
    const scene = await startScene(t, serverArguments);
    const { world, bert, conversationId, ownCard: sequence } = scene;
    const at = { conversationId, sequence };
    const large = cardOf("x".repeat(200_000));
    const asked: Record<string, Asked> = {
      "below it": ["updateCard", { ...at, revision: CARD_REVISION - 1, content: cardOf("next") }],
      "the same with another content": [
        "updateCard",
        { ...at, revision: CARD_REVISION, content: cardOf("x") },
      ],
      "too large": ["updateCard", { ...at, revision: 9, content: large }],
      "too large for anna": ["updateCard", { ...at, revision: 9, content: large, userId: ANNA }],
      "too large to send": sending(conversationId, {
        number: SENDS_OF_BERT + 1,
        body: filled(Body, { card: { content: large, revision: 1 } }),
      }),
    };
    deepEqual(await changesNothing(scene, () => answersTo(bert, asked)), {
      "below it": "card-outdated",
      "the same with another content": "card-outdated",
      "too large": "message-too-large",
      "too large for anna": "message-too-large",
      "too large to send": "message-too-large",
    });
    const other = await world.connect(BERT, 1);
    const code = await changesNothing(scene, async () => {
      other.write("updateCard", { ...at, requestId: 1, revision: 9, content: cardOf("x".repeat(MEGA)) });
      return (await other.closed).code;
    });
    equal(code, TOO_BIG);
  });
}

test("every request is asked here, or is not about one conversation", () => {
  const scene = { conversationId: "g:x" as ConversationId, text: 1, own: 1, card: 1, ownCard: 1 };
  const asked = Object.values(requestsOf(scene, 1)).map(([name]) => name);
  deepEqual(new Set([...asked, ...ELSEWHERE]), new Set(Object.keys(ANSWERS)));
});

/** Everything that can be asked of a group, by bert or in his place, as it is right from a member; what takes messages away comes last. */
function requestsOf(
  {
    conversationId,
    text,
    own,
    card,
    ownCard,
  }: Pick<Scene, "conversationId" | "text" | "own" | "card" | "ownCard">,
  number: number,
): Readonly<Record<string, Asked>> {
  const at = { conversationId };
  const send = (rest: Omit<Sending, "number">): Asked => sending(conversationId, { number, ...rest });
  return {
    "send text": send({ body: textBody("said") }),
    "send directed": send({ body: textBody("said"), audience: [ANNA] }),
    "send to all": send({
      body: filled(Body, { text: { text: "said" }, mentions: { userIds: [], isAll: true } }),
    }),
    "send reply": send({ body: filled(Body, { text: { text: "said" }, reply: { sequence: text } }) }),
    "send card": send({ body: filled(Body, { card: { content: cardOf("said"), revision: 1 } }) }),
    forward: send({ forward: { conversationId, sequences: [text], isMerged: false, title: "" } }),
    markRead: ["markRead", { ...at, sequence: text }],
    getHistory: ["getHistory", { ...at, limit: 10 }],
    listConversations: ["listConversations", { ...at }],
    "add member": ["changeMembers", { ...at, userIds: [BERT] }],
    "remove member": ["changeMembers", { ...at, userIds: [ANNA], isRemoval: true }],
    listMembers: ["listMembers", { ...at }],
    getDigest: ["getDigest", { ...at, first: 1, last: 9 }],
    edit: ["edit", { ...at, sequence: own, body: textBody("otherwise") }],
    "edit of another": ["edit", { ...at, sequence: text, body: textBody("otherwise") }],
    "recall of another": ["recall", { ...at, sequence: text }],
    getEdits: ["getEdits", { ...at, sequence: text }],
    follow: ["follow", { epoch: 1, topics: [{ ...at, pts: 0 }] }],
    react: ["react", { ...at, sequence: text, key: "+" }],
    getReactions: ["getReactions", { ...at, sequence: text }],
    pin: ["pin", { ...at, sequence: text }],
    getPins: ["getPins", { ...at }],
    getReaders: ["getReaders", { ...at, sequence: text }],
    getReadCounts: ["getReadCounts", { ...at, sequences: [text] }],
    getMessages: ["getMessages", { ...at, sequences: [text] }],
    listMentions: ["listMentions", { ...at }],
    search: ["search", { ...at, text: "first" }],
    updateGroup: [
      "updateGroup",
      { ...at, names: ["title"], settings: filled(GroupSettings, { title: "Mine" }) },
    ],
    "updateMember self": [
      "updateMember",
      { ...at, names: ["nickname"], member: filled(Member, { userId: BERT, nickname: "B" }) },
    ],
    "updateMember other": [
      "updateMember",
      { ...at, names: ["role"], member: filled(Member, { userId: ANNA, role: "member" }) },
    ],
    join: ["join", { ...at }],
    getGroup: ["getGroup", { ...at }],
    answerJoin: ["answerJoin", { ...at, userIds: [CARL], isAccepted: true }],
    dissolve: ["dissolve", { ...at }],
    getJoinRequests: ["getJoinRequests", { ...at }],
    updateCard: ["updateCard", { ...at, sequence: ownCard, revision: 9, content: cardOf("next") }],
    "updateCard of another": ["updateCard", { ...at, sequence: card, revision: 9, content: cardOf("next") }],
    actOnCard: ["actOnCard", { ...at, sequence: card, actionId: "a", verb: "vote", data: "{}" }],
    getCardActions: ["getCardActions", { ...at, sequence: ownCard }],
    "getCardActions of another": ["getCardActions", { ...at, sequence: card }],
    setNotify: ["setNotify", { ...at, level: "mentions" }],
    typing: ["typing", { ...at }],
    findPeople: ["findPeople", { ...at, text: "b" }],
    getLinkPreview: ["getLinkPreview", { ...at, sequence: text }],
    setPinned: ["setPinned", { ...at, isPinned: true }],
    hide: ["hide", { ...at, sequences: [text] }],
    recall: ["recall", { ...at, sequence: own }],
  };
}

async function startScene(t: TestContext, serverArguments: readonly string[]): Promise<Scene> {
  const world = await startWorld(t, serverArguments);
  const [anna, bert] = [await world.connect(ANNA), await world.connect(BERT)];
  const created = await anna.request("createConversation", { userIds: [BERT], title: "Team", name: "one" });
  equal(created.name, "conversationCreated");
  const { conversationId } = created.payload;
  const say = async (client: RawClient, number: number, body: Sending["body"]): Promise<number> => {
    const sent = await ask(client, sending(conversationId, { number, body }));
    equal(sent.name, "sent");
    return sent.payload.sequence;
  };
  const card = filled(Body, { card: { content: cardOf("first"), revision: CARD_REVISION } });
  const sequences = {
    text: await say(anna, 1, textBody("first words")),
    recalled: await say(anna, 2, textBody("not meant")),
    card: await say(anna, 3, card),
    own: await say(bert, 1, textBody("mine")),
    ownRecalled: await say(bert, 2, textBody("not mine")),
    ownCard: await say(bert, SENDS_OF_BERT, card),
  };
  await anna.request("recall", { conversationId, sequence: sequences.recalled });
  await bert.request("recall", { conversationId, sequence: sequences.ownRecalled });
  return { world, anna, bert, conversationId, ...sequences };
}

/** Does something, and everything that anna and bert can read of the group is as before. */
async function changesNothing<T>(scene: Scene, act: () => Promise<T>): Promise<T> {
  const before = await seen(scene);
  const result = await act();
  deepEqual(await seen(scene), before);
  return result;
}

async function seen({ anna, bert, conversationId, ...scene }: Scene): Promise<readonly unknown[]> {
  const at = { conversationId };
  const { text, own, card, ownCard, recalled } = scene;
  const asked: readonly Asked[] = [
    ["getHistory", { ...at, limit: 100 }],
    ["listConversations", at],
    ["listMembers", at],
    ["getGroup", at],
    ["getPins", at],
    ["getReadCounts", { ...at, sequences: [text, own, card, ownCard, recalled] }],
    ["getReactions", { ...at, sequence: text }],
    ["getEdits", { ...at, sequence: own }],
    ["getEdits", { ...at, sequence: text }],
    ["getCardActions", { ...at, sequence: card }],
    ["getCardActions", { ...at, sequence: ownCard }],
    ["getJoinRequests", at],
  ];
  const answers: unknown[] = [];
  for (const client of [anna, bert]) {
    for (const each of asked) {
      const { name, payload } = await ask(client, each);
      answers.push([name, { ...payload, requestId: 0 }]);
    }
  }
  return answers;
}

async function answersTo(
  client: RawClient,
  asked: Readonly<Record<string, Asked>>,
): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const [label, each] of Object.entries(asked)) answers[label] = outcome(await ask(client, each));
  return answers;
}

async function ask(client: RawClient, [name, payload]: Asked): Promise<Frame> {
  return client.request(name, payload);
}

let ids = 0;
function sending(conversationId: ConversationId, rest: Sending): Asked {
  ids += 1;
  return ["send", { conversationId, clientMessageId: `s${ids}` as never, ...rest }];
}

function cardOf(said: string): string {
  return JSON.stringify({ type: "AdaptiveCard", version: "1.5", fallbackText: said });
}
