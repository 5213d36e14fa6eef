/** Bundles a page's code as the web app is bundled, and weighs it. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "vite";

const ENTRY = "parley-size-entry";
/** As in apps/web. */
const TARGET = ["chrome123", "firefox128", "safari17.5"];
const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface BundleSize {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Bytes of each module before it is minified, the largest first. */
  readonly modules: readonly (readonly [path: string, bytes: number])[];
}

/** Weighs `source`, the text of a module, with everything that it imports. */
export async function bundleSize(source: string): Promise<BundleSize> {
  const modules = new Map<string, number>();
  const plugin: Plugin = {
    name: ENTRY,
    // Beside this package, so that its dependencies are found.
    resolveId: (id) => (id === ENTRY ? `${ROOT}${ENTRY}.js` : undefined),
    load: (id) => (id === `${ROOT}${ENTRY}.js` ? source : undefined),
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const [path, { renderedLength }] of Object.entries(chunk.modules))
          modules.set(path, (modules.get(path) ?? 0) + renderedLength);
      }
    },
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
  const text = built.output.map((part) => (part.type === "chunk" ? part.code : "")).join("");
  return {
    bytes: Buffer.byteLength(text),
    gzipBytes: gzipSync(text, { level: 9 }).length,
    modules: [...modules].toSorted(([, one], [, other]) => other - one),
  };
}
