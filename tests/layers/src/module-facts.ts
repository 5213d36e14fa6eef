import { parseSync } from "oxc-parser";

/** Something in a file, and where. Shape: `line` counts from 1. */
export interface Mention {
  readonly name: string;
  readonly line: number;
}

/** A source file. Shape: `path` is relative to the root of the tree, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What the checks need to know about one source file. */
export interface ModuleFacts {
  readonly path: string;
  readonly lineCount: number;
  /** Every specifier: static and dynamic imports, re-exports, import types and `import.meta.resolve`. */
  readonly imports: readonly Mention[];
  readonly defaultExports: readonly Mention[];
  /** The uses of things a program has without being given them: time, chance, timers, environment, console. */
  readonly ambientUses: readonly Mention[];
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string; readonly start: number };
type Visitor = (node: Node) => void;

const AMBIENT_NAMES = new Set(["setTimeout", "setInterval", "setImmediate", "console"]);
const AMBIENT_MEMBERS = new Set([
  "Date.now",
  "Math.random",
  "process.env",
  "performance.now",
  "process.hrtime",
]);
// Types name such things without using them; these wrap an expression, which does.
const EXPRESSION_WRAPPERS = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSTypeAssertion",
  "TSInstantiationExpression",
]);

/** Reads the facts off the syntax tree of a file. Errors: an Error that names the file and the first syntax error. */
export function readModule({ path, text }: SourceFile): ModuleFacts {
  const { program, module, errors } = parseSync(path, text);
  const [firstError] = errors;
  if (firstError !== undefined) throw new Error(`${path} cannot be parsed: ${firstError.message}`);

  const lineAt = lineCounter(text);
  const imports: Mention[] = [];
  const defaultExports: Mention[] = [];
  const ambientUses: Mention[] = [];
  const noteImport = (name: string, start: number): void => void imports.push({ name, line: lineAt(start) });
  const noteDefault = (start: number): void =>
    void defaultExports.push({ name: "default", line: lineAt(start) });
  for (const { moduleRequest } of module.staticImports) noteImport(moduleRequest.value, moduleRequest.start);
  const exported = module.staticExports.flatMap(({ entries }) => entries);
  for (const { moduleRequest, exportName, start } of exported) {
    if (moduleRequest !== null) noteImport(moduleRequest.value, moduleRequest.start);
    if (exportName.name === "default") noteDefault(start);
  }
  walk(program as unknown as Node, {
    all: (node) => {
      if (node.type === "ExportDefaultDeclaration") noteDefault(node.start);
      const specifier = computedSpecifier(node);
      if (specifier !== undefined) noteImport(specifier, node.start);
    },
    values: (node) => {
      const name = ambientName(node);
      if (name !== undefined) ambientUses.push({ name, line: lineAt(node.start) });
    },
  });
  return { path, lineCount: lineAt(text.trimEnd().length), imports, defaultExports, ambientUses };
}

function walk(root: Node, visit: { readonly all: Visitor; readonly values: Visitor }): void {
  const step = (node: Node, isInType: boolean): void => {
    visit.all(node);
    const isType = isInType || (node.type.startsWith("TS") && !EXPRESSION_WRAPPERS.has(node.type));
    if (!isType) visit.values(node);
    for (const child of childrenOf(node)) step(child, isType);
  };
  step(root, false);
}

// A name after a dot or before a colon is a member's own name, not a use of the global of that name.
function childrenOf(node: Node): Node[] {
  const isComputed = node["computed"] === true;
  const ownName = isComputed ? undefined : { MemberExpression: "property", Property: "key" }[node.type];
  const memberName =
    !isComputed && /^(?:Method|Property|Accessor)Definition$/.test(node.type) ? "key" : ownName;
  return Object.entries(node)
    .filter(([key]) => key !== memberName)
    .flatMap(([, value]) => (Array.isArray(value) ? (value as unknown[]) : [value]))
    .filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function computedSpecifier(node: Node): string | undefined {
  if (node.type === "ImportExpression" || node.type === "TSImportType") {
    return stringValue(node["source"] ?? node["argument"]);
  }
  if (node.type !== "CallExpression") return undefined;
  const callee = node["callee"];
  if (!isNode(callee) || callee.type !== "MemberExpression") return undefined;
  const isResolve = isNode(callee["object"]) && callee["object"].type === "MetaProperty";
  return isResolve && nameOf(callee["property"]) === "resolve"
    ? stringValue((node["arguments"] as unknown[])[0])
    : undefined;
}

function ambientName(node: Node): string | undefined {
  if (node.type === "NewExpression") {
    const isNow = nameOf(node["callee"]) === "Date" && (node["arguments"] as unknown[]).length === 0;
    return isNow ? "new Date()" : undefined;
  }
  if (node.type === "Identifier") {
    const name = nameOf(node) ?? "";
    return AMBIENT_NAMES.has(name) ? name : undefined;
  }
  if (node.type !== "MemberExpression") return undefined;
  const member = nameOf(node["property"]) ?? stringValue(node["property"]) ?? "";
  const owner = nameOf(node["object"]) ?? "";
  if (owner === "globalThis") return AMBIENT_NAMES.has(member) ? member : undefined;
  return AMBIENT_MEMBERS.has(`${owner}.${member}`) ? `${owner}.${member}` : undefined;
}

function nameOf(value: unknown): string | undefined {
  return isNode(value) && value.type === "Identifier" ? (value["name"] as string) : undefined;
}

function stringValue(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === "TSLiteralType") return stringValue(value["literal"]);
  return value.type === "Literal" && typeof value["value"] === "string" ? value["value"] : undefined;
}

function lineCounter(text: string): (offset: number) => number {
  return (offset) => text.slice(0, offset).split("\n").length;
}
