/** Bundles a page's code as the web app is bundled, and weighs it. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin, type Rolldown } from "vite";

const ENTRY = "parley-size-entry";
/** As in apps/web. */
const TARGET = ["chrome123", "firefox128", "safari17.5"];
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What a page loads at its start: the entry, and what it imports other than by `import()`. */
export interface BundleSize {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Bytes of each module before it is minified, the largest first. */
  readonly modules: readonly (readonly [path: string, bytes: number])[];
  /** Compressed bytes of each file that is loaded later, by the name of its first module. */
  readonly late: readonly (readonly [name: string, gzipBytes: number])[];
}

type Chunk = Rolldown.OutputChunk;

/** Weighs `source`, the text of a module, with everything that it imports. */
export async function bundleSize(source: string): Promise<BundleSize> {
  const plugin: Plugin = {
    name: ENTRY,
    // Beside this package, so that its dependencies are found.
    resolveId: (id) => (id === ENTRY ? `${ROOT}${ENTRY}.js` : undefined),
    load: (id) => (id === `${ROOT}${ENTRY}.js` ? source : undefined),
  };
  const built = await build({
    root: ROOT,
    configFile: false,
    logLevel: "silent",
    plugins: [plugin],
    build: {
      write: false,
      minify: true,
      target: TARGET,
      modulePreload: { polyfill: false },
      rollupOptions: { input: ENTRY, output: { format: "es" } },
    },
  });
  if (!("output" in built)) throw new Error("One entry makes one bundle.");
  const chunks = built.output.filter((part) => part.type === "chunk");
  const first = loadedFirst(chunks);
  return {
    bytes: sumOf(first, ({ code }) => Buffer.byteLength(code)),
    gzipBytes: sumOf(first, gzipBytesOf),
    modules: first
      .flatMap(({ modules }) => Object.entries(modules))
      .map(([path, { renderedLength }]) => [path, renderedLength] as const)
      .toSorted(([, one], [, other]) => other - one),
    late: chunks
      .filter((chunk) => !first.includes(chunk))
      .map((chunk) => [chunk.name, gzipBytesOf(chunk)] as const)
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  };
}

function loadedFirst(chunks: readonly Chunk[]): readonly Chunk[] {
  const names = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  // What is added while the set is walked is walked too.
  for (const name of names)
    for (const imported of chunks.find(({ fileName }) => fileName === name)?.imports ?? [])
      names.add(imported);
  return chunks.filter(({ fileName }) => names.has(fileName));
}

function gzipBytesOf({ code }: Chunk): number {
  return gzipSync(code, { level: 9 }).length;
}

function sumOf(chunks: readonly Chunk[], figure: (chunk: Chunk) => number): number {
  return chunks.reduce((sum, chunk) => sum + figure(chunk), 0);
}
