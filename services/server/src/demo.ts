/** The demo organisation: a few people, a direct chat and groups with a short history, for the first minute. */
import type { Session } from "@parley/contracts";
import type {
  ClientMessageId,
  ConversationId,
  DeviceId,
  SessionId,
  TenantId,
  UserId,
} from "@parley/protocol";
import { textBody } from "@parley/protocol";
import type { Parley } from "./parley.js";

/** Shown on the sign-in page. Only accounts that this module made have it, and only on a demo installation. */
export const DEMO_PASSWORD = "parley-demo";

export const DEMO_USERS: readonly { readonly userId: UserId; readonly name: string }[] = [
  { userId: "alice" as UserId, name: "Alice Moreau" },
  { userId: "bob" as UserId, name: "Bob Tanaka" },
  { userId: "chen" as UserId, name: "陈晓雯" },
  { userId: "dana" as UserId, name: "Dana Okafor" },
  { userId: "erik" as UserId, name: "Erik Lindqvist" },
];

type Line = readonly [userId: string, text: string];

const LAUNCH: readonly Line[] = [
  ["alice", "Morning! The release candidate is on staging. Please try it on your phones too."],
  ["bob", "Installed. History pages back to the first message, nice."],
  ["chen", "中文输入没有问题，回车不会误发送。"],
  ["dana", "I turned Wi-Fi off in the middle of a message: it went out when I was back, once."],
  ["erik", "Same with three tabs open. All of them agree."],
  ["alice", "Then we ship on Thursday. Bob, could you write the note for the operators?"],
  ["bob", "On it. I keep it to one page: one command starts everything."],
];
const LUNCH: readonly Line[] = [
  ["erik", "Noodles or the Greek place?"],
  ["chen", "Noodles 🍜"],
  ["dana", "Noodles. 12:15 at the door."],
];
const DIRECT: readonly Line[] = [
  ["bob", "Do you have ten minutes for the operators' note?"],
  ["alice", "After lunch, yes. Send me the draft."],
  ["bob", "Here it is: https://example.com/operators-note"],
];

/** Fills an empty installation. Everything goes through the log and the machines, as what people write does. */
export async function createDemo(parley: Parley, tenantId: TenantId): Promise<void> {
  for (const { userId, name } of DEMO_USERS) {
    await parley.accounts.addUser({ tenantId, userId, name, password: DEMO_PASSWORD });
  }
  const session = (userId: string): Session => ({
    tenantId,
    userId: userId as UserId,
    deviceId: "demo" as DeviceId,
    sessionId: "demo" as SessionId,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  });
  const everyone = DEMO_USERS.map(({ userId }) => userId);
  const group = (name: string, title: string): Promise<ConversationId> =>
    parley.message.createGroup(session("alice"), { name, title, userIds: everyone, isHistoryOpen: true });
  await write(parley, session, await group("launch", "Launch · 发布"), LAUNCH);
  await write(parley, session, await group("lunch", "Lunch"), LUNCH);
  await write(parley, session, await parley.message.createDirect(session("alice"), "bob" as UserId), DIRECT);
}

async function write(
  parley: Parley,
  session: (userId: string) => Session,
  conversationId: ConversationId,
  lines: readonly Line[],
): Promise<void> {
  const numbers = new Map<string, number>();
  for (const [userId, text] of lines) {
    const number = (numbers.get(userId) ?? 0) + 1;
    numbers.set(userId, number);
    const clientMessageId = `demo-${number}` as ClientMessageId;
    const body = textBody(text);
    await parley.message.send(session(userId), { conversationId, clientMessageId, number, body });
  }
}
