/**
 * Goal: a server whose disk is too slow for what comes in refuses by name what it cannot take, answers everything, keeps
 * its memory, and has each accepted message once and in order.
 *
 * Method: strace delays every sync by a second, and devices that ignore all advice send hundreds of large texts at once.
 * What is refused is said again until it is accepted.
 */
import { prepareInstallation, RawClient, ServerProcess } from "@parley/bench";
import {
  type ConversationId,
  directConversationId,
  parseUserId,
  REQUESTS_IN_FLIGHT_MAX,
} from "@parley/protocol";
import { deepEqual, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fetchHistory } from "../replay/fresh-view.js";
import { Witness } from "../witness/witness.js";
import { outcome, send } from "../world.js";
import { Strace, straceMissing } from "./strace.js";

const SENDERS = 8;
/** More than one connection may have waiting. */
const SENDS = REQUESTS_IN_FLIGHT_MAX + 100;
/** So large that the server is pressed, and so small that the log is one segment, which is not trimmed before it is judged. */
const TEXT_CHARACTERS = 6_000;
const SYNC_DELAY_MS = 1_000;
const ROUNDS_MAX = 20;
/** All texts are 17 MB, in the log, two machines and the tables; young garbage alone may take 192 MB (three semi-spaces). */
const GROWTH_BYTES_MAX = 400 * 1024 * 1024;

test(
  "a flood onto a slow disk is refused by name or accepted, once and in order",
  { skip: straceMissing() },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "parley-flood-"));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const userIds = Array.from({ length: SENDERS }, (_, index) => parseUserId(`u${index}`));
    const dataDirectory = join(directory, "data");
    const installation = await prepareInstallation({ dataDirectory, userIds, devicesPerUser: 1 });
    const witness = new Witness(installation);
    const server = await ServerProcess.start({ dataDirectory });
    t.after(async () => server.kill());
    const clients = await Promise.all(
      userIds.map(async (userId) =>
        RawClient.connect({
          url: server.webSocketUrl,
          ...witness.rawTap(installation.tokens.get(userId)![0]!),
        }),
      ),
    );
    const conversations = userIds.map((userId, index) =>
      directConversationId(userId, userIds[(index + 1) % SENDERS]!),
    );
    for (const [index, client] of clients.entries()) {
      await client.request("createConversation", {
        isDirect: true,
        userIds: [userIds[(index + 1) % SENDERS]!],
        name: "one",
      });
    }
    const before = await server.stats();
    const inject = `fdatasync:delay_exit=${SYNC_DELAY_MS * 1_000}`;
    const strace = await Strace.attach(server.pid, { inject });
    const flooding = Promise.all(clients.map(async (client, index) => flood(client, conversations[index]!)));
    const refusals = new Map<string, number>();
    for (const refused of (await flooding).flat()) refusals.set(refused, (refusals.get(refused) ?? 0) + 1);
    await strace.detach();
    const grownBytes = (await server.stats()).rss - before.rss;
    t.diagnostic(`grown by ${Math.round(grownBytes / 1e6)} MB, refused: ${JSON.stringify([...refusals])}`);
    const wrong: string[] = [];
    for (const [index, client] of clients.entries()) {
      const history = await fetchHistory(client, conversations[index]!);
      const mine = history.filter(
        ({ senderId, body }) => senderId === userIds[index] && body?.text !== undefined,
      );
      const numbers = mine.map(({ body }) => Number.parseInt(body?.text?.text ?? "", 10));
      if (numbers.length !== SENDS || numbers.some((number, at) => number !== at + 1))
        wrong.push(`${userIds[index]} has ${numbers.length} messages: ${numbers.join(" ")}`);
      await client.close();
    }
    await server.stop();
    const judgement = await witness.judge({ dataDirectory, drained: witness.rawTokens });
    ok(refusals.size > 0, "Nothing was refused.");
    ok(grownBytes < GROWTH_BYTES_MAX, `The server grew by ${grownBytes} bytes.`);
    deepEqual([judgement.complaints, judgement.figures.sendsOk], [[], SENDERS * SENDS]);
    deepEqual([wrong, [...refusals.keys()].filter((each) => !each.endsWith(" same"))], [[], []]);
  },
);

/** Sends everything at once, and what was refused again and again. Returns the code and retry of each refusal. */
async function flood(client: RawClient, conversationId: ConversationId): Promise<readonly string[]> {
  const filler = " ".padEnd(TEXT_CHARACTERS, "x");
  const refusals: string[] = [];
  let open = Array.from({ length: SENDS }, (_, index) => index + 1);
  for (let round = 0; open.length > 0; round++) {
    if (round === ROUNDS_MAX) throw new Error(`${open.length} sends were refused ${ROUNDS_MAX} times.`);
    const answers = await Promise.all(
      open.map(async (number) => send(client, number, String(number) + filler, conversationId)),
    );
    for (const answer of answers)
      if (answer.name === "refused") refusals.push(`${outcome(answer)} ${answer.payload.retry}`);
    open = open.filter((_, index) => answers[index]?.name !== "sent");
  }
  return refusals;
}
