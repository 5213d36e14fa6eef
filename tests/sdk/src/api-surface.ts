/**
 * What a package exports, read from the declarations that the compiler made of it. Comments inside a declaration stand in `text` and
 * not in `signature`: a better word is no change of the API.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseAst } from "rolldown/parseAst";

/** One exported name. */
export interface ApiItem {
  readonly name: string;
  readonly kind: "function" | "class" | "interface" | "type" | "value" | "foreign";
  /** The doc comment, without its stars; empty when there is none. */
  readonly doc: string;
  /** The declaration, without comments, spaced by one blank. */
  readonly signature: string;
  /** The declaration as it stands. */
  readonly text: string;
  /** The file that declares it, or the package for a foreign one. */
  readonly source: string;
  /** What the signature names of the same package. */
  readonly references: () => readonly Reference[];
}

/** A name, and the file that declares it. */
export interface Reference {
  readonly name: string;
  readonly source: string;
}

/** What was read already. */
export interface ApiCache {
  readonly modules: Map<string, Module>;
  readonly exports: Map<string, ReadonlyMap<string, ApiItem>>;
}

/** The exported names of an entry, by name. */
export function apiOf(entry: string, cache: ApiCache): readonly ApiItem[] {
  return [...exportsOf(entry, cache).values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** What is read of a node of ESTree. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly name?: string;
  readonly value?: string;
  readonly id?: Node | null;
  readonly body?: readonly Node[];
  readonly declaration?: (Node & { readonly declarations?: readonly Node[] }) | null;
  readonly source?: Node | null;
  readonly specifiers?: readonly (Node & {
    readonly local: Node;
    readonly exported?: Node;
    readonly imported?: Node;
  })[];
}

/** A file of declarations. */
export interface Module {
  readonly path: string;
  readonly text: string;
  readonly body: readonly Node[];
  /** Imported names, and where they come from. */
  readonly imports: ReadonlyMap<string, { readonly name: string; readonly from: string }>;
}

const KINDS: Readonly<Record<string, ApiItem["kind"]>> = {
  TSDeclareFunction: "function",
  FunctionDeclaration: "function",
  ClassDeclaration: "class",
  TSInterfaceDeclaration: "interface",
  TSTypeAliasDeclaration: "type",
  VariableDeclaration: "value",
};

function exportsOf(path: string, cache: ApiCache): ReadonlyMap<string, ApiItem> {
  const known = cache.exports.get(path);
  if (known !== undefined) return known;
  const module = readModule(path, cache);
  const items = new Map<string, ApiItem>();
  cache.exports.set(path, items);
  for (const node of module.body) {
    if (node.type === "ExportAllDeclaration")
      for (const [name, item] of exportsOf(pathOf(module, node.source?.value ?? ""), cache))
        items.set(name, item);
    if (node.type !== "ExportNamedDeclaration") continue;
    if (node.declaration !== null && node.declaration !== undefined) {
      const item = itemOf(module, node, cache);
      items.set(item.name, withOverload(items.get(item.name), item));
    }
    for (const { local, exported } of node.specifiers ?? []) {
      const name = exported?.name ?? "";
      const origin = node.source?.value ?? module.imports.get(local.name ?? "")?.from;
      items.set(name, { ...resolveItem(module, { name: local.name ?? "", origin }, cache), name });
    }
  }
  return items;
}

/** Several signatures of one function are one item. */
function withOverload(before: ApiItem | undefined, item: ApiItem): ApiItem {
  if (before === undefined) return item;
  const [signature, text] = [`${before.signature}\n\n${item.signature}`, `${before.text}\n${item.text}`];
  const references = (): readonly Reference[] => [...before.references(), ...item.references()];
  return { ...item, doc: before.doc === "" ? item.doc : before.doc, signature, text, references };
}

function resolveItem(
  module: Module,
  { name, origin }: { readonly name: string; readonly origin: string | undefined },
  cache: ApiCache,
): ApiItem {
  if (origin !== undefined && !origin.startsWith(".")) {
    const signature = `${name} from "${origin}"`;
    return { name, kind: "foreign", doc: "", signature, text: "", source: origin, references: () => [] };
  }
  const found =
    origin === undefined
      ? declared(module, cache).get(name)
      : exportsOf(pathOf(module, origin), cache).get(name);
  if (found === undefined) throw new Error(`${module.path} exports ${name}, which is nowhere.`);
  return found;
}

/** Declarations that are exported by a list at the end. */
function declared(module: Module, cache: ApiCache): ReadonlyMap<string, ApiItem> {
  const nodes = module.body.filter(({ type }) => KINDS[type] !== undefined);
  return new Map(
    nodes.map((node) => {
      const item = itemOf(module, { ...node, declaration: node }, cache);
      return [item.name, item];
    }),
  );
}

function itemOf(module: Module, node: Node, cache: ApiCache): ApiItem {
  const declaration = node.declaration!;
  const name = declaration.id?.name ?? declaration.declarations?.[0]?.id?.name ?? "";
  const text = module.text
    .slice(node.start, node.end)
    .replace(/^export (?:declare )?/, "")
    .replaceAll(/^ +#private;\n/gm, "")
    .replaceAll(/^ +private .*;\n/gm, "");
  const signature = text
    .replaceAll(/\/\*\*[^]*?\*\//g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  return {
    name,
    kind: KINDS[declaration.type] ?? "value",
    doc: docBefore(module.text, node.start),
    signature,
    text,
    source: module.path,
    references: () => referencesIn(module, { signature, own: name }, cache),
  };
}

/** The doc comment that ends right before `start`. */
function docBefore(text: string, start: number): string {
  const comment = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*$/.exec(text.slice(0, start))?.[1] ?? "";
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

function referencesIn(
  module: Module,
  { signature, own }: { readonly signature: string; readonly own: string },
  cache: ApiCache,
): readonly Reference[] {
  const words = new Set(signature.replaceAll(/"[^"]*"/g, "").match(/\b[A-Z][A-Za-z0-9]*\b/g));
  const locals = new Set(
    module.body.flatMap((node) => {
      const declaration = node.declaration ?? node;
      return declaration.id?.name === undefined ? [] : [declaration.id.name];
    }),
  );
  return [...words].flatMap((name) => {
    if (name === own) return [];
    const imported = module.imports.get(name);
    if (imported === undefined) return locals.has(name) ? [{ name, source: module.path }] : [];
    if (!imported.from.startsWith(".")) return [];
    const found = exportsOf(pathOf(module, imported.from), cache).get(imported.name);
    return found === undefined ? [] : [{ name: imported.name, source: found.source }];
  });
}

function readModule(path: string, cache: ApiCache): Module {
  const known = cache.modules.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(path, "utf8");
  const body = parseAst(text, { lang: "dts" }, path).body as unknown as readonly Node[];
  const imports = new Map<string, { readonly name: string; readonly from: string }>();
  for (const node of body)
    if (node.type === "ImportDeclaration")
      for (const { local, imported } of node.specifiers ?? [])
        imports.set(local.name ?? "", { name: imported?.name ?? "", from: node.source?.value ?? "" });
  const module = { path, text, body, imports };
  cache.modules.set(path, module);
  return module;
}

function pathOf(module: Module, specifier: string): string {
  const path = resolve(dirname(module.path), specifier.replace(/\.js$/, ".d.ts"));
  if (!existsSync(path)) throw new Error(`${module.path} names ${specifier}, which is not there.`);
  return path;
}
