// npm run check: what has to pass before a commit. Every step runs even if one before it failed.
//
//   npm run check                 format, workspace, types, lint, layers, unit tests
//   npm run check -- --no-tests   the same without the unit tests
//
// Unit tests are those of packages, services, apps and examples. What crosses packages (tests/*) takes longer: npm test.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { ensure, runAsProgram, runStep, runTool, say, StepFailure } from "./ensure.mjs";
import { readWorkspace, rootPath } from "./workspace-model.mjs";

await runAsProgram(main);

async function main() {
  const withTests = !process.argv.includes("--no-tests");
  const tested = withTests ? ["packages", "services", "apps", "examples", "tests/layers"] : ["tests/layers"];
  const failed = [];
  const step = async (name, work) => {
    const startedMs = Date.now();
    try {
      await work();
      say(`ok   ${name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      failed.push(name);
      say(`FAIL ${name}`);
    }
  };

  await step("types", () => ensure({ withWeb: false }));
  await step("types of the web packages", checkWebTypes);
  await step("format", () => runTool("oxfmt", "oxfmt", ["--check", "."]));
  await step("workspace", () => runScript("workspace.mjs", ["--check"]));
  await step("lint", () => runTool("oxlint", "oxlint", ["--type-aware"]));
  await step(withTests ? "layers and unit tests" : "layers", () =>
    runScript("test.mjs", ["--no-build", ...tested], true),
  );
  if (failed.length > 0) say(`failed: ${failed.join(", ")}`);
  return failed.length > 0 ? 1 : 0;
}

// A web package is built by its own tool, which does not look at types.
async function checkWebTypes() {
  for (const { folder, environment, projects } of readWorkspace()) {
    const config = join(folder, "tsconfig.json");
    if (environment !== "web" || projects.length > 0 || !existsSync(join(rootPath, config))) continue;
    await runTool("typescript", "tsc", ["--noEmit", "--pretty", "false", "-p", config]);
  }
}

function runScript(name, args, isLoud = false) {
  const options = { isLoud, env: { ...process.env, INIT_CWD: rootPath } };
  return runStep(name, process.execPath, [join(rootPath, "scripts", name), ...args], options);
}
