import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Failure, failureCode } from "@parley/base";
import { systemAmbient } from "@parley/base/node";
import type { DeviceId, Message, SessionId, TenantId, UserId } from "@parley/protocol";
import { type Operations, type Parley, localOperations, openParley } from "@parley/server";
import { conversationIdOf, importIrc } from "./import-irc.js";

const DAY_MS = Date.UTC(2007, 5, 4);
const NAME = "2007-06-04.garden.txt";

let folder: string;
let logs: string;
let parley: Parley;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-import-"));
  logs = join(folder, "logs");
  await mkdir(logs);
  await open();
});

afterEach(async () => {
  await parley.close();
  await rm(folder, { recursive: true, force: true });
});

describe("an import of IRC logs", () => {
  test("makes each file a group with its nicks and its messages at their times", async () => {
    await writeFile(
      join(logs, NAME),
      "[09:14] <ann> hello\n=== x joined\n???\n[23:59] <bob> late\n[00:01] <ann> early\n",
    );
    await writeFile(join(logs, "ignored.md"), "not a log");
    const result = await run();
    assert.deepEqual(result, {
      files: 1,
      lines: 5,
      messages: 3,
      messagesBefore: 0,
      events: 1,
      malformed: 1,
      malformedLines: [
        { file: join(logs, NAME), line: 3, reason: "neither a message, an action nor an event" },
      ],
      usersAdded: 2,
      failedFiles: [],
    });
    assert.deepEqual(
      (await history("bob")).map(({ senderId, text, timeMs }) => [senderId, text, timeMs - DAY_MS]),
      [
        ["ann", "hello", minutes(9 * 60 + 14)],
        ["bob", "late", minutes(24 * 60 - 1)],
        ["ann", "early", minutes(24 * 60 + 1)],
      ],
    );
  });

  test("adds nothing when it is run again, also after a restart", async () => {
    await writeFile(join(logs, NAME), lines(500));
    const first = await run();
    await parley.close();
    await open();
    const second = await run();
    assert.deepEqual(
      [first.messages, second.messages, second.messagesBefore, (await history("ann")).length],
      [500, 0, 500, 500],
    );
  });

  test("goes on where it was stopped, with nothing lost or doubled", async () => {
    await writeFile(join(logs, NAME), lines(1000));
    const operations = localOperations(parley);
    let calls = 0;
    const stopping: Operations = {
      ...operations,
      importHistory: async (batch) => {
        calls += 1;
        if (calls === 3) throw new Failure("unavailable", "The server has gone away.");
        return operations.importHistory(batch);
      },
    };
    const stopped = await run(stopping).catch(failureCode);
    const resumed = await run();
    const texts = (await history("ann")).map(({ text }) => text);
    assert.deepEqual(
      [stopped, resumed.messagesBefore, resumed.messages, texts],
      ["unavailable", 400, 600, Array.from({ length: 1000 }, (_, index) => `line ${index}`)],
    );
  });

  test("counts users once when files are read side by side", async () => {
    for (const day of ["04", "05", "06", "07"]) await writeFile(join(logs, `2007-06-${day}.txt`), lines(10));
    assert.equal((await run()).usersAdded, 2);
  });

  test("reports a file without a date and one that has shrunk, and brings in the others", async () => {
    await writeFile(join(logs, NAME), lines(10));
    await run();
    await writeFile(join(logs, NAME), lines(5));
    await writeFile(join(logs, "undated.txt"), lines(5));
    await writeFile(join(logs, "2007-06-05.good.txt"), lines(5));
    const result = await run();
    assert.deepEqual(
      [
        result.messages,
        result.failedFiles.map(({ message }) => message).toSorted((one, other) => one.localeCompare(other)),
      ],
      [
        5,
        [
          "10 messages were imported from a file that now has 5.",
          "The file's name holds no date such as 2004-12-25.",
        ],
      ],
    );
  });

  test("reports a file whose group another file has, and reads one that is named twice once", async () => {
    const other = join(folder, "other");
    await mkdir(other);
    await writeFile(join(logs, NAME), lines(3));
    await writeFile(join(other, NAME), "[10:00] <eve> from elsewhere\n".repeat(5));
    const paths = [logs, join(logs, NAME), other];
    const result = await importIrc({ paths, tenant: TENANT, operations: localOperations(parley) });
    assert.deepEqual(
      [result.files, result.messages, (await history("ann")).length, result.failedFiles],
      [
        2,
        3,
        3,
        [
          {
            file: join(other, NAME),
            code: "bad-request",
            message: `Its group is that of ${join(logs, NAME)}: give it a name of its own.`,
          },
        ],
      ],
    );
  });

  test("lets existing users read every group", async () => {
    await parley.accounts.addUser({ tenantId: TENANT, userId: "carla" as UserId, name: "Carla" });
    await writeFile(join(logs, NAME), lines(3));
    await run(localOperations(parley), ["carla" as UserId]);
    assert.equal((await history("carla")).length, 3);
  });

  test("says that there is nothing to read", async () => {
    assert.equal(await run().catch(failureCode), "bad-request");
  });
});

const TENANT = "main" as TenantId;

async function open(): Promise<void> {
  parley = await openParley({
    dataDirectory: join(folder, "data"),
    ambient: systemAmbient(),
    onFatal: (error) => {
      throw error;
    },
  });
}

function run(
  operations = localOperations(parley),
  readers: readonly UserId[] = [],
): ReturnType<typeof importIrc> {
  return importIrc({ paths: [logs], tenant: TENANT, operations, readers });
}

async function history(userId: string): Promise<{ senderId: UserId; text: string; timeMs: number }[]> {
  const session = {
    tenantId: TENANT,
    userId: userId as UserId,
    deviceId: "test" as DeviceId,
    sessionId: "test" as SessionId,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
  const found: Message[] = [];
  for (let after = 0; ;) {
    const page = await parley.message.history(session, {
      conversationId: conversationIdOf(join(logs, NAME)) as Message["conversationId"],
      before: 0,
      after,
      atMs: 0,
      limit: 200,
      isForward: true,
    });
    found.push(...page.messages);
    if (page.last >= page.lastSequence) break;
    after = page.last;
  }
  return found
    .filter(({ body }) => body?.text !== undefined)
    .map(({ senderId, timeMs, body }) => ({ senderId, timeMs, text: body!.text!.text }));
}

function lines(count: number): string {
  const nicks = ["ann", "bob"];
  return Array.from({ length: count }, (_, index) => `[10:00] <${nicks[index % 2]}> line ${index}\n`).join(
    "",
  );
}

function minutes(count: number): number {
  return count * 60_000;
}
