import { readModule } from "../module-facts.js";
import type { Manifest, SourceTree, WorkspacePackage } from "../source-tree.js";

/** Builds a package from a map of paths inside its folder to source texts. */
export function packageOf(
  folder: string,
  texts: Readonly<Record<string, string>>,
  manifest: Partial<Manifest> = {},
): WorkspacePackage {
  const files = Object.entries(texts).map(([path, text]) => readModule({ path: `${folder}/${path}`, text }));
  return { folder, manifest: { name: `@parley/${folder.split("/").at(-1)}`, ...manifest }, files };
}

/** Builds a tree of packages without sources, one for each folder, beside the one under test. */
export function treeAround(owner: WorkspacePackage, folders: readonly string[]): SourceTree {
  const others = folders.map((folder) => packageOf(folder, {}));
  return { packages: [owner, ...others], rootDevDependencies: ["fast-check"] };
}
