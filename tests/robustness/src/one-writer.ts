/** One writer of numbered messages, and whether all that it was told are there. */
import { deepEqual, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { RawClient, ServerProcess } from "@parley/bench";
import { pause } from "./wait.js";
import { ANNA, TOGETHER, type World, outcome, send } from "./world.js";

/** A folder that is gone after the test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "parley-kill-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Sends until it is told to stop, through every end of a connection, and counts what was acknowledged. */
export class Writer {
  acknowledged = 0;
  readonly #stopping = new AbortController();
  readonly #world: World;
  readonly #ended: Promise<void>;

  constructor(world: World, url: string) {
    this.#world = world;
    this.#ended = this.#run(url);
  }

  async stop(): Promise<number> {
    this.#stopping.abort();
    await this.#ended;
    return this.acknowledged;
  }

  async #run(url: string): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const client = await RawClient.connect({ url, token: this.#world.token(ANNA) });
        while (!this.#stopping.signal.aborted) {
          const number = this.acknowledged + 1;
          const answer = await send(client, number, `message ${number}`);
          if (outcome(answer) !== "sent") throw new Error(outcome(answer));
          this.acknowledged = number;
        }
        await client.close();
      } catch {
        // The server was killed: again, with the same number.
        await pause(50);
      }
    }
  }
}

/** The texts of the chat, on a server that is started for this on a directory. */
export async function textsIn(world: World, dataDirectory: string): Promise<readonly string[]> {
  // The master key is in no copy.
  const serverArguments = ["--master-key-file", join(world.dataDirectory, "keys/master.key")];
  const server = await ServerProcess.start({ dataDirectory, serverArguments });
  try {
    const client = await RawClient.connect({ url: server.webSocketUrl, token: world.token(ANNA) });
    const texts: string[] = [];
    for (let after = 0; ;) {
      const page = await client.request("getHistory", {
        conversationId: TOGETHER,
        before: 0,
        after,
        atMs: 0,
        isForward: true,
        limit: 200,
      });
      if (page.name !== "historyPage") throw new Error(page.name);
      for (const { body } of page.payload.messages) texts.push(body?.text?.text ?? "");
      if (page.payload.last >= page.payload.lastSequence) break;
      after = page.payload.last;
    }
    await client.close();
    return texts;
  } finally {
    await server.stop();
  }
}

function expected(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `message ${index + 1}`);
}

/** Everything up to `acknowledged` is there, in order and once; what was on its way may be. */
export function requireAll(texts: readonly string[], acknowledged: number): void {
  ok(texts.length >= acknowledged, `${texts.length} messages are there, ${acknowledged} were acknowledged`);
  deepEqual(texts, expected(texts.length));
}
