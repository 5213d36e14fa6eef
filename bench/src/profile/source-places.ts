/** Tells which source a frame of a profile stands in: of this workspace by its source maps, of libraries by their folders. */
import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";
import { type CallFrame, NO_SCRIPT, type Place } from "./cpu-profile.js";

const WORKSPACE = new URL("../../../", import.meta.url).href;
const MODULES = "/node_modules/";

/** V8's states, which stand where a function's name would. */
const STATES: ReadonlyMap<string, string> = new Map([
  ["(garbage collector)", "gc"],
  // What V8 could not attribute: its compiler, what Node does in C++, system calls.
  ["(program)", "native"],
  ["(root)", "native"],
  ["(idle)", "native"],
]);

/** Remembers the source maps that it has read. */
export class SourcePlaces {
  readonly #maps = new Map<string, SourceMap | undefined>();

  placeOf(frame: CallFrame): Place {
    const { functionName, url } = frame;
    if (frame.scriptId === NO_SCRIPT)
      return { file: "(native)", line: 0, package: STATES.get(functionName) ?? "native" };
    // As codecs are, from schemas.
    if (url === "") return { file: "(made at run time)", line: 0, package: "made at run time" };
    if (url.startsWith("node:")) return { file: url, line: frame.lineNumber + 1, package: "node" };
    const inModules = url.lastIndexOf(MODULES);
    if (inModules >= 0) {
      const file = url.slice(inModules + MODULES.length);
      const name = file.split("/", file.startsWith("@") ? 2 : 1).join("/");
      return { file, line: frame.lineNumber + 1, package: name };
    }
    if (!url.startsWith(WORKSPACE)) return { file: url, line: frame.lineNumber + 1, package: "elsewhere" };
    return this.#inWorkspace(frame);
  }

  #inWorkspace({ url, lineNumber, columnNumber }: CallFrame): Place {
    const compiled = url.slice(WORKSPACE.length);
    const [folder = "", name = ""] = compiled.split("/");
    const isPackage = name !== "" && name !== "dist";
    const entry = this.#map(url)?.findEntry(lineNumber, columnNumber);
    const line = entry !== undefined && "originalLine" in entry ? entry.originalLine : lineNumber;
    return {
      file: compiled.replace("/dist/", "/src/").replace(/\.js$/, ".ts"),
      line: line + 1,
      package: isPackage ? `${folder}/${name}` : folder,
    };
  }

  #map(url: string): SourceMap | undefined {
    if (!this.#maps.has(url)) this.#maps.set(url, readMap(url));
    return this.#maps.get(url);
  }
}

function readMap(url: string): SourceMap | undefined {
  try {
    const text = readFileSync(fileURLToPath(`${url}.map`), "utf8");
    return new SourceMap(JSON.parse(text) as SourceMapPayload);
  } catch {
    // Not built with maps: lines are then those of the compiled file.
    return undefined;
  }
}
