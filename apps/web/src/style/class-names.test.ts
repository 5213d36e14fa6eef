/** Style sheets are not typed: here every class that a component names exists, and every class is named, but for those of a library. */
import { deepEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../../src/", import.meta.url));

function filesOf(folder: string, ending: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(folder, path));
}

function all(text: string, pattern: RegExp): readonly string[] {
  return Array.from(text.matchAll(pattern), (match) => match[1] ?? "");
}

/** The classes that components name, by style sheet. */
function namedClasses(): ReadonlyMap<string, ReadonlySet<string>> {
  const named = new Map<string, Set<string>>();
  for (const component of filesOf(sources, ".tsx")) {
    const text = readFileSync(component, "utf8");
    for (const [, variable = "", path = ""] of text.matchAll(/import (\w+) from "(.+\.module\.css)"/gu)) {
      const sheet = join(dirname(component), path);
      const classes = named.get(sheet) ?? new Set();
      for (const name of all(text, new RegExp(String.raw`\b${variable}\.(\w+)`, "gu"))) classes.add(name);
      named.set(sheet, classes);
    }
  }
  return named;
}

test("each style sheet has the classes that components name, and no others", () => {
  const named = namedClasses();
  const wrong = filesOf(sources, ".module.css").flatMap((sheet) => {
    const text = readFileSync(sheet, "utf8").replaceAll(/\/\*[^]*?\*\/|:global\([^)]*\)/gu, "");
    const has = new Set(all(text, /\.([A-Za-z][\w-]*)/gu));
    const wants = named.get(sheet) ?? new Set();
    return [
      ...[...wants].filter((name) => !has.has(name)).map((name) => `${sheet} lacks .${name}`),
      ...[...has].filter((name) => !wants.has(name)).map((name) => `${sheet}: nothing uses .${name}`),
    ];
  });
  deepEqual([named.size > 10, wrong], [true, []]);
});

test("each colour that a style sheet uses is defined", () => {
  const texts = filesOf(sources, ".css").map((sheet) => readFileSync(sheet, "utf8"));
  const defined = new Set(texts.flatMap((text) => all(text, /(--[\w-]+):/gu)));
  const used = new Set(texts.flatMap((text) => all(text, /var\((--[\w-]+)/gu)));
  deepEqual([used.size > 10, [...used].filter((name) => !defined.has(name))], [true, []]);
});
