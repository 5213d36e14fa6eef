/**
 * The public #ubuntu logs, read in place. This reader is on purpose not the importer's: a test of the import can take it
 * for the other opinion.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface CorpusLine {
  readonly nick: string;
  readonly text: string;
  readonly isAction: boolean;
}

/** `../shared/data/irc-ubuntu` beside the repository. */
export const CORPUS_PATH = fileURLToPath(new URL("../../../../shared/data/irc-ubuntu", import.meta.url));

/** Why tests of the corpus cannot run here, or undefined. */
export function corpusMissing(): string | undefined {
  return existsSync(CORPUS_PATH) ? undefined : `there is no corpus at ${CORPUS_PATH}`;
}

/** The names of all files, in order. */
export function corpusFiles(): string[] {
  return readdirSync(CORPUS_PATH)
    .filter((name) => name.endsWith(".txt"))
    .toSorted();
}

/** What people said in one file, in order; joins, leaves and other notices are left out. */
export function readCorpus(file: string): CorpusLine[] {
  return parseLog(readFileSync(join(CORPUS_PATH, file), "utf8"));
}

/** What people said in a log: `[09:14] <nick> text`, and `[09:14]  * nick does something`. */
export function parseLog(log: string): CorpusLine[] {
  const lines: CorpusLine[] = [];
  for (const line of log.split("\n")) {
    const said = /^\[\d\d:\d\d\] <([^>]+)> (.*)$/.exec(line);
    const acted = /^\[\d\d:\d\d\] {2}\* (\S+) (.*)$/.exec(line);
    const [, nick, text] = said ?? acted ?? [];
    if (nick !== undefined && text !== undefined) lines.push({ nick, text, isAction: said === null });
  }
  return lines;
}
