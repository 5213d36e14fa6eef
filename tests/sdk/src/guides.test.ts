/**
 * Goal: whoever follows a guide gets what it says. Method: the code of each is compiled with the strictness of this tree, and run
 * against a server of the demo organisation in this process, which has a module "todo".
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { systemAmbient } from "@parley/base/node";
import { readDoc, rowsOf, sectionOf } from "@parley/base/testing";
import { ERROR_CODES, parseModuleName } from "@parley/protocol";
import { DEFAULT_TENANT, parseConfig, startServer } from "@parley/server";
import { type Expect, type GuideProgram, programOf } from "./guide-program.js";

const RUN_MS_MAX = 30_000;
const DOCS = fileURLToPath(new URL("../../../docs/sdk/", import.meta.url));
/** Below this package, so that the imports of programs are found. */
const PROGRAMS = fileURLToPath(new URL("../dist/guides/", import.meta.url));
const TSC = join(dirname(fileURLToPath(import.meta.resolve("typescript/package.json"))), "bin/tsc");
const NAMES = readdirSync(DOCS)
  .filter((name) => name.startsWith("guide-"))
  .toSorted();
const programs = new Map<string, GuideProgram>(
  NAMES.map((name) => [name, programOf(readFileSync(join(DOCS, name), "utf8"))]),
);

describe("the guides", () => {
  before(async () => {
    rmSync(PROGRAMS, { recursive: true, force: true });
    mkdirSync(PROGRAMS, { recursive: true });
    for (const [name, { text, extension }] of programs)
      writeFileSync(join(PROGRAMS, `${name.replace(".md", "")}.${extension}`), text);
    writeFileSync(
      join(PROGRAMS, "tsconfig.json"),
      JSON.stringify({
        extends: "../../../../tsconfig.base.json",
        compilerOptions: {
          composite: false,
          incremental: false,
          declaration: false,
          types: ["node"],
          lib: ["es2023", "dom"],
          jsx: "react-jsx",
          rootDir: ".",
          outDir: "out",
        },
        include: ["*.ts", "*.tsx"],
      }),
    );
    await promisify(execFile)(process.execPath, [TSC, "-p", PROGRAMS]).catch((error: unknown) => {
      // What the command was says nothing more.
      throw new Error(`A guide does not compile: ${(error as { stdout?: string }).stdout}`);
    });
  });

  after(() => rmSync(PROGRAMS, { recursive: true, force: true }));

  for (const name of NAMES)
    test(`${name} does what it says`, async () => {
      const module = (await import(
        pathToFileURL(join(PROGRAMS, "out", name.replace(".md", ".js"))).href
      )) as {
        run(url: string, expect: Expect): Promise<void>;
      };
      let checked = 0;
      const expect: Expect = (actual, expected, line) => {
        checked += 1;
        deepEqual(actual, expected, `${line} gives ${JSON.stringify(actual)}`);
      };
      await withServer(async (url) => within(module.run(url, expect)));
      const { expectations } = programs.get(name)!;
      ok(expectations > 0, "it says nothing that could be wrong");
      equal(checked, expectations);
    });
});

test("the index lists every guide", () => {
  const listed = rowsOf(readDoc("sdk/README.md")).map(
    ([link]) => /\((guide-.*\.md)\)/.exec(link!)?.[1] ?? "",
  );
  deepEqual(listed.toSorted(), NAMES);
});

test("every code that a client can meet has a remedy", () => {
  const rows = rowsOf(sectionOf(readDoc("sdk/guide-errors.md"), "Every code"));
  const common = dirname(fileURLToPath(import.meta.resolve("@parley/client")));
  const own = readdirSync(common)
    .filter((name) => name.endsWith(".js") && !name.endsWith(".test.js"))
    .flatMap((name) =>
      [...readFileSync(join(common, name), "utf8").matchAll(/new Failure\(\s*"([a-z-]+)"/g)].map(
        ([, code]) => code!,
      ),
    );
  deepEqual(
    [rows.map(([code]) => code!).toSorted(), rows.filter(([, remedy]) => !/^[A-Z].*\.$/.test(remedy!))],
    [[...new Set([...Object.keys(ERROR_CODES), ...own])].toSorted(), []],
  );
});

async function withServer(run: (url: string) => Promise<void>): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "parley-guide-"));
  const config = parseConfig(["--data", data, "--port", "0", "--reserve-mb", "0"], {});
  const server = await startServer(config, systemAmbient(), (error) => {
    throw error;
  });
  const module = parseModuleName("todo");
  process.env["PARLEY_MODULE_KEY"] = await server.parley.modules.store.add({
    tenantId: DEFAULT_TENANT,
    module,
  });
  try {
    await run(server.url);
  } finally {
    delete process.env["PARLEY_MODULE_KEY"];
    await server.close();
    rmSync(data, { recursive: true });
  }
}

async function within(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("The guide does not come to its end.")), RUN_MS_MAX);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
