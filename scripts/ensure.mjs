// Makes the tree ready to run: the right Node, the dependencies of the lock, the compiled packages, the built web app.
// Built-ins only, because it runs before anything is installed. Progress goes to stderr, so stdout stays the caller's.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { readJson, rootPath } from "./workspace-model.mjs";

const NODE_MIN = [20, 19];
const LOCK_WAIT_MS_MAX = 600_000;
const LOCK_POLL_MS = 200;

const installStamp = join(rootPath, "node_modules", ".parley-install");
const lockFile = join(rootPath, "package-lock.json");
const webPath = join(rootPath, "apps", "web");
const webStamp = join(webPath, "dist", ".parley-build");
const webInputs = ["apps/web", "packages/client", "packages/protocol", "packages/base"];

/** A step that failed after it had said why; the caller only passes the exit code on. */
export class StepFailure extends Error {
  constructor(step, exitCode) {
    super(`${step} failed with exit code ${exitCode}.`);
    this.exitCode = exitCode;
  }
}

/**
 * Installs and builds what is missing or has changed. Calling twice is safe and takes about a second;
 * two processes that call at the same time take turns.
 * Errors: StepFailure when npm, tsc or vite fails; its output has been printed.
 *
 * @param {{ projects?: string[], withWeb?: boolean }} options the TypeScript projects to build (all of them by default)
 */
export async function ensure({ projects = [], withWeb = true } = {}) {
  await inTurn(async () => {
    await ensureInstalled();
    await ensureCompiled(projects);
    if (withWeb) await ensureWebBuilt();
  });
}

/**
 * Runs `main` and makes its outcome that of the process: its return value is the exit code, undefined being 0.
 * A StepFailure has been explained already, so only its code counts.
 * Every script starts here, so here a Node that is too old is told so.
 */
export async function runAsProgram(main) {
  try {
    requireNode();
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof StepFailure)) console.error(error);
    process.exitCode = error instanceof StepFailure ? error.exitCode : 1;
  }
}

/** Runs the command line of an installed tool with this Node; see `runStep`. */
export function runTool(packageName, tool, args, options = {}) {
  const folder = join(rootPath, "node_modules", packageName);
  const { bin } = readJson(join(folder, "package.json"));
  const entry = join(folder, typeof bin === "string" ? bin : bin[tool]);
  return runStep(options.step ?? tool, process.execPath, [entry, ...args], options);
}

/**
 * Runs a child to its end. Its output is shown only if it fails, or as it comes with `isLoud`; always on stderr.
 * Errors: StepFailure.
 */
export async function runStep(
  step,
  command,
  args,
  { cwd = rootPath, env = process.env, isLoud = false } = {},
) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["ignore", isLoud ? 2 : "pipe", isLoud ? 2 : "pipe"],
  });
  const output = [];
  child.stdout?.on("data", (chunk) => output.push(chunk));
  child.stderr?.on("data", (chunk) => output.push(chunk));
  const exitCode = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  if (exitCode === 0) return;
  process.stderr.write(Buffer.concat(output));
  say(`${step} failed with exit code ${exitCode}.`);
  throw new StepFailure(step, exitCode);
}

/** Prints one line of progress. */
export function say(line) {
  process.stderr.write(`parley: ${line}\n`);
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const isEnough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  if (isEnough) return;
  say(
    `Node ${NODE_MIN.join(".")} or newer is needed; this is ${process.version}. Install it from https://nodejs.org.`,
  );
  throw new StepFailure("the check of the Node version", 1);
}

async function ensureInstalled() {
  const digest = digestOf([lockFile]);
  if (readText(installStamp) === digest) return;
  if (!isInstalledAsLocked()) {
    say("installing dependencies");
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    await runStep("npm ci", npm, ["ci", "--no-audit", "--no-fund"]);
  }
  writeFileSync(installStamp, digest);
}

// npm keeps a record of what it installed in the same form as the lock. When the two agree, an `npm install` by hand
// has done the work already and `npm ci` would only pull the tree from under whoever is running in it.
function isInstalledAsLocked() {
  const record = join(rootPath, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = readJson(record).packages;
  return Object.entries(readJson(lockFile).packages).every(([path, locked]) => {
    if (!path.includes("node_modules/")) return true;
    const found = installed[path];
    if (found === undefined) return locked.optional === true;
    return (
      found.version === locked.version &&
      found.resolved === locked.resolved &&
      existsSync(join(rootPath, path))
    );
  });
}

async function ensureCompiled(projects) {
  const startedMs = Date.now();
  await runTool("typescript", "tsc", ["-b", "--pretty", "false", ...projects], { step: "tsc -b" });
  const seconds = (Date.now() - startedMs) / 1000;
  if (seconds > 1.5) say(`compiled in ${seconds.toFixed(1)} s`);
}

async function ensureWebBuilt() {
  if (!existsSync(join(webPath, "package.json"))) return;
  const digest = digestOf([
    lockFile,
    ...webInputs.flatMap((folder) => sourceFilesOf(join(rootPath, folder))),
  ]);
  if (readText(webStamp) === digest) return;
  say("building the web app");
  await runTool("vite", "vite", ["build", "--logLevel", "warn"], { cwd: webPath, step: "vite build" });
  writeFileSync(webStamp, digest);
}

// Outputs and tests do not change what is built.
function sourceFilesOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (["node_modules", "dist", "build"].includes(entry.name) || entry.name.includes(".test.")) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sourceFilesOf(path) : [path];
  });
}

function digestOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths.toSorted()) {
    const content = readFileSync(path);
    hash.update(`${relative(rootPath, path)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function readText(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

// One process at a time installs and builds: two compilers writing the same dist would leave a torn file.
async function inTurn(work) {
  const turn = join(rootPath, ".parley", "ensure.lock");
  mkdirSync(join(rootPath, ".parley"), { recursive: true });
  await takeTurn(turn);
  try {
    await work();
  } finally {
    rmSync(turn, { force: true });
  }
}

async function takeTurn(turn) {
  const deadlineMs = Date.now() + LOCK_WAIT_MS_MAX;
  for (let isFirst = true; ; isFirst = false) {
    try {
      writeFileSync(turn, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (isAbandoned(turn)) {
      rmSync(turn, { force: true });
    } else {
      if (isFirst) say("waiting for another build");
      if (Date.now() > deadlineMs)
        throw new Error(`${turn} has been held too long; remove it if no build is running.`);
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  }
}

// A holder that was killed leaves its file behind. A file still without its number is being written just now.
function isAbandoned(turn) {
  const holder = Number(readText(turn));
  const writtenMs = statSync(turn, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (!Number.isInteger(holder) || holder <= 0) return Date.now() - writtenMs > 5_000;
  try {
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}
