/**
 * Goal: keys may be rotated at any time, and whoever is killed in the middle of it, the server or the command: everything that
 * was acknowledged is read by its devices, and every stored row opens.
 *
 * Method: while a crowd talks, `parley keys rotate` gives all tenants new keys again and again, and the server is killed: at a
 * random moment, or just when the next key store is being written. While it is down the master key is rotated, and that
 * command is killed in the same way.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parley, start } from "../command.js";
import { type Chance, createChance, seedOfRun } from "../seed.js";
import { pause } from "../wait.js";
import { playThrough, type Stage } from "./stage.js";

const MESSAGES = 400;
const SECONDS = 6;
const KILLS = 4;
/** A random moment comes within this time, and so does the writing of a key store. */
const MOMENT_MS_MAX = 1_000;
/** A killed command is killed in its work, and not while Node starts. */
const COMMAND_MS_MIN = 250;
/** Of the changes of a folder, the last after which a moment may come: a rotation of one key makes four to six. */
const EVENTS_MAX = 30;
const DRAFTS = ["store.new", "master.key.new", "master.key.draft"];

interface Counts {
  rotations: number;
  masterRotations: number;
  /** Kills that left a file half done. */
  cutOff: number;
}

test("a crowd goes on while keys are rotated and whoever does it is killed", async (t) => {
  const counts: Counts = { rotations: 0, masterRotations: 0, cutOff: 0 };
  const chance = createChance(seedOfRun());
  const versions: number[] = [];
  const complaints = await playThrough(t, {
    messages: MESSAGES,
    seconds: SECONDS,
    fault: async (stage) => {
      for (let kill = 0; kill < KILLS; kill++) {
        await killWhileRotating(stage, chance, counts);
        await killMasterRotation(stage, chance, counts);
        await stage.startAgain();
      }
    },
    inspect: async (dataDirectory) => {
      versions.push(...(await keyVersions(dataDirectory)));
      const { code, stdout } = await parley("tables", "verify", "--data", dataDirectory, "--json");
      return code === 0 ? [] : [`Verifying the tables ends with ${code}: ${stdout.slice(0, 1_000)}`];
    },
  });
  report(t, counts);
  deepEqual(complaints, []);
  ok(Math.min(...versions) > KILLS, `versions ${versions.join(" ")}`);
});

/** Kills the server while one command after the other rotates the keys of all tenants. */
async function killWhileRotating(stage: Stage, chance: Chance, counts: Counts): Promise<void> {
  const { code, stderr } = await parley("keys", "rotate", "--data", stage.dataDirectory);
  equal(code, 0, stderr);
  counts.rotations += 1;
  const killing = new AbortController();
  const rotating = (async (): Promise<void> => {
    while (!killing.signal.aborted) {
      const { child, ran } = start(["keys", "rotate", "--data", stage.dataDirectory]);
      // It must not go on with a directory whose server is gone: the next server would find it locked.
      const stop = (): boolean => child.kill("SIGKILL");
      killing.signal.addEventListener("abort", stop);
      if ((await ran).code === 0) counts.rotations += 1;
      killing.signal.removeEventListener("abort", stop);
    }
  })();
  await moment(join(stage.dataDirectory, "keys"), chance);
  killing.abort();
  await Promise.all([stage.server.kill(), rotating]);
  await countDrafts(stage, counts);
}

/** Rotates the master key while no server runs, and kills the command. */
async function killMasterRotation(stage: Stage, chance: Chance, counts: Counts): Promise<void> {
  const { child, ran } = start(["keys", "rotate", "--master", "--data", stage.dataDirectory]);
  void (async () => {
    await pause(COMMAND_MS_MIN);
    await moment(join(stage.dataDirectory, "keys"), chance);
    child.kill("SIGKILL");
  })();
  if ((await ran).code === 0) counts.masterRotations += 1;
  await countDrafts(stage, counts);
}

/** Resolves at a random moment, or some instants after a file is begun in a folder. */
async function moment(folder: string, chance: Chance): Promise<void> {
  const isBlind = chance.unit() < 0.3;
  const waitMs = MOMENT_MS_MAX * (isBlind ? chance.unit() : 1);
  const skipped = chance.below(EVENTS_MAX);
  let watcher: FSWatcher | undefined;
  let seen = 0;
  const begun = new Promise<void>((resolve) => {
    if (isBlind) return;
    watcher = watch(folder, () => {
      seen += 1;
      if (seen > skipped) resolve();
    });
  });
  await Promise.race([begun, pause(waitMs)]);
  watcher?.close();
}

async function countDrafts({ dataDirectory }: Stage, counts: Counts): Promise<void> {
  const names = await readdir(join(dataDirectory, "keys"));
  if (names.some((name) => DRAFTS.includes(name))) counts.cutOff += 1;
}

async function keyVersions(dataDirectory: string): Promise<readonly number[]> {
  const { stdout } = await parley("keys", "status", "--data", dataDirectory, "--json");
  const { tenants } = JSON.parse(stdout) as { readonly tenants: readonly { readonly version: number }[] };
  return tenants.map(({ version }) => version);
}

function report(t: TestContext, { rotations, masterRotations, cutOff }: Counts): void {
  t.diagnostic(
    `${rotations} rotations and ${masterRotations} of the master key were answered; ${cutOff} of ${2 * KILLS} kills left a draft`,
  );
}
