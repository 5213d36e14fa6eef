/** The reports of the public API, and its reference for people: texts that are made, and committed. */
import { fileURLToPath } from "node:url";
import { type ApiCache, type ApiItem, apiOf } from "./api-surface.js";

/** One entry of the SDK. */
export interface Entry {
  /** As one imports it. */
  readonly specifier: string;
  readonly about: string;
  readonly declarations: string;
  /** Files that are made, from the root. */
  readonly report: string;
  readonly reference: string;
}

export const ENTRIES: readonly Entry[] = [
  {
    specifier: "@parley/client",
    about: "What is the same everywhere.",
    declarations: declarationsOf(import.meta.resolve("@parley/client")),
    report: "packages/client/api/common.api.md",
    reference: "docs/sdk/reference-common.md",
  },
  {
    specifier: "@parley/client/browser",
    about: "Clients for browsers.",
    declarations: declarationsOf(import.meta.resolve("@parley/client/browser")),
    report: "packages/client/api/browser.api.md",
    reference: "docs/sdk/reference-browser.md",
  },
  {
    specifier: "@parley/client/node",
    about: "Clients for Node.",
    declarations: declarationsOf(import.meta.resolve("@parley/client/node")),
    report: "packages/client/api/node.api.md",
    reference: "docs/sdk/reference-node.md",
  },
  {
    specifier: "@parley/react",
    about: "Hooks for React.",
    declarations: declarationsOf(import.meta.resolve("@parley/react")),
    report: "packages/react/api/index.api.md",
    reference: "docs/sdk/reference-react.md",
  },
];

/** Every file that is made, by its path from the root. */
export function madeFiles(): ReadonlyMap<string, string> {
  const cache = emptyCache();
  return new Map(
    ENTRIES.flatMap((each) => {
      const items = apiOf(each.declarations, cache);
      return [
        [each.report, reportOf(each, items)],
        [each.reference, referenceOf(each, items)],
      ] as const;
    }),
  );
}

/** What the public API names and no entry exports: nobody could write its type. */
export function forgottenExports(): readonly string[] {
  const cache = emptyCache();
  const all = ENTRIES.flatMap(({ declarations }) => apiOf(declarations, cache));
  const exported = new Set(all.map(({ name, source }) => `${source} ${name}`));
  const forgotten = all.flatMap(({ name, references }) =>
    references()
      .filter((reference) => !exported.has(`${reference.source} ${reference.name}`))
      .map((reference) => `${name} names ${reference.name}`),
  );
  return [...new Set(forgotten)].toSorted();
}

/** Exported names that say nothing about themselves. */
export function undocumented(): readonly string[] {
  const cache = emptyCache();
  return ENTRIES.flatMap(({ specifier, declarations }) =>
    apiOf(declarations, cache).flatMap(({ name, doc, kind }) =>
      doc === "" && kind !== "foreign" ? [`${specifier} ${name}`] : [],
    ),
  );
}

function declarationsOf(url: string): string {
  return fileURLToPath(url).replace(/\.js$/, ".d.ts");
}

function emptyCache(): ApiCache {
  return { modules: new Map(), exports: new Map() };
}

function reportOf({ specifier }: Entry, items: readonly ApiItem[]): string {
  const lines = items.map(({ signature, text }) =>
    text === ""
      ? signature
      : text
          .replaceAll(/^ *\/\*\*[^]*?\*\/\n/gm, "")
          .replaceAll(/\n+/g, "\n")
          .trim(),
  );
  return `# ${specifier}\n\nMade by \`npm run api\`. A change here is a change for everybody who uses it.\n\n\`\`\`ts\n${lines.join("\n\n")}\n\`\`\`\n`;
}

function referenceOf({ specifier, about }: Entry, items: readonly ApiItem[]): string {
  const sections = items.map(
    ({ name, kind, doc, text, signature }) =>
      `## ${name}\n\n${kind}. ${doc}\n\n\`\`\`ts\n${text === "" ? signature : text}\n\`\`\`\n`,
  );
  return `# ${specifier}\n\n${about} Made by \`npm run api\`.\n\n${sections.join("\n")}`;
}
