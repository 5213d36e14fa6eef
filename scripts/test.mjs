// npm test: makes the tree ready and runs the tests, one process for each package, two at a time.
//
//   npm test                        everything
//   npm test -- packages/base       what lies under these paths; only what that needs is built
//   npm test -- --no-build          what is built already
//
// The last line of stdout is "N passed, N failed", with ", N skipped" when some were.

import { availableParallelism } from "node:os";
import { posix, relative, resolve } from "node:path";

import { ensure, runAsProgram, say, StepFailure } from "./ensure.mjs";
import { describeRunning, killAllTests, runTests } from "./test-run/child.mjs";
import { findTests, mayHold } from "./test-run/files.mjs";
import { readWorkspace, rootPath } from "./workspace-model.mjs";

const PROCESSES_MAX = Math.min(2, availableParallelism());
const SLOW_MS_MIN = 1_000;
const SLOW_LISTED_MAX = 10;
const PROGRESS_MS = 30_000;

await runAsProgram(main);

async function main() {
  const { filters, isBuilding } = parseArguments(process.argv.slice(2));
  const selected = readWorkspace().filter(({ folder }) => mayHold(folder, filters));
  if (isBuilding && !(await isBuilt(buildOptionsFor(selected, filters))))
    return printSummary([noBuild()], filters);
  const jobs = selected.map((owner) => ({ owner, ...findTests(owner, filters) }));
  stopWithUs();
  const results = await runAll(jobs.filter(({ files, missing }) => files.length + missing.length > 0));
  return printSummary(results, filters);
}

function parseArguments(args) {
  const isBuilding = !args.includes("--no-build");
  const unknown = args.filter((arg) => arg.startsWith("-") && arg !== "--no-build");
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(" ")}; there is only --no-build`);
  const base = process.env.INIT_CWD ?? process.cwd();
  const filters = args
    .filter((arg) => !arg.startsWith("-"))
    .map((arg) => relative(rootPath, resolve(base, arg)).replaceAll("\\", "/") || ".");
  return { filters, isBuilding };
}

async function isBuilt(options) {
  try {
    await ensure(options);
    return true;
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    return false;
  }
}

// What does not build has failed its tests, and the last line says so like any other.
function noBuild() {
  const failure = { name: "the build", place: ".", text: "See its output above." };
  return { folder: ".", passed: 0, failures: [failure], skipped: [], timings: [] };
}

// A test that starts the server or the web app says so in its manifest, and then all of it has to be there.
function buildOptionsFor(selected, filters) {
  const needsAll = selected.some(({ manifest }) => {
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    return names.includes("@parley/server") || names.includes("@parley/web");
  });
  if (filters.length === 0 || needsAll) return {};
  const projects = selected.flatMap(({ folder, projects: own }) =>
    own.map((project) => posix.join(folder, project)),
  );
  return { projects, withWeb: false };
}

// Packages that ask to be alone (they measure time) come last, one by one; before them the longest deadline goes first.
async function runAll(jobs) {
  const progress = setInterval(
    () => describeRunning().forEach((line) => say(`still running ${line}`)),
    PROGRESS_MS,
  );
  const alone = jobs.filter(({ owner }) => owner.manifest.parley?.testAlone === true);
  const shared = jobs.filter((job) => !alone.includes(job)).toSorted((a, b) => deadlineOf(b) - deadlineOf(a));
  const results = [...(await drain(shared, PROCESSES_MAX)), ...(await drain(alone, 1))];
  clearInterval(progress);
  return results;
}

async function drain(queue, width) {
  const results = [];
  const work = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const result = await runJob(job);
      printPackage(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}

async function runJob({ owner, files, missing }) {
  const none = { passed: 0, failures: [], skipped: [], timings: [], output: "", durationMs: 0 };
  const outcome = files.length > 0 ? await runTests(owner, files) : none;
  for (const source of missing) {
    const text = "It was not compiled: the build failed, or no tsconfig of its package includes it.";
    outcome.failures.push({ name: source, place: source, text });
  }
  const isEmpty = outcome.passed + outcome.failures.length + outcome.skipped.length === 0;
  if (isEmpty)
    outcome.failures.push({ name: "no test", place: owner.folder, text: "Its test files contain no test." });
  return { folder: owner.folder, ...outcome };
}

function printPackage({ folder, passed, failures, skipped, output, durationMs }) {
  const counts = [`${passed} passed`, `${failures.length} failed`];
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  console.log(
    `${failures.length > 0 ? "FAIL" : "ok  "} ${folder.padEnd(28)} ${counts.join(", ")}  ${seconds(durationMs)}`,
  );
  for (const { name, place, text } of failures)
    console.log(`\n  FAILED ${name}\n  at ${place}\n${indent(text)}\n`);
  for (const { name, reason } of skipped) console.log(`     skipped: ${name} (${reason})`);
  if (failures.length > 0 && output.trim() !== "")
    console.log(`  OUTPUT of ${folder}\n${indent(output.trimEnd())}\n`);
}

function printSummary(results, filters) {
  const all = (field) =>
    results.flatMap((result) => result[field].map((entry) => ({ folder: result.folder, ...entry })));
  const slow = all("timings")
    .filter(({ durationMs }) => durationMs >= SLOW_MS_MIN)
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .slice(0, SLOW_LISTED_MAX);
  if (slow.length > 0) console.log("\nslowest tests");
  for (const { folder, name, durationMs } of slow)
    console.log(`  ${seconds(durationMs).padStart(8)}  ${folder}: ${name}`);

  const failures = all("failures");
  if (failures.length > 0 && results.length > 1) console.log("\nfailed");
  if (results.length > 1) for (const { folder, name } of failures) console.log(`  ${folder}: ${name}`);

  const passedCount = results.reduce((sum, { passed }) => sum + passed, 0);
  const skippedCount = all("skipped").length;
  const nothingRan = passedCount + failures.length + skippedCount === 0;
  if (nothingRan)
    console.log(
      `No test was found${filters.length > 0 ? ` under ${filters.join(", ")}` : ""}; that counts as a failure.`,
    );
  const failedCount = failures.length + (nothingRan ? 1 : 0);
  const skippedText = skippedCount > 0 ? `, ${skippedCount} skipped` : "";
  console.log(`\n${passedCount} passed, ${failedCount} failed${skippedText}`);
  return failedCount > 0 ? 1 : 0;
}

// The test processes have groups of their own, so a signal from the terminal does not reach them by itself.
function stopWithUs() {
  for (const [signal, exitCode] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ]) {
    process.once(signal, () => {
      killAllTests();
      process.exit(exitCode);
    });
  }
}

function deadlineOf({ owner }) {
  return owner.manifest.parley?.testDeadlineSeconds ?? 0;
}

function seconds(durationMs) {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

function indent(text) {
  return text.replace(/^/gm, "    ");
}
