/** What the messages of a measured conversation say, and the words to look for in them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { seededUnit } from "../seeded-unit.js";
import { CHAT_LOGS } from "../chat-logs.js";

const SAID = /^\[\d\d:\d\d\] (?:<[^>]+> | \* )(.+)$/su;
const WORD = /[a-z0-9]+/gu;
const WORD_LENGTH_MIN = 4;
/** Where the logs are not at hand. */
const MADE_UP_WORDS = 20_000;

export interface Said {
  readonly source: "chat logs" | "made up";
  readonly texts: readonly string[];
}

export interface LookedFor {
  /** In 3 to 10 messages. */
  readonly rare: readonly string[];
  /** In 1 % of the messages or more. */
  readonly frequent: readonly string[];
  /** Rare words read backwards that nobody wrote. */
  readonly missing: readonly string[];
}

/** The lines of the chat logs in their order, again and again until there are enough of them. */
export function whatIsSaid(count: number): Said {
  const isReal = existsSync(CHAT_LOGS);
  const lines = isReal ? chatLines() : madeUpLines(count);
  const texts = Array.from({ length: count }, (_, index) => lines[index % lines.length]!);
  return { source: isReal ? "chat logs" : "made up", texts };
}

/** Words of each kind, spread over all there are; fewer when there are no more. */
export function wordsToFind(texts: readonly string[], count: number): LookedFor {
  const messages = new Map<string, number>();
  for (const text of texts) {
    for (const word of new Set(text.toLowerCase().match(WORD)))
      messages.set(word, (messages.get(word) ?? 0) + 1);
  }
  const words = [...messages].filter(([word]) => word.length >= WORD_LENGTH_MIN);
  const between = (min: number, max: number): readonly string[] =>
    words.filter(([, found]) => found >= min && found <= max).map(([word]) => word);
  const rare = between(3, 10);
  const backwards = rare.map((word) => Array.from(word).toReversed().join(""));
  const beginnings = new Set([...messages.keys()].flatMap((word) => beginningsOf(word)));
  return {
    rare: spread(rare, count),
    frequent: spread(between(Math.ceil(texts.length / 100), texts.length), count),
    missing: spread(
      backwards.filter((word) => !beginnings.has(word)),
      count,
    ),
  };
}

function chatLines(): readonly string[] {
  return readdirSync(CHAT_LOGS)
    .filter((name) => name.endsWith(".txt"))
    .toSorted()
    .flatMap((name) => readFileSync(join(CHAT_LOGS, name), "utf8").split("\n"))
    .flatMap((line) => SAID.exec(line)?.[1]?.trim() ?? [])
    .filter((text) => text !== "");
}

function madeUpLines(count: number): readonly string[] {
  const unit = seededUnit(7);
  const letters = (): string =>
    Array.from({ length: 3 + Math.floor(unit() * 7) }, () =>
      String.fromCharCode(97 + Math.floor(unit() ** 2 * 26)),
    ).join("");
  const words = Array.from({ length: MADE_UP_WORDS }, letters);
  const word = (): string => words[Math.floor(unit() ** 4 * words.length)]!;
  return Array.from({ length: count }, () =>
    Array.from({ length: 4 + Math.floor(unit() * 12) }, word).join(" "),
  );
}

function beginningsOf(word: string): readonly string[] {
  return Array.from({ length: word.length }, (_, index) => word.slice(0, index + 1));
}

function spread(words: readonly string[], count: number): readonly string[] {
  const step = Math.max(1, Math.floor(words.length / count));
  return words.filter((_, index) => index % step === 0).slice(0, count);
}
