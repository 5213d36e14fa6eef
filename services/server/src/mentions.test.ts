/** Mentions, quotes and directed messages through the whole server: what was acknowledged is found at once, after a restart too. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemAmbient } from "@parley/base/node";
import type { SendRequest, SendResult, Session } from "@parley/contracts";
import {
  type Body,
  type ClientMessageId,
  type ConversationId,
  type Init,
  type TenantId,
  type UserId,
  Body as BodySchema,
  filled,
  plainText,
} from "@parley/protocol";
import { type Parley, openParley } from "./parley.js";

const TENANT = "main" as TenantId;
const NAMES = ["ann", "bob", "cy"] as const;

function open(dataDirectory: string): Promise<Parley> {
  const onFatal = (error: unknown): void => {
    throw error;
  };
  return openParley({ dataDirectory, ambient: systemAmbient(), onFatal });
}

/** A server with a group of Ann, Bob and Cy, that can be opened again. */
async function withServer(
  use: (world: {
    readonly parley: () => Parley;
    readonly reopen: () => Promise<void>;
    readonly sessions: Readonly<Record<(typeof NAMES)[number], Session>>;
    readonly group: ConversationId;
    readonly say: (
      who: (typeof NAMES)[number],
      body: Init<Body>,
      audience?: readonly string[],
    ) => Promise<SendResult>;
  }) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "parley-mentions-"));
  let parley = await open(join(directory, "data"));
  try {
    await parley.accounts.addUsers(
      TENANT,
      NAMES.map((name) => ({ userId: name as UserId, name })),
    );
    const issued = await Promise.all(
      NAMES.map(async (name): Promise<[string, Session]> => {
        const token = { tenantId: TENANT, userId: name as UserId, deviceName: "test" };
        return [name, (await parley.accounts.issueToken(token)).session];
      }),
    );
    const sessions = Object.fromEntries(issued) as Record<(typeof NAMES)[number], Session>;
    const group = await parley.message.createGroup(sessions.ann, {
      name: "team",
      title: "Team",
      userIds: ["bob", "cy"] as UserId[],
      isHistoryOpen: true,
    });
    const numbers = new Map<string, number>();
    await use({
      parley: () => parley,
      sessions,
      group,
      reopen: async () => {
        await parley.close();
        parley = await open(join(directory, "data"));
      },
      say: (who, body, audience = []) => {
        const number = (numbers.get(who) ?? 0) + 1;
        numbers.set(who, number);
        const request: SendRequest = {
          conversationId: group,
          clientMessageId: `${who}-${number}` as ClientMessageId,
          number,
          body: filled(BodySchema, body),
          audience: audience as UserId[],
        };
        return parley.message.send(sessions[who], request);
      },
    });
  } finally {
    await parley.close();
    await rm(directory, { recursive: true });
  }
}

const mention = (text: string, ...names: readonly string[]): Init<Body> => ({
  text: { text },
  mentions: { userIds: names as UserId[], isAll: names.length === 0 },
});

test("a mention is found by whom it names as soon as it is acknowledged, and after a restart", async () => {
  await withServer(async ({ parley, reopen, sessions, group, say }) => {
    const find = async (
      who: "ann" | "bob" | "cy",
      conversationId: ConversationId | "",
    ): Promise<string[]> => {
      const request = { cursor: "", limit: 10, conversationId };
      return (await parley().message.mentions(sessions[who], request)).messages.map(({ body }) =>
        plainText(body),
      );
    };
    const steps: string[][] = [];
    const look = async (): Promise<void> => {
      for (const who of ["bob", "cy"] as const) steps.push(await find(who, ""), await find(who, group));
    };
    await say("ann", mention("one", "bob"));
    await look();
    await say("ann", mention("all"));
    await look();
    await say("ann", mention("secret", "bob", "cy"), ["bob"]);
    await look();
    await reopen();
    await look();
    const [one, both, all] = [["one"], ["all", "one"], ["secret", "all", "one"]];
    const after = [all, all, ["all"], ["all"]];
    assert.deepEqual(steps, [one, one, [], [], both, both, ["all"], ["all"], ...after, ...after]);
  });
});

test("the list marks unread mentions, and an edit takes the mark from one and gives it to another", async () => {
  await withServer(async ({ parley, sessions, group, say }) => {
    const marks = async (): Promise<readonly (readonly number[])[]> => {
      const lists = [sessions.bob, sessions.cy].map((session) =>
        parley().sync.listConversations(session, { cursor: "", limit: 1 }),
      );
      return (await Promise.all(lists)).map(({ entries }) => entries[0]!.unreadMentions);
    };
    const { sequence } = await say("ann", mention("one", "bob"));
    const before = await marks();
    const body = filled(BodySchema, mention("two", "cy"));
    await parley().message.edit(sessions.ann, { conversationId: group, sequence, body });
    assert.deepEqual(
      [before, await marks()],
      [
        [[sequence], []],
        [[], [sequence]],
      ],
    );
  });
});

test("a quote shows what its reader may see: nothing of what was recalled, hidden, directed to others or before it came", async () => {
  await withServer(async ({ parley, sessions, group, say }) => {
    const { ann, bob, cy } = sessions;
    const said = [
      await say("ann", { text: { text: "plain" } }),
      await say("ann", { text: { text: "recalled" } }),
      await say("ann", { text: { text: "hidden" } }),
      await say("ann", { text: { text: "secret" } }, ["bob"]),
    ].map(({ sequence }) => sequence);
    for (const sequence of said) await say("bob", { text: { text: "yes" }, reply: { sequence } });
    await parley().message.recall(ann, { conversationId: group, sequence: said[1]! });
    await parley().message.hide(cy, group, [said[2]!]);
    const read = async (session: Session): Promise<string[]> => {
      const { messages } = await parley().message.messages(session, {
        conversationId: group,
        sequences: said,
      });
      return messages.map(({ sequence, body }) => `${said.indexOf(sequence)} ${plainText(body)}`);
    };
    // No answer holds a word of what it answers.
    const page = { conversationId: group, before: 0, after: 0, atMs: 0, limit: 4, isForward: false };
    const { messages } = await parley().message.history(cy, page);
    assert.deepEqual(
      [await read(bob), await read(cy), messages.map(({ body }) => [plainText(body), body?.reply?.sequence])],
      [
        ["0 plain", "1 ", "2 hidden", "3 secret"],
        ["0 plain", "1 "],
        said.map((sequence) => ["yes", sequence]),
      ],
    );
  });
});
