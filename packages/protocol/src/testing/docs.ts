/** Reads `docs/protocol`, so that tests can hold it to the code. */
import { readFileSync } from "node:fs";

// From dist/testing.
const DOCS = new URL("../../../../docs/protocol/", import.meta.url);

/** The text of a file of docs/protocol. */
export function readDoc(name: string): string {
  return readFileSync(new URL(name, DOCS), "utf8");
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

function cellsOf(line: string): readonly string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1"));
}
