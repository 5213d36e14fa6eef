/** What an operator gives a server beside its settings: kinds of groups, a list of words, a reviewer. */
import { pathToFileURL } from "node:url";
import { readFile, stat } from "node:fs/promises";
import { type Ambient, Failure, failureCode, type Logger, messageOf } from "@parley/base";
import type { InstalledScenario, LaterReviewer, Reviewer, ReviewVerdict } from "@parley/contracts";
import { KeywordReviewer } from "@parley/review";
import { ANNOUNCEMENT, checkScenarios, CLASS_GROUP } from "@parley/scenarios";
import type { Config } from "./config.js";
import type { WiringOptions } from "./wiring.js";

/** How often the file of words is looked at. */
const WORDS_CHECK_MS = 5_000;
const WORDS_BYTES_MAX = 16 * 1024 * 1024;

type PluginOptions = Pick<WiringOptions, "scenarios" | "reviewer" | "isReviewFailOpen" | "laterReviewer">;
type PluginConfig = Pick<Config, "scenariosModule" | "reviewWordsFile" | "reviewerModule" | "reviewFailOpen">;

export interface Plugins {
  readonly options: PluginOptions;
  /** Idempotent. */
  close(): void;
}

/** Errors: "bad-setting" for what cannot be loaded, "bad-scenario", "bad-word-list". */
export async function openPlugins(config: PluginConfig, ambient: Ambient): Promise<Plugins> {
  const scenarios = [CLASS_GROUP, ANNOUNCEMENT, ...(await loadScenarios(config.scenariosModule))];
  checkScenarios(scenarios);
  const loaded = await loadReviewer(config.reviewerModule);
  const words =
    config.reviewWordsFile === undefined ? undefined : await WordFile.open(config.reviewWordsFile);
  const reviewer = inTurn([words?.reviewer, loaded.reviewer].filter((each) => each !== undefined));
  const open = config.reviewFailOpen;
  const timer = words && ambient.scheduler.every(WORDS_CHECK_MS, () => words.check(ambient.logger));
  return {
    options: {
      scenarios,
      ...(reviewer === undefined ? {} : { reviewer }),
      isReviewFailOpen: (tenantId) => open === "all" || open.includes(tenantId),
      ...(loaded.laterReviewer === undefined ? {} : { laterReviewer: loaded.laterReviewer }),
    },
    close: () => timer?.cancel(),
  };
}

/** A list of words in a file, read again when the file changes. */
export class WordFile {
  readonly reviewer: KeywordReviewer;
  readonly #path: string;
  #stamp: string;
  #isChecking = false;

  private constructor(path: string, reviewer: KeywordReviewer, stamp: string) {
    this.#path = path;
    this.reviewer = reviewer;
    this.#stamp = stamp;
  }

  /** Errors: "bad-setting", "bad-word-list". */
  static async open(path: string): Promise<WordFile> {
    try {
      const stamp = await stampOf(path);
      return new WordFile(path, new KeywordReviewer(await readFile(path, "utf8")), stamp);
    } catch (cause) {
      if (failureCode(cause) === "bad-word-list") throw cause;
      throw bad("--review-words", "cannot be read", cause);
    }
  }

  /** Reads the file if it has changed. What is wrong with it is logged, and the words before still count. */
  check(logger: Logger): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    this.reload()
      .then((isNew) => {
        if (isNew) logger.info("review-words", { words: this.reviewer.wordCount });
      })
      .catch((error: unknown) => logger.error("review-words-kept", { reason: messageOf(error) }))
      .finally(() => (this.#isChecking = false));
  }

  /** Whether there was something new. Errors: "bad-word-list", those of reading a file; each is told once. */
  async reload(): Promise<boolean> {
    const stamp = await stampOf(this.#path);
    if (stamp === this.#stamp) return false;
    this.#stamp = stamp;
    this.reviewer.load(await readFile(this.#path, "utf8"));
    return true;
  }
}

async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  if (size > WORDS_BYTES_MAX)
    throw new Failure("bad-word-list", `The word list has more than ${WORDS_BYTES_MAX} bytes.`, {
      retry: "after-change",
    });
  return [mtimeMs, size, ino].join("/");
}

/** One after the other: each sees what the one before made of it, and the first that refuses decides. */
export function inTurn(reviewers: readonly Reviewer[]): Reviewer | undefined {
  const [first, ...others] = reviewers;
  if (first === undefined || others.length === 0) return first;
  const rest = inTurn(others)!;
  return {
    review(content, files) {
      const verdict = first.review(content, files);
      const go = (before: ReviewVerdict): ReviewVerdict | Promise<ReviewVerdict> => {
        if (before.kind === "refuse") return before;
        const body = before.kind === "replace" ? before.body : content.body;
        const after = rest.review({ ...content, body }, files);
        const merge = (one: ReviewVerdict): ReviewVerdict => (one.kind === "accept" ? before : one);
        return after instanceof Promise ? after.then(merge) : merge(after);
      };
      return verdict instanceof Promise ? verdict.then(go) : go(verdict);
    },
  };
}

/** The module's default export: a scenario, or a list of them. */
async function loadScenarios(path: string | undefined): Promise<readonly InstalledScenario[]> {
  if (path === undefined) return [];
  const found = (await load(path, "--scenarios")).default;
  const list = (Array.isArray(found) ? found : [found]) as readonly InstalledScenario[];
  if (list.some((each) => typeof each?.declared?.name !== "string"))
    throw bad("--scenarios", "has to have a scenario, or a list of them, as its default export");
  return list;
}

/** The module exports `reviewer`, `laterReviewer` or both. */
async function loadReviewer(
  path: string | undefined,
): Promise<{ readonly reviewer?: Reviewer; readonly laterReviewer?: LaterReviewer }> {
  if (path === undefined) return {};
  const { reviewer, laterReviewer } = (await load(path, "--reviewer")) as {
    readonly reviewer?: Reviewer;
    readonly laterReviewer?: LaterReviewer;
  };
  const given = [reviewer, laterReviewer].filter((each) => each !== undefined);
  if (given.length === 0 || given.some((each) => typeof each.review !== "function"))
    throw bad("--reviewer", "has to export a reviewer, a laterReviewer or both");
  return { ...(reviewer && { reviewer }), ...(laterReviewer && { laterReviewer }) };
}

async function load(path: string, option: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (cause) {
    throw bad(option, "cannot be loaded", cause);
  }
}

function bad(setting: string, what: string, cause?: unknown): Failure {
  return new Failure("bad-setting", `${setting} ${what}.`, {
    retry: "after-change",
    details: { setting },
    cause,
  });
}
