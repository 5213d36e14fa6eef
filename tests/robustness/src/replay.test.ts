/**
 * Goal: whatever happens to connections, devices and the server's process, all devices of all users end with the same
 * messages in the same order, none that was accepted is missing, none is there twice, and every count is right.
 *
 * Method: fifty users with two SDK devices each replay a day of a real log at speed, through a proxy that breaks
 * connections at random, onto a server process that is killed (SIGKILL) and restarted on its data. One device of each
 * user keeps its store in a file and is restarted now and then. Some users mark as read, delete for themselves, and come
 * and go meanwhile. When all has settled and the server has ended, the checker judges the history of the run: what was
 * sent, what the server's logs assigned, what each device was told, stored and shows, and what a new device is shown. Everything random follows from one seed, which is printed; `PARLEY_SEED` repeats it (the timing
 * of the machine stays its own). `PARLEY_ROBUSTNESS=long` kills ten times.
 */
import { prepareInstallation, type ServerExit, ServerProcess } from "@parley/bench";
import type { Figures } from "@parley/checker";
import { deepEqual } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Chaos, type ChaosPlan } from "./replay/chaos.js";
import { Crowd, crowdIds, type CrowdViews, DEVICES_PER_USER, TOKENS_PER_USER } from "./replay/crowd.js";
import { judge } from "./replay/judge.js";
import { type Script, writeScript } from "./replay/script.js";
import { type Chance, createChance, seedOfRun } from "./seed.js";
import { CUTS, TcpProxy } from "./tcp-proxy.js";
import { Witness } from "./witness/witness.js";

interface Plan extends ChaosPlan {
  readonly messages: number;
  /** Whether devices learn at the end that the network is well, instead of waiting for silence and their next try. */
  readonly isHealed: boolean;
}

const USERS = 50;
const SHORT: Plan = { seconds: 16, kills: 3, messages: 1_200, isHealed: true };
const LONG: Plan = { seconds: 100, kills: 10, messages: 6_000, isHealed: false };
/** A few seconds of absence are then a Rebase, and a connection without an answer is given up after a few seconds. */
const SERVER_ARGUMENTS = ["--rebase-events", "100", "--heartbeat-seconds", "2"];
const COMPLAINTS_SHOWN = 20;

test("devices agree after broken connections, killed servers and restarts of their own", async (t) => {
  const plan = process.env["PARLEY_ROBUSTNESS"] === "long" ? LONG : SHORT;
  const seed = seedOfRun();
  const chance = createChance(seed);
  const script = writeScript(USERS, plan.messages, chance.fork());
  say(t, `seed ${seed} (PARLEY_SEED=${seed} repeats it); words from ${script.source}`);
  const directory = mkdtempSync(join(tmpdir(), "parley-replay-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const serverOptions = { dataDirectory: join(directory, "data"), serverArguments: SERVER_ARGUMENTS };
  const installation = await prepareInstallation({
    dataDirectory: serverOptions.dataDirectory,
    userIds: crowdIds(USERS),
    devicesPerUser: TOKENS_PER_USER,
  });
  const server = await ServerProcess.start(serverOptions);
  const proxy = await TcpProxy.start(server.port);
  const witness = new Witness(installation);
  const storeDirectory = join(directory, "devices");
  const crowd = new Crowd({ installation, witness, url: proxy.url, storeDirectory });
  const chaos = new Chaos({ server, serverOptions, proxy, devices: crowd.devices });
  const complaints: string[] = [];
  const took: string[] = [];
  let views: CrowdViews;
  try {
    views = await run(crowd, chaos, { plan, script, chance, took });
    complaints.push(...views.pending);
  } finally {
    report(t, crowd, chaos);
    await crowd.stop();
    await proxy.close();
    complaints.push(...endOf(await chaos.end()));
  }
  const {
    complaints: found,
    figures,
    truth,
  } = await timed(took, "judged in", async () =>
    witness.judge({ dataDirectory: serverOptions.dataDirectory, ...views }),
  );
  say(t, `${took.join(", ")}; judged: ${JSON.stringify(figures)}`);
  // What the checker says comes first: it names the anomaly.
  complaints.unshift(...found, ...judge(truth.messages, views.devices));
  complaints.push(...chaos.loggedErrors, ...crowd.loggedErrors, ...needless(crowd));
  const shown = complaints.slice(0, COMPLAINTS_SHOWN);
  deepEqual(shown, [], `Seed ${seed}, ${complaints.length} complaints: ${shown.join("\n")}`);
  deepEqual(tooLittle(crowd, chaos, { ...plan, figures }), []);
});

interface Run {
  readonly plan: Plan;
  readonly script: Script;
  readonly chance: Chance;
  /** Gets what took how long. */
  readonly took: string[];
}

async function run(crowd: Crowd, chaos: Chaos, { plan, script, chance, took }: Run): Promise<CrowdViews> {
  await timed(took, "gathered in", async () => crowd.gather(script));
  await timed(took, "played in", async () => {
    const playing = crowd.play(script, plan.seconds, chance.fork());
    await chaos.run(plan, chance.fork());
    if (plan.isHealed) chaos.heal();
    await playing;
  });
  await timed(took, "settled in", async () => crowd.settle());
  return timed(took, "looked in", async () => crowd.views(chaos.server.webSocketUrl));
}

async function timed<T>(took: string[], what: string, work: () => Promise<T>): Promise<T> {
  const beganMs = performance.now();
  const result = await work();
  took.push(`${what} ${Math.round(performance.now() - beganMs)} ms`);
  return result;
}

function report(t: TestContext, crowd: Crowd, chaos: Chaos): void {
  const { counts } = chaos;
  const cuts = Object.entries(counts.cuts).map(([how, count]) => `${how} ${count}`);
  say(
    t,
    `${crowd.sentCount} messages, ${counts.kills} kills and ${counts.falseStarts} during a start, cuts: ${cuts.join(", ")}`,
  );
  say(
    t,
    `${counts.restarts} restarts of devices, ${crowd.reconnects} reconnects, ${crowd.counts.reads} reads, ` +
      `${crowd.counts.hides} deletions (${crowd.counts.hidesUnanswered} unanswered), ` +
      `${crowd.counts.memberChanges} changes of members, ` +
      `slowest start of the server ${counts.recoveryMsMax} ms`,
  );
  const logged = [...crowd.logged].map(([event, count]) => `${event} ${count}`);
  say(t, `logged by the SDK: ${logged.join(", ")}`);
}

function endOf({ code, signal, stderr }: ServerExit): readonly string[] {
  return code === 0 ? [] : [`The server ended with ${code ?? signal}: ${stderr}`];
}

/** Whatever happened to the server, it knows every position that it ever pushed; devices need not begin anew. */
function needless(crowd: Crowd): readonly string[] {
  const count = crowd.logged.get("rebase: unknown-epoch") ?? 0;
  return count === 0 ? [] : [`${count} devices were told that their position is unknown.`];
}

/** What the run was to go through and did not. */
function tooLittle(
  crowd: Crowd,
  chaos: Chaos,
  { figures, ...plan }: Plan & { readonly figures: Figures },
): readonly string[] {
  const { cuts, kills, restarts } = chaos.counts;
  const logged = (start: string): number =>
    [...crowd.logged].reduce((sum, [event, count]) => (event.startsWith(start) ? sum + count : sum), 0);
  const found: readonly [string, number, number][] = [
    ["messages", crowd.sentCount, plan.messages],
    // A device that is restarted between an answer and its being noted holds the message, and nobody notes the answer.
    ["acknowledged messages", figures.sendsOk, plan.messages * 0.98],
    ["deliveries", figures.deliveries, plan.messages * DEVICES_PER_USER],
    ["kills", kills, plan.kills],
    ["restarts", restarts, plan.seconds / 2],
    ["rebases", logged("rebase"), 1],
    ["silent connections", logged("session failed: silent"), plan.isHealed ? 0 : 1],
    ...CUTS.map((how): [string, number, number] => [`cuts "${how}"`, cuts[how], plan.seconds / 8]),
  ];
  return found.flatMap(([what, count, min]) => (count < min ? [`${what}: ${count} of at least ${min}`] : []));
}

/** Shown by a run of the file alone, and in the output of a failed one. */
function say(t: TestContext, text: string): void {
  t.diagnostic(text);
  process.stdout.write(`${text}\n`);
}
