/**
 * Goal: when the disk does not take what is to be made durable, the server says so and ends at once, acknowledges nothing
 * that comes after, and what it had acknowledged before is there when it starts again.
 *
 * Method: strace lets the system calls of the running process fail that write or sync the log or the tables, all of them
 * from a moment on. So whatever is acknowledged after that moment is acknowledged wrongly.
 */
import { type ServerExit, ServerProcess } from "@parley/bench";
import { deepEqual, equal, match } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fetchHistory } from "../replay/fresh-view.js";
import { ANNA, createDirect, outcome, send, startWorld, TOGETHER } from "../world.js";
import { Strace, straceMissing } from "./strace.js";

const SENDS = 30;
const END_MS_MAX = 10_000;
const skip = straceMissing();

interface Fault {
  readonly name: string;
  readonly inject: string;
  readonly folder: "journal" | "tables";
  readonly ending: string;
  /** What the fatal line has to name. */
  readonly cause: RegExp;
}

const FAULTS: readonly Fault[] = [
  {
    name: "a sync of the log fails",
    inject: "fdatasync:error=EIO",
    folder: "journal",
    ending: ".seg",
    cause: /EIO/,
  },
  {
    name: "a write to the log fails",
    inject: "write,pwrite64,pwritev:error=EIO",
    folder: "journal",
    ending: ".seg",
    cause: /EIO/,
  },
  {
    name: "a sync of the tables fails",
    inject: "fdatasync:error=EIO",
    folder: "tables",
    ending: ".log",
    cause: /Input\/output error/,
  },
];

for (const { name, inject, folder, ending, cause } of FAULTS) {
  test(`the server ends when ${name}, and has everything that it acknowledged`, { skip }, async (t) => {
    const world = await startWorld(t, ["--hold-ms", "200"]);
    const anna = await world.connect(ANNA);
    await createDirect(anna);
    const before: string[] = [];
    for (let number = 1; number <= SENDS; number++)
      before.push(outcome(await send(anna, number, `n${number}`)));
    const directory = join(world.dataDirectory, folder);
    const file = readdirSync(directory).find((each) => each.endsWith(ending)) ?? "";
    const strace = await Strace.attach(world.server.pid, { inject, path: join(directory, file) });
    // The tables follow the log some time later, so what comes next may still be acknowledged.
    const after = await send(anna, SENDS + 1, `n${SENDS + 1}`).then(outcome, (error: unknown) =>
      String(error),
    );
    const exit = await endOf(world.server);
    await strace.detach();
    const fatal = exit.stderr.split("\n").filter((line) => line.includes('"fatal"'));
    deepEqual([exit.code, fatal.length, before.every((each) => each === "sent")], [1, 1, true], exit.stderr);
    match(fatal[0] ?? "", cause);
    if (folder === "journal") match(after, /closed/);

    const again = await ServerProcess.start({ dataDirectory: world.dataDirectory });
    t.after(async () => again.kill());
    const client = await world.connectTo(again, ANNA);
    const repeated = await send(client, SENDS + 1, `n${SENDS + 1}`);
    const history = await fetchHistory(client, TOGETHER);
    await client.close();
    equal(outcome(repeated), "sent");
    const texts = history.flatMap(({ body }) => body?.text?.text ?? []);
    deepEqual(
      texts,
      Array.from({ length: SENDS + 1 }, (_, index) => `n${index + 1}`),
    );
    deepEqual(await world.judge(again), []);
  });
}

/** How the server ended by itself; with SIGKILL when it did not. */
async function endOf(server: ServerProcess): Promise<ServerExit> {
  const timer = setTimeout(() => void server.kill(), END_MS_MAX);
  const exit = await server.exited;
  clearTimeout(timer);
  return exit;
}
