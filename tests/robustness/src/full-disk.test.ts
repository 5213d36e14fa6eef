/**
 * Goal: a full disk is refused by name before it hurts, reading goes on, and nothing that was accepted is lost.
 *
 * Method: a server on a small tmpfs of its own, which root may mount; elsewhere these tests skip themselves.
 */
import { type RawClient, ServerProcess } from "@parley/bench";
import type { ParleyClient } from "@parley/client";
import { type FramePayload, type Message, TEXT_BYTES_MAX } from "@parley/protocol";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fetchHistory } from "./replay/fresh-view.js";
import { ANNA, BERT, createDirect, outcome, send, startWorld, TOGETHER, type World } from "./world.js";

/** The server's own reserve is 64 MB. The log does not begin its second segment, so that all of it is there to be judged. */
const DISK_MB = 112;
/** Without a reserve. */
const DISK_WITHOUT_RESERVE_MB = 56;
const FILL_SENDS_MAX = 20_000;
const FILL_AT_A_TIME = 8;
const WAIT_MS_MAX = 60_000;

const noDisk = tmpfsMissing();

test(
  "a disk that is nearly full refuses sends, serves all else, and takes sends again",
  { skip: noDisk },
  async (t) => {
    const disk = mountDisk(t, DISK_MB);
    const world = await startWorld(t, [], disk.directory);
    const anna = await world.connect(ANNA);
    const bert = await world.connect(BERT);
    await createDirect(anna);
    const { accepted, refusal } = await fill(anna);
    t.diagnostic(`${accepted.length} were accepted before the disk was nearly full`);
    ok(accepted.length > 100, `Only ${accepted.length} were accepted: ${JSON.stringify(refusal)}`);
    ok(typeof refusal === "object", `The server ended: ${JSON.stringify(refusal)}`);
    deepEqual([refusal.code, refusal.retry, refusal.retryAfterMs > 0], ["storage-full", "same", true]);
    // A device of the SDK waits and says nothing of a failure.
    const client = world.witness.createClient({
      url: world.server.url,
      token: world.token(BERT, 1),
      userId: BERT,
    });
    t.after(async () => client.stop());
    await client.start();
    await client.settled(WAIT_MS_MAX);
    await client.open(TOGETHER);
    await client.sendText(TOGETHER, "waited");
    const refused = outcome(await bert.request("hide", { conversationId: TOGETHER, sequences: [1] }));
    const history = await fetchHistory(bert, TOGETHER);
    deepEqual([refused, lost(accepted, history), textStates(client)], ["storage-full", [], ["queued"]]);

    disk.enlarge();
    await client.settled(WAIT_MS_MAX);
    await Promise.all([anna.close(), bert.close(), client.stop()]);
    const after = await restart(t, world);
    const texts = after.flatMap(({ body }) => body?.text?.text ?? []);
    deepEqual([lost(accepted, after), texts.filter((text) => text === "waited").length], [[], 1]);
  },
);

test(
  "a disk without a reserve ends the server, and nothing accepted is lost",
  { skip: noDisk },
  async (t) => {
    const disk = mountDisk(t, DISK_WITHOUT_RESERVE_MB);
    const world = await startWorld(t, ["--reserve-mb", "0"], disk.directory);
    const anna = await world.connect(ANNA);
    await createDirect(anna);
    const { accepted, refusal } = await fill(anna);
    t.diagnostic(`${accepted.length} were accepted before the disk was full`);
    ok(accepted.length > 100, `Only ${accepted.length} were accepted: ${JSON.stringify(refusal)}`);
    if (typeof refusal === "object") equal(refusal.code, "storage-full");
    else {
      const exit = await world.server.exited;
      equal(exit.code, 1);
      match(exit.stderr, /ENOSPC|storage-full|no space|full/i);
    }
    disk.enlarge();
    await anna.close();
    deepEqual(lost(accepted, await restart(t, world)), []);
  },
);

interface Disk {
  readonly directory: string;
  enlarge(): void;
}

/** A small file system of its own, gone after the test. */
function mountDisk(t: TestContext, sizeMb: number): Disk {
  const mount = mkdtempSync(join(tmpdir(), "parley-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMb}m`, "tmpfs", mount]);
  t.after(() => {
    execFileSync("umount", ["-l", mount]);
    rmSync(mount, { recursive: true, force: true });
  });
  return {
    directory: join(mount, "data"),
    enlarge: () => execFileSync("mount", ["-o", `remount,size=${sizeMb * 8}m`, mount]),
  };
}

interface Filled {
  /** The numbers that were accepted. */
  readonly accepted: readonly number[];
  /** What the first that was not got, or why the connection ended. */
  readonly refusal: FramePayload<"refused"> | string;
}

/** Sends numbered texts of the largest size until the server refuses one or ends. */
async function fill(client: RawClient): Promise<Filled> {
  const accepted: number[] = [];
  const filler = "x".repeat(TEXT_BYTES_MAX - 8);
  try {
    for (let first = 1; first < FILL_SENDS_MAX; first += FILL_AT_A_TIME) {
      const numbers = Array.from({ length: FILL_AT_A_TIME }, (_, index) => first + index);
      const answers = await Promise.all(
        numbers.map(async (number) => send(client, number, String(number).padStart(8, "0") + filler)),
      );
      accepted.push(...numbers.filter((_, index) => answers[index]?.name === "sent"));
      // After a refusal the later ones of the batch may be "too-early".
      const refused = answers.find(({ name }) => name === "refused");
      if (refused?.name === "refused") return { accepted, refusal: refused.payload };
    }
  } catch (error) {
    return { accepted, refusal: String(error) };
  }
  return { accepted, refusal: "nothing was refused" };
}

/** Kills and starts the server, has all of it judged, and returns what is there once it takes a message again. */
async function restart(t: TestContext, world: World): Promise<readonly Message[]> {
  await world.server.kill();
  const again = await ServerProcess.start({ dataDirectory: world.dataDirectory });
  t.after(async () => again.kill());
  const client = await world.connectTo(again, ANNA, 1);
  const history = await fetchHistory(client, TOGETHER);
  const answer = await send(client, 1, "there is room again");
  await client.close();
  equal(outcome(answer), "sent");
  deepEqual(await world.judge(again), []);
  return history;
}

/** The accepted numbers that are not there once, and those that are not in order. */
function lost(accepted: readonly number[], history: readonly Message[]): readonly number[] {
  const numbers = history.flatMap(({ body }) => Number(body?.text?.text.slice(0, 8)) || []);
  const present = new Set(numbers);
  const missing = accepted.filter((number) => !present.has(number));
  return [...missing, ...numbers.filter((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0))];
}

function textStates(client: ParleyClient): readonly string[] {
  return client.timeline(TOGETHER)?.pending.map(({ state }) => state) ?? [];
}

/** Why the test of a full disk cannot run here. */
function tmpfsMissing(): string | false {
  if (process.getuid?.() !== 0) return "mounting a small file system needs root";
  const mount = mkdtempSync(join(tmpdir(), "parley-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], { stdio: "ignore" });
    execFileSync("umount", [mount]);
    return false;
  } catch {
    return "this machine does not let root mount a tmpfs";
  } finally {
    rmSync(mount, { recursive: true, force: true });
  }
}
