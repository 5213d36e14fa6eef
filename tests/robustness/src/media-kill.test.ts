/**
 * Goal: kill -9 at any moment of uploads, sends, recalls and collections leaves every message with its file, whole, and what was
 * begun goes on by itself.
 *
 * Method: a real process and a real disk. One device sends file after file and recalls some, the collector is run again and
 * again, and the server is killed meanwhile. In the end another user reads every file.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ServerProcess } from "@parley/bench";
import { createNodeClient } from "@parley/client/node";
import type { ParleyClient } from "@parley/client";
import { mediaOf } from "@parley/protocol";
import { parley, start } from "./command.js";
import { createChance, seedOfRun } from "./seed.js";
import { pause, until } from "./wait.js";
import { ANNA, BERT, createDirect, startWorld, TOGETHER } from "./world.js";

const ROUNDS = 3;
const WITHIN_MS = 30_000;
const KILLED_WITHIN_MS = 700;
const FILES_PER_ROUND = 2;
/** Every so many-th file is recalled. */
const RECALLED_EACH = 3;
const TIDY = ["media", "tidy", "--json"] as const;

/** The file of a number: some of less than a part, some of several. */
function fileOf(number: number): Buffer {
  return Buffer.alloc(1_000 + ((number * 700_001) % 2_500_000), `${number} `);
}

/** Sends numbered files until it is told to stop, one after another, through every kill. */
class FileWriter {
  sent = 0;
  readonly recalled = new Set<number>();
  #isStopping = false;
  readonly #client: ParleyClient;
  readonly #ended: Promise<void>;

  constructor(client: ParleyClient) {
    this.#client = client;
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const number = this.sent + 1;
      const file = { name: `${number}.txt`, content: fileOf(number) };
      await this.#client.sendMedia(TOGETHER, file, { caption: String(number) }).message;
      await this.#client.settled(WITHIN_MS);
      this.sent = number;
      if (number % RECALLED_EACH === 0) await this.#recall(number);
    }
  }

  async #recall(number: number): Promise<void> {
    const isIt = (caption: string | undefined): boolean => caption === String(number);
    const messages = this.#client.timeline(TOGETHER)?.messages ?? [];
    const message = messages.findLast(({ body }) => isIt(body?.media?.caption));
    ok(message !== undefined, "what was sent is shown");
    // Said before, for it may be done and the answer lost.
    this.recalled.add(number);
    await this.#client.recall(TOGETHER, message.sequence).catch(() => undefined);
  }
}

test("files survive kills of the server", { timeout: 150_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`PARLEY_SEED=${seed}`);
  const chance = createChance(seed);
  const world = await startWorld(t);
  const { dataDirectory } = world;
  let { server } = world;
  const { port } = server;
  await createDirect(await world.connect(ANNA));
  const clientOf = async (userId: typeof ANNA, device: number): Promise<ParleyClient> => {
    const client = createNodeClient({
      url: `http://127.0.0.1:${port}`,
      token: world.token(userId, device),
      userId,
    });
    t.after(() => client.stop());
    await client.start();
    await client.settled(WITHIN_MS);
    await client.open(TOGETHER);
    return client;
  };
  const writer = new FileWriter(await clientOf(ANNA, 1));
  for (let round = 0; round < ROUNDS; round++) {
    const before = writer.sent;
    ok(
      await until(() => writer.sent >= before + FILES_PER_ROUND, WITHIN_MS),
      `files go on in round ${round}`,
    );
    const tidying = start([...TIDY, "--data", dataDirectory]).ran;
    await pause(chance.unit() * KILLED_WITHIN_MS);
    await server.kill();
    await tidying;
    server = await ServerProcess.start({ dataDirectory, port });
    t.after(() => server.kill());
  }
  await writer.stop();
  const tidied = await parley(...TIDY, "--data", dataDirectory);
  equal(tidied.code, 0, tidied.stderr);
  const report = JSON.parse(tidied.stdout) as { readonly undecided: number; readonly strayParts: number };
  equal(report.undecided, 0);

  const reader = await clientOf(BERT, 0);
  while (reader.timeline(TOGETHER)?.isAtBeginning !== true) await reader.loadOlder(TOGETHER, 200);
  const messages = reader
    .timeline(TOGETHER)!
    .messages.filter(({ body, recall }) => recall !== undefined || mediaOf(body).length > 0);
  const shown = messages.filter(({ recall }) => recall === undefined);
  const numbers = shown.map(({ body }) => Number(body!.media!.caption));
  const all = Array.from({ length: writer.sent }, (_, index) => index + 1);
  // Of a recall whose answer was lost either may be so.
  deepEqual(
    all.filter((number) => !numbers.includes(number) && !writer.recalled.has(number)),
    [],
  );
  deepEqual(
    numbers,
    [...new Set(numbers)].toSorted((one, other) => one - other),
    "in order, and once",
  );
  for (const message of shown) {
    const number = Number(message.body!.media!.caption);
    const { bytes } = await reader.fetchMedia(message);
    ok(Buffer.from(bytes).equals(fileOf(number)), `file ${number} is as it was sent`);
  }
  // What is recalled is gone from the disk; what is on it is shown, or was begun twice when an answer was lost.
  const stored = readdirSync(join(dataDirectory, "media"), { recursive: true }).map(String);
  const ids = new Set(stored.filter((name) => name.endsWith(".main")).map((name) => name.slice(3, 35)));
  const shownIds = shown.map(({ body }) => body!.media!.mediaId as string);
  deepEqual(
    shownIds.filter((id) => !ids.has(id)),
    [],
  );
  t.diagnostic(
    `${writer.sent} files, ${writer.recalled.size} recalled, ${ids.size - shownIds.length} begun twice`,
  );
  ok(ids.size - shownIds.length <= 2 * ROUNDS, "nothing else stays");
});
