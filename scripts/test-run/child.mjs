// Runs the tests of one package in one process and judges how it went.
//
//   spawn -> loading+ -> loaded -> end -> exit 0 or 1
//   each test, from its file's loading on: start -> begin -> finish -> stop (a skipped one without begin and finish),
//   and then, in the order of definition: report -> pass | fail
//
// Invariants: 1. Every way to end other than this one is a failure: an early exit, a crash, a signal, a process that
// lives on. 2. A failure names the test that was running. 3. Nothing the tests have spawned in their process group
// outlives them.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

import { rootPath } from "../workspace-model.mjs";
import { sourcePathOf } from "./files.mjs";

const DEADLINE_SECONDS_DEFAULT = 300;
// A process with no test left to run has this long to end by itself.
const IDLE_MS_MAX = 10_000;
const RESOURCES_WAIT_MS = 500;
const CLOSE_WAIT_MS = 1_000;
const OUTPUT_BYTES_MAX = 256 * 1024;
const ACTIVITY_AFTER_END = /asynchronous activity after the test ended/;

const liveGroups = new Set();

/**
 * @typedef {object} Outcome
 * @property {number} passed
 * @property {{ name: string, place: string, text: string }[]} failures
 * @property {{ name: string, reason: string }[]} skipped
 * @property {{ name: string, durationMs: number }[]} timings of every test that ran
 * @property {string} output what the tests printed, at most its last 256 KiB
 * @property {number} durationMs
 */

/** Runs the compiled test files of a package. Resolves with an Outcome whatever happens. */
export async function runTests(owner, files) {
  const startedMs = Date.now();
  const child = spawnTests(files);
  const run = new Run(owner.folder, child.pid);
  liveGroups.add(child.pid);
  const output = collectOutput(child);
  const deadline = setTimeout(
    () => {
      run.kill(
        run.runningOr("no test was running"),
        `the deadline of ${deadlineSeconds(owner)} s has passed.`,
      );
    },
    deadlineSeconds(owner) * 1000,
  );
  const idle = watchIdle(run, child);
  createInterface({ input: child.stdio[3] }).on("line", (line) => run.accept(JSON.parse(line)));

  const { code, signal } = await ended(child);
  clearTimeout(deadline);
  clearInterval(idle);
  run.judgeEnd(code, signal);
  return { ...run.outcome, output: output(), durationMs: Date.now() - startedMs };
}

/** Kills every test process that is still running, with what it spawned. */
export function killAllTests() {
  for (const pid of liveGroups) killGroup(pid);
}

/** What each package that is still running is doing, for a line of progress. */
export function describeRunning() {
  return [...Run.live].map((run) => `${run.folder}: ${run.runningOr("loading")}`);
}

class Run {
  static live = new Set();

  outcome = { passed: 0, failures: [], skipped: [], timings: [] };
  lastMessageMs = Date.now();
  isLoaded = false;
  hasEnded = false;
  isKilled = false;
  resources = [];
  // What runs by the hooks, which speak at once, and by the reporter, which speaks late but also of suites and hooks.
  #running = [];
  #pendingCount = 0;
  #exitStack = undefined;
  #path = [];
  #file = undefined;

  constructor(folder, pid) {
    this.folder = folder;
    this.pid = pid;
    Run.live.add(this);
  }

  get isIdle() {
    return (
      this.isLoaded &&
      this.#pendingCount === 0 &&
      this.#running.length === 0 &&
      Date.now() - this.lastMessageMs > IDLE_MS_MAX
    );
  }

  runningOr(otherwise) {
    if (this.#running.length > 0) return this.#running.join(", ");
    return this.isLoaded || this.#file === undefined ? otherwise : `${sourcePathOf(this.#file)} (loading)`;
  }

  accept(message) {
    this.lastMessageMs = Date.now();
    switch (message.type) {
      case "loading":
        this.#file = message.file;
        break;
      case "loaded":
        this.isLoaded = true;
        break;
      case "end":
        this.hasEnded = true;
        break;
      case "exit":
        this.#exitStack = message.stack;
        break;
      case "start":
        this.#pendingCount += 1;
        break;
      case "stop":
        this.#pendingCount -= 1;
        break;
      case "begin":
        this.#running.push(message.name);
        break;
      case "finish":
        this.#running = this.#running.filter((name) => name !== message.name);
        break;
      case "report":
        this.#path.length = message.nesting;
        this.#path.push(message.name);
        break;
      case "pass":
      case "fail":
        this.#count(message);
        break;
      case "resources":
        this.resources = message.resources;
        break;
      case "diagnostic":
        if (ACTIVITY_AFTER_END.test(message.message)) this.fail("after a test had ended", message.message);
        break;
    }
  }

  fail(name, text, place = this.folder) {
    this.outcome.failures.push({ name, place, text });
  }

  kill(name, reason) {
    this.isKilled = true;
    this.fail(name, `The test process was killed: ${reason}`);
    killGroup(this.pid);
  }

  judgeEnd(code, signal) {
    Run.live.delete(this);
    const { failures } = this.outcome;
    if (this.isKilled) return;
    if (!this.hasEnded || !this.isLoaded) {
      const how = signal === null ? `exited early with code ${code}` : `was ended by ${signal}`;
      this.fail(
        this.runningOr("no test was running"),
        [`The test process ${how}.`, this.#exitStack].join("\n").trim(),
      );
    } else if (code !== 0 && failures.length === 0) {
      this.fail("after the last test", `The test process ended with ${signal ?? `exit code ${code}`}.`);
    }
  }

  // A parent is reported after its children and fails with them: one failure is not told twice.
  #count(message) {
    const { name, nesting, isSuite, durationMs, type } = message;
    const title = [...this.#path.slice(0, nesting), name].join(" > ");
    if (message.skip !== undefined || message.todo !== undefined) {
      if (!isSuite) this.outcome.skipped.push({ name: title, reason: reasonOf(message) });
    } else if (type === "pass") {
      if (isSuite) return;
      this.outcome.passed += 1;
      this.outcome.timings.push({ name: title, durationMs });
    } else if (message.failureType !== "subtestsFailed") {
      const place =
        message.file === undefined ? this.folder : `${sourcePathOf(message.file)}:${message.line}`;
      this.fail(title, message.error, place);
    }
  }
}

function spawnTests(files) {
  const here = (name) => fileURLToPath(new URL(name, import.meta.url));
  const reporter = new URL("reporter.mjs", import.meta.url).href;
  const args = ["--enable-source-maps", `--test-reporter=${reporter}`, "--test-reporter-destination=stdout"];
  const env = { ...process.env };
  delete env.NODE_TEST_CONTEXT;
  return spawn(process.execPath, [...args, here("entry.mjs"), ...files], {
    cwd: rootPath,
    env,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: true,
  });
}

function collectOutput(child) {
  let output = Buffer.alloc(0);
  let isCut = false;
  const add = (chunk) => {
    output = Buffer.concat([output, chunk]);
    if (output.length <= OUTPUT_BYTES_MAX) return;
    output = output.subarray(-OUTPUT_BYTES_MAX);
    isCut = true;
  };
  child.stdout.on("data", add);
  child.stderr.on("data", add);
  return () => `${isCut ? "[the beginning is cut off]\n" : ""}${output.toString()}`;
}

// Once the process is gone, so is its group. A pipe may still be held by something in a group of its own: not waited for.
function ended(child) {
  return new Promise((resolve) => {
    let result = { code: 1, signal: null };
    const finish = () => {
      liveGroups.delete(child.pid);
      resolve(result);
    };
    child.once("error", finish);
    child.once("exit", (code, signal) => {
      result = { code, signal };
      killGroup(child.pid);
      const timer = setTimeout(() => {
        for (const stream of child.stdio) stream?.destroy();
      }, CLOSE_WAIT_MS);
      child.once("close", () => {
        clearTimeout(timer);
        finish();
      });
    });
  });
}

// An open handle keeps a process alive for ever after its last test; waiting for the deadline would say nothing about it.
function watchIdle(run, child) {
  const interval = setInterval(() => {
    if (!run.isIdle) return;
    clearInterval(interval);
    child.kill("SIGUSR2");
    setTimeout(() => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      run.kill(
        "after the last test",
        `something left open kept it alive (${run.resources.join(", ") || "unknown"}).`,
      );
    }, RESOURCES_WAIT_MS);
  }, 1_000);
  return interval;
}

function reasonOf({ skip, todo }) {
  const given = skip ?? todo;
  if (typeof given === "string" && given !== "") return given;
  return skip === undefined ? "to do" : "no reason given";
}

function killGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH" && error.code !== "EPERM") throw error;
  }
}

function deadlineSeconds({ manifest }) {
  return manifest.parley?.testDeadlineSeconds ?? DEADLINE_SECONDS_DEFAULT;
}
