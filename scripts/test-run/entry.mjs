// The main module of a test process: imports every test file of one package, given as arguments.
//
// "loaded" tells the parent that no file is missing; without it, a process that ends well has still failed.

import { afterEach, beforeEach, test } from "node:test";
import { relative } from "node:path";
import { pathToFileURL } from "node:url";

import { send } from "./channel.mjs";

const files = process.argv.splice(2);

// A reporter learns of a test some ticks late. A test that blocks or ends the process at once has only these hooks.
beforeEach(({ name, fullName = name }) => send({ type: "begin", name: fullName }));
afterEach(({ name, fullName = name }) => send({ type: "finish", name: fullName }));

// The parent asks when nothing runs any more and the process still lives.
process.on("SIGUSR2", () => send({ type: "resources", resources: process.getActiveResourcesInfo() }));

const exit = process.exit.bind(process);
process.exit = (code) => {
  send({ type: "exit", stack: new Error("process.exit was called").stack });
  exit(code);
};

for (const file of files) {
  process.argv[1] = file;
  send({ type: "loading", file });
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    test(`${relative(process.cwd(), file)} loads`, () => {
      throw error;
    });
  }
}
send({ type: "loaded" });
