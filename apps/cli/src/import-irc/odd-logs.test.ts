/**
 * Goal: no log stops an import. Every line of every file is a message, an event or reported; what is reported as brought
 * in is there.
 *
 * Method: files of the lines that logs have, of such with bytes changed, and of anything, and the files of `corpus/irc`.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemAmbient } from "@parley/base/node";
import type { ConversationId, DeviceId, SessionId, TenantId, UserId } from "@parley/protocol";
import { type Parley, localOperations, openParley } from "@parley/server";
import fc from "fast-check";
import { conversationIdOf, importIrc } from "./import-irc.js";

const CORPUS = fileURLToPath(new URL("../../corpus/irc", import.meta.url));
const TENANT = "main" as TenantId;
const READER = "reader" as UserId;
const MADE_FILES = 60;
const SEED_MAX = 2 ** 31;

test("every line of any file is brought in, an event or reported", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-odd-"));
  const logs = join(folder, "logs");
  await mkdir(logs);
  const seed = Math.floor(Math.random() * SEED_MAX);
  for (const [name, bytes] of await filesOf(seed))
    await writeFile(join(logs, `2007-06-04.${name}.txt`), bytes);
  const parley = await openParley({
    dataDirectory: join(folder, "data"),
    ambient: systemAmbient(),
    onFatal: (error) => {
      throw error;
    },
  });
  try {
    await parley.accounts.addUser({ tenantId: TENANT, userId: READER, name: "Reader" });
    const operations = localOperations(parley);
    const result = await importIrc({ paths: [logs], tenant: TENANT, operations, readers: [READER] });
    const { lines, messages, events, malformed, failedFiles } = result;
    const counts = await Promise.all((await readdir(logs)).map(async (name) => count(parley, name)));
    const shown = counts.reduce((sum, each) => sum + each, 0);
    assert.deepEqual(
      [lines, shown, failedFiles],
      [messages + events + malformed, messages, []],
      `The files follow from seed ${seed}.`,
    );
    assert.ok(messages > 0 && malformed > 0 && events > 0);
  } finally {
    await parley.close();
    await rm(folder, { recursive: true, force: true });
  }
});

async function filesOf(seed: number): Promise<readonly (readonly [string, Uint8Array])[]> {
  const names = await readdir(CORPUS);
  const kept = await Promise.all(
    names.map(async (name): Promise<readonly [string, Uint8Array]> => {
      const digits = await readFile(join(CORPUS, name), "utf8");
      return [name, Buffer.from(digits.replaceAll(/\s/g, ""), "hex")];
    }),
  );
  const made = fc.sample(FILE, { numRuns: MADE_FILES, seed });
  return [...kept, ...made.map((bytes, index): readonly [string, Uint8Array] => [`made-${index}`, bytes])];
}

const NICK = fc.oneof(
  fc.constantFrom("ann", "bob", "a/b", "", " ", "é", "<", "[x]`_", "__proto__", "n".repeat(70)),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const TEXT = fc.oneof(
  fc.constantFrom(
    "hello",
    "",
    " ",
    "\u0000",
    "\r",
    "\uFEFF",
    "\u200B",
    "\u2028",
    "/me x",
    "x".repeat(16_384),
    "y".repeat(70_000),
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
);
const TIME = fc.constantFrom("00:00", "09:14", "23:59", "24:00", "12:60", "1:00", "aa:bb");
const LINE = fc.oneof(
  fc.tuple(TIME, NICK, TEXT).map(([time, nick, text]) => `[${time}] <${nick}> ${text}`),
  fc.tuple(TIME, NICK, TEXT).map(([time, nick, text]) => `[${time}]  * ${nick} ${text}`),
  TEXT.map((text) => `=== ${text}`),
  TEXT,
);
const LINES = fc
  .tuple(fc.array(LINE, { maxLength: 12 }), fc.constantFrom("\n", "\r\n", "\r", "\n\n"))
  .map(([lines, end]) => Buffer.from(lines.join(end)));
const FILE: fc.Arbitrary<Uint8Array> = fc.oneof(
  LINES,
  fc.tuple(LINES, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    const changed = Uint8Array.from(bytes);
    if (changed.length > 0) changed[at % changed.length] = value;
    return changed;
  }),
  fc.uint8Array({ maxLength: 300 }),
);

/** How many messages the group of a file shows to its reader. */
async function count(parley: Parley, name: string): Promise<number> {
  const session = {
    tenantId: TENANT,
    userId: READER,
    deviceId: "test" as DeviceId,
    sessionId: "test" as SessionId,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
  const conversationId = conversationIdOf(name) as ConversationId;
  let found = 0;
  for (let after = 0; ;) {
    const asked = { conversationId, before: 0, after, atMs: 0, limit: 200, isForward: true };
    const page = await parley.message.history(session, asked).catch(() => undefined);
    // A file without a message makes no group.
    if (page === undefined) return found;
    found += page.messages.filter(({ body }) => body?.text !== undefined).length;
    if (page.last >= page.lastSequence) return found;
    after = page.last;
  }
}
