// The list of the app's files, which the build writes on top of the service worker.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

const WORKER = "service-worker.js";
const PAGE = "index.html";
const VERSION_LETTERS = 16;

/** The entry of the worker beside that of the page, and the names of both. */
export const SHELL_ENTRIES = {
  input: { index: PAGE, "service-worker": "src/worker/service-worker.ts" },
  output: {
    entryFileNames: ({ name }) => (name === "service-worker" ? WORKER : "assets/[name]-[hash].js"),
  },
};

/** The plugin: when all is written, the worker is given the list of it. */
export function shellList() {
  return {
    name: "parley:shell-list",
    apply: "build",
    generateBundle(_options, bundle) {
      const { imports } = bundle[WORKER];
      // A worker that is not a module, which not all browsers know, imports nothing.
      if (imports.length > 0) this.error(`${WORKER} shares code with the page: ${imports.join(", ")}.`);
    },
    writeBundle: {
      order: "post",
      handler({ dir }) {
        const worker = join(dir, WORKER);
        const code = readFileSync(worker, "utf8");
        const files = filesOf(dir);
        // The worker's own code counts, too: another worker is another version.
        const version = digestOf(JSON.stringify([files, code])).slice(0, VERSION_LETTERS);
        writeFileSync(worker, `self.PARLEY_SHELL=${JSON.stringify({ version, files })};\n${code}`);
      },
    },
  };
}

// By address, with the digest of each: what begins with a dot, and the worker, are no part of the app.
function filesOf(folder) {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith(".") && entry.name !== WORKER)
    .map((entry) => join(entry.parentPath, entry.name));
  const files = paths.map((path) => [addressOf(relative(folder, path)), digestOf(readFileSync(path))]);
  return Object.fromEntries(files.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function addressOf(path) {
  return path === PAGE ? "/" : `/${path.split(sep).join("/")}`;
}

function digestOf(content) {
  return createHash("sha256").update(content).digest("hex");
}
