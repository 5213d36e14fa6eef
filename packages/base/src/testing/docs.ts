/** Reads `docs`, so that tests can hold it to the code. */
import { existsSync, readFileSync, readdirSync } from "node:fs";

// From dist/testing.
const DOCS = new URL("../../../../docs/", import.meta.url);

/** The text of a file, by its path from the folder docs. */
export function readDoc(path: string): string {
  return readFileSync(new URL(path, DOCS), "utf8");
}

/** Whether there is such a file or folder. */
export function isDoc(path: string): boolean {
  return existsSync(new URL(path, DOCS));
}

/** The names of the files of a folder of docs, sorted. */
export function docNames(folder: string): readonly string[] {
  return readdirSync(new URL(`${folder}/`, DOCS)).toSorted();
}

/** The cells of every table row of a Markdown text, heads and rules left out; code marks are taken off. */
export function rowsOf(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split("\n");
  const isRule = (line: string | undefined): boolean => /^\|(?: *:?-+:? *\|)+$/.test(line ?? "");
  return lines
    .filter((line, index) => line.startsWith("|") && !isRule(line) && !isRule(lines[index + 1]))
    .map(cellsOf);
}

/** The text below a heading, up to the next one of any level. */
export function sectionOf(markdown: string, heading: string): string {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start < 0) return "";
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line));
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join("\n");
}

/** The contents of the fenced blocks of one language, in order. */
export function blocksOf(markdown: string, language: string): readonly string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms");
  return [...markdown.matchAll(fence)].map((match) => match[1]!);
}

function cellsOf(line: string): readonly string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim().replace(/^`([^`]*)`$/, "$1"));
}
