/**
 * Goal: a byte that has changed on the disk while the server was down is found when it starts: one line names the file and
 * the place, nothing is served, and the file is left as it is.
 *
 * Method: a server is stopped and killed after some messages; one byte in the middle of each file of its journal and its
 * tables is flipped, one file at a time; and flipped back.
 */
import { runServer, ServerProcess } from "@parley/bench";
import { deepEqual, match } from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fetchHistory } from "../replay/fresh-view.js";
import { ANNA, createDirect, send, startWorld, TOGETHER } from "../world.js";

/** The tables are written while the test waits. */
const HURRIED = ["--hold-ms", "50"];
const SENDS = 100;
const SENDS_MAX = 20_000;
/** Of the log of the tables, so many lengths are seen before the end. */
const SIZES = 4;
const END_MS_MAX = 10_000;

test("a changed byte in any file is found at the start, and named with its place", async (t) => {
  const world = await startWorld(t, HURRIED);
  const anna = await world.connect(ANNA);
  await createDirect(anna);
  for (let number = 1; number <= SENDS; number++) await send(anna, number, `n${number}`);
  // The first end writes the tables out, and the second leaves something in the log of each.
  await world.server.stop();
  const second = await ServerProcess.start({ dataDirectory: world.dataDirectory, serverArguments: HURRIED });
  t.after(async () => second.kill());
  const again = await world.connectTo(second, ANNA);
  // The last record of a log may be torn, so there have to be more: one for each flush of the tables.
  const tablesLog = newestLog(join(world.dataDirectory, "tables"));
  const sizes = new Set<number>();
  let count = SENDS;
  while (sizes.size < SIZES && count < SENDS_MAX) {
    count += 1;
    await send(again, count, `n${count}`);
    sizes.add(statSync(tablesLog).size);
  }
  await second.kill();
  // The tables first: they are opened, and written anew, before the journal is looked at.
  const files = ["tables", "journal"].flatMap((folder) =>
    readdirSync(join(world.dataDirectory, folder))
      .filter((name) => /\.(seg|ldb|log)$|^MANIFEST/.test(name))
      .map((name) => join(world.dataDirectory, folder, name))
      .filter((path) => statSync(path).size > 0),
  );
  t.diagnostic(files.map((path) => path.slice(world.dataDirectory.length + 1)).join(", "));
  const kinds = new Set(files.map((path) => path.replace(/.*(seg|ldb|log|MANIFEST).*/, "$1")));
  deepEqual([...kinds].toSorted(), ["MANIFEST", "ldb", "log", "seg"]);
  for (const path of files) {
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged[Math.floor(whole.length / 4)]! ^= 1;
    writeFileSync(path, damaged);
    const exit = await runServer(["--data", world.dataDirectory, "--port", "0", "--demo", "off"], {
      withinMs: END_MS_MAX,
    });
    deepEqual(
      [exit.code, exit.stderr.trim().split("\n").length, readFileSync(path)],
      [1, 1, damaged],
      exit.stderr,
    );
    match(exit.stderr, new RegExp(`${path.split("/").at(-1)}.* byte \\d+.*[Rr]estore`, "s"));
    writeFileSync(path, whole);
  }
  const third = await ServerProcess.start({ dataDirectory: world.dataDirectory });
  t.after(async () => third.kill());
  const reader = await world.connectTo(third, ANNA);
  const texts = (await fetchHistory(reader, TOGETHER)).flatMap(({ body }) => body?.text?.text ?? []);
  await reader.close();
  deepEqual(
    texts,
    Array.from({ length: count }, (_, index) => `n${index + 1}`),
  );
  deepEqual(await world.judge(third), []);
});

function newestLog(directory: string): string {
  const names = readdirSync(directory).filter((name) => name.endsWith(".log"));
  return join(directory, names.toSorted().at(-1) ?? "");
}
