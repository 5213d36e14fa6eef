/** A real server process for one test, with three users and the few things that most tests say to it. */
import { type Installation, prepareInstallation, RawClient, ServerProcess } from "@parley/bench";
import {
  type ClientMessageId,
  type ConversationId,
  directConversationId,
  type Frame,
  parseUserId,
  textBody,
} from "@parley/protocol";
import { equal } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Witness } from "./witness/witness.js";

export const ANNA = parseUserId("anna");
export const BERT = parseUserId("bert");
export const CARL = parseUserId("carl");
export const PASSWORD = "correct horse";
/** The direct chat of anna and bert. */
export const TOGETHER = directConversationId(ANNA, BERT);

/** A server process with anna, bert and carl, and two tokens for each. */
export interface World {
  readonly installation: Installation;
  readonly dataDirectory: string;
  readonly server: ServerProcess;
  readonly witness: Witness;
  token(userId: string, device?: number): string;
  /** A raw client of the first server. */
  connect(userId: string, device?: number): Promise<RawClient>;
  /** A raw client of a later server on the same data. */
  connectTo(server: ServerProcess, userId: string, device?: number): Promise<RawClient>;
  /**
   * Stops the last server in good order and returns what the checker says of all that was done through the witness. A
   * server that stops has everything in the queues of its users, so loss is judged to their ends.
   */
  judge(lastServer: ServerProcess): Promise<readonly string[]>;
}

/** A server with anna, bert and carl, cleaned away after the test. */
export async function startWorld(
  t: TestContext,
  serverArguments: readonly string[] = [],
  directory?: string,
): Promise<World> {
  const dataDirectory = directory ?? mkdtempSync(join(tmpdir(), "parley-bad-"));
  const installation = await prepareInstallation({
    dataDirectory,
    userIds: [ANNA, BERT, CARL],
    devicesPerUser: 2,
    password: PASSWORD,
  });
  const server = await ServerProcess.start({ dataDirectory, serverArguments });
  t.after(async () => {
    await server.kill();
    if (directory === undefined) rmSync(dataDirectory, { recursive: true, force: true });
  });
  const token = (userId: string, device = 0): string =>
    installation.tokens.get(parseUserId(userId))![device]!;
  const witness = new Witness(installation);
  const connectTo = async (to: ServerProcess, userId: string, device?: number): Promise<RawClient> =>
    RawClient.connect({ url: to.webSocketUrl, ...witness.rawTap(token(userId, device)) });
  return {
    installation,
    dataDirectory,
    server,
    witness,
    token,
    connect: async (userId, device) => connectTo(server, userId, device),
    connectTo,
    judge: async (lastServer) => {
      const { code, stderr } = await lastServer.stop();
      equal(code, 0, stderr);
      return (await witness.judge({ dataDirectory, drained: witness.rawTokens })).complaints;
    },
  };
}

/** Anna makes the direct chat with bert. */
export async function createDirect(client: RawClient): Promise<void> {
  const answer = await client.request("createConversation", { isDirect: true, userIds: [BERT], name: "one" });
  equal(answer.name, "conversationCreated");
}

/** Sends a text as the `number`-th of its device. */
export async function send(
  client: RawClient,
  number: number,
  text: string,
  conversationId: string = TOGETHER,
): Promise<Frame> {
  return client.request("send", {
    conversationId: conversationId as ConversationId,
    clientMessageId: `c${number}` as ClientMessageId,
    number,
    body: textBody(text),
  });
}

/** The code of a refusal, else the name of the answer. */
export function outcome(frame: Frame): string {
  return frame.name === "refused" ? frame.payload.code : frame.name;
}
