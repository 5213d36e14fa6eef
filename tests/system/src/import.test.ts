/**
 * Goal: a whole corpus of real chat logs comes in through the command line, survives a restart, and a device that pages
 * one of its channels from the newest message to the oldest holds exactly the messages of the file, in order.
 * Method: the file is read a second time here, in the simplest way, and compared with what the SDK has.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemAmbient } from "@parley/base/node";
import { type ImportResult, conversationIdOf, runProgram, userIdOf } from "@parley/cli";
import type { ParleyClient } from "@parley/client";
import { createNodeClient } from "@parley/client/node";
import type { ConversationId, DeviceId, UserId } from "@parley/protocol";
import { parseConfig, startServer } from "@parley/server";

const CORPUS = fileURLToPath(new URL("../../../../shared/data/irc-ubuntu", import.meta.url));
const CORPUS_LINES = 220_419;
/** The longest of its files. */
const CHANNEL = join(CORPUS, "2006-06-01.train-a.txt");
const WAIT_MS = 30_000;

test(
  "a channel of an imported corpus holds exactly the messages of its file, in order",
  existsSync(CORPUS) ? {} : { skip: `the corpus does not lie at ${CORPUS}` },
  async () => {
    const data = await mkdtemp(join(tmpdir(), "parley-corpus-"));
    try {
      const result = (await parley(data, ["import-irc", CORPUS, "--json"])) as unknown as ImportResult;
      assert.deepEqual(
        [result.lines, result.messages + result.events + result.malformed, result.failedFiles],
        [CORPUS_LINES, CORPUS_LINES, []],
      );
      const expected = readChannel();
      const issued = await parley(data, ["token", "issue", expected[0]!.senderId, "--json"]);
      assert.deepEqual(await pageChannel(data, expected[0]!.senderId, issued), expected);
    } finally {
      await rm(data, { recursive: true });
    }
  },
);

interface Line {
  readonly senderId: string;
  readonly text: string;
  /** Minutes since midnight. */
  readonly minutes: number;
}

function readChannel(): readonly Line[] {
  return readFileSync(CHANNEL, "utf8")
    .split("\n")
    .flatMap((line): Line[] => {
      const said = /^\[(..):(..)\] <([^>]+)> (.*\S.*)$/.exec(line);
      const done = /^\[(..):(..)\] {2}\* (\S+) (.*\S.*)$/.exec(line);
      const match = said ?? done;
      if (match === null) return [];
      const [, hours, minutes, nick, text] = match;
      return [
        {
          senderId: userIdOf(nick!),
          text: done === null ? text! : `/me ${text}`,
          minutes: Number(hours) * 60 + Number(minutes),
        },
      ];
    });
}

async function pageChannel(
  data: string,
  userId: string,
  issued: Readonly<Record<string, unknown>>,
): Promise<readonly Line[]> {
  const config = parseConfig(["--data", data, "--port", "0", "--demo", "off"], {});
  const server = await startServer(config, systemAmbient(), (error) => {
    throw error;
  });
  const client = createNodeClient({
    url: server.url,
    token: issued["token"] as string,
    userId: userId as UserId,
    deviceId: issued["deviceId"] as DeviceId,
  });
  try {
    await client.start();
    await client.settled(WAIT_MS);
    return await pageToBeginning(client, conversationIdOf(CHANNEL) as ConversationId);
  } finally {
    await client.stop();
    await server.close();
  }
}

/** Collects page by page, so that what each page adds is what counts. */
async function pageToBeginning(
  client: ParleyClient,
  conversationId: ConversationId,
): Promise<readonly Line[]> {
  const found = new Map<number, Line>();
  for (
    let timeline = await client.open(conversationId);
    ;
    timeline = await client.loadOlder(conversationId)
  ) {
    for (const { sequence, senderId, timeMs, body } of timeline.messages) {
      const text = body?.text?.text;
      if (text !== undefined) found.set(sequence, { senderId, text, minutes: (timeMs / 60_000) % (24 * 60) });
    }
    if (timeline.isAtBeginning) break;
  }
  return [...found.entries()].toSorted(([one], [other]) => one - other).map(([, line]) => line);
}

async function parley(data: string, words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  let output = "";
  const exitCode = await runProgram(words, {
    ambient: systemAmbient(),
    env: { PARLEY_DATA: data },
    terminal: {
      out: (line) => (output += line),
      err: () => undefined,
      isInteractive: false,
      columns: 80,
      readSecret: () => Promise.resolve(""),
    },
  });
  assert.equal(exitCode, 0, output);
  return JSON.parse(output) as Readonly<Record<string, unknown>>;
}
