/**
 * Goal: what goes wrong with a real server would be found. Method: a small crowd talks over a real server process, nothing
 * fails, and the history of it has no anomaly; then the same history is judged again with one thing changed in it.
 */
import { prepareInstallation, ServerProcess } from "@parley/bench";
import { LateAssignments } from "@parley/checker";
import { deepEqual, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Crowd, crowdIds, type CrowdViews, TOKENS_PER_USER } from "../replay/crowd.js";
import { writeScript } from "../replay/script.js";
import { createChance, seedOfRun } from "../seed.js";
import { type Look, Witness } from "./witness.js";

type Recorder = LateAssignments;
type Applied = Parameters<Recorder["eventApplied"]>[0];
type Placed = Parameters<Recorder["messagePlaced"]>[0];
type Assigned = Parameters<Recorder["eventAssigned"]>[0];

const USERS = 4;
const MESSAGES = 60;
const SECONDS = 1;
/** The event of its queue that a corruption hits: one of the talk, which everybody gets. */
const HIT_PTS = 20;

const directory = mkdtempSync(join(tmpdir(), "parley-witness-"));
const dataDirectory = join(directory, "data");
const seed = seedOfRun();
let server: ServerProcess | undefined;
let witness: Witness;
let views: CrowdViews;

before(async () => {
  const chance = createChance(seed);
  const script = writeScript(USERS, MESSAGES, chance.fork());
  const plan = { dataDirectory, userIds: crowdIds(USERS), devicesPerUser: TOKENS_PER_USER };
  const installation = await prepareInstallation(plan);
  server = await ServerProcess.start({ dataDirectory });
  witness = new Witness(installation);
  const storeDirectory = join(directory, "devices");
  const crowd = new Crowd({ installation, witness, url: server.url, storeDirectory });
  await crowd.gather(script);
  await crowd.play(script, SECONDS, chance.fork());
  await crowd.settle();
  views = await crowd.views(server.webSocketUrl);
  await crowd.stop();
  await server.stop();
});
after(async () => {
  await server?.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** Writes down what it is told, but for what is done to one telling of a kind: the first that a test picks. */
class Corrupted extends LateAssignments {
  readonly #corruption: Corruption;
  #isDone = false;
  #kept: Applied | undefined;

  constructor(corruption: Corruption) {
    super();
    this.#corruption = corruption;
  }

  override messagePlaced(message: Placed): void {
    const isHit =
      this.#corruption === "acknowledged message is not in the log" && message.device !== undefined;
    if (!this.#hits(isHit)) super.messagePlaced(message);
  }

  override eventAssigned(event: Assigned): void {
    const isHit = this.#corruption === "event is missing in a queue" && event.pts === HIT_PTS;
    if (!this.#hits(isHit)) super.eventAssigned(event);
  }

  override eventApplied(event: Applied): void {
    const kept = this.#kept;
    if (kept !== undefined && kept.device === event.device) {
      this.#kept = undefined;
      super.eventApplied({ ...kept, content: event.content });
      super.eventApplied({ ...event, content: kept.content });
      return;
    }
    const isAt = event.pts === HIT_PTS;
    if (this.#hits(isAt && this.#corruption === "delivery is removed")) return;
    if (this.#hits(isAt && this.#corruption === "delivery is doubled")) super.eventApplied(event);
    if (this.#hits(isAt && this.#corruption === "delivery is swapped with the next")) this.#kept = event;
    else super.eventApplied(event);
  }

  #hits(isHit: boolean): boolean {
    if (!isHit || this.#isDone) return false;
    this.#isDone = true;
    return true;
  }
}

type Corruption = (typeof CORRUPTIONS)[number][0];

/** What is done to the history, and the code by which it is found. */
const CORRUPTIONS = [
  ["delivery is removed", "position-gap"],
  ["delivery is doubled", "applied-again"],
  ["delivery is swapped with the next", "event-differs"],
  ["acknowledged message is not in the log", "lost"],
  ["event is missing in a queue", "event-unknown"],
] as const;

/** The anomalies that are found, and all that is said. */
async function found(changes: {
  readonly recorder?: LateAssignments;
  readonly looks?: readonly Look[];
}): Promise<{ readonly codes: readonly string[]; readonly complaints: readonly string[] }> {
  const { complaints } = await witness.judge({ dataDirectory, ...views, ...changes });
  return {
    complaints,
    codes: complaints.flatMap((said) => /^I\S+ ([a-z-]+) \(\d+\): \S/.exec(said)?.[1] ?? []),
  };
}

test("a run in which nothing fails has no anomaly, and all of it was judged", async () => {
  const { complaints, figures } = await witness.judge({ dataDirectory, ...views });
  deepEqual([complaints, figures.sendsOk], [[], MESSAGES], `PARLEY_SEED=${seed} repeats it`);
  ok(figures.deliveries >= MESSAGES, `${figures.deliveries} deliveries`);
});

for (const [corruption, code] of CORRUPTIONS) {
  test(`a history in which one ${corruption} is found`, async () => {
    const { codes, complaints } = await found({ recorder: new Corrupted(corruption) });
    ok(codes.includes(code), `PARLEY_SEED=${seed}: ${complaints.join("\n")}`);
  });
}

test("a device that ends without a message, or with one twice, is found", async () => {
  const end = (change: (messages: Look["messages"]) => Look["messages"]): readonly Look[] =>
    views.looks.map((look, index) => (index === 0 ? { ...look, messages: change(look.messages) } : look));
  const without = await found({ looks: end((all) => mapFirst(all, (messages) => messages.slice(0, -1))) });
  const twice = await found({
    looks: end((all) => mapFirst(all, (messages) => [...messages, ...messages.slice(-1)])),
  });
  deepEqual(
    [without.codes.some((code) => code === "lost" || code === "missing"), twice.codes.includes("held-twice")],
    [true, true],
    `PARLEY_SEED=${seed}`,
  );
});

type Messages = Look["messages"] extends ReadonlyMap<unknown, infer T> ? T : never;

function mapFirst(all: Look["messages"], change: (messages: Messages) => Messages): Look["messages"] {
  const [first] = all.keys();
  return new Map([...all].map(([id, messages]) => [id, id === first ? change(messages) : messages]));
}
