import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { failureCode } from "@parley/base";

import { openDataDirectory } from "./data-directory.js";

const OPTIONS = { formatVersion: 1, isEncrypted: true };

describe("a data directory", () => {
  it("is created for its owner only, with its format", async () => {
    await withRoot(async (root) => {
      const path = join(root, "a", "data");
      const directory = await openDataDirectory(path, OPTIONS);
      const format: unknown = JSON.parse(await readFile(join(path, "format.json"), "utf8"));
      const { mode } = await stat(path);
      await directory.release();
      assert.deepEqual(
        [format, mode & 0o777, directory.formatVersion, directory.isEncrypted],
        [{ format: 1, createdBy: "parley 0.1.0", isEncrypted: true }, 0o700, 1, true],
      );
    });
  });

  it("is opened again after a release, also twice over", async () => {
    await withRoot(async (root) => {
      const first = await openDataDirectory(root, OPTIONS);
      await Promise.all([first.release(), first.release()]);
      const second = await openDataDirectory(root, OPTIONS);
      await second.release();
    });
  });

  it("is refused a second time in one process, also under another name", async () => {
    await withRoot(async (root) => {
      await mkdir(join(root, "data"));
      await symlink(join(root, "data"), join(root, "alias"));
      const directory = await openDataDirectory(join(root, "data"), OPTIONS);
      const codes = [await codeOfOpening(join(root, "data")), await codeOfOpening(join(root, "alias"))];
      const codeOfOther = await openInProcess(join(root, "data")).result;
      await directory.release();
      assert.deepEqual(
        [...codes, codeOfOther],
        ["data-directory-locked", "data-directory-locked", "data-directory-locked"],
      );
    });
  });

  it("held by another process is refused with its pid, and free after a kill -9", async () => {
    await withRoot(async (root) => {
      const holder = openInProcess(root);
      assert.equal(await holder.result, "open");
      const refusal = await openDataDirectory(root, OPTIONS).catch((error: unknown) => error as Error);
      assert.equal(failureCode(refusal), "data-directory-locked");
      assert.ok("message" in refusal && refusal.message.includes(`process ${holder.process.pid}`));
      assert.ok(refusal.message.includes(root));
      await kill(holder.process);
      const directory = await openDataDirectory(root, OPTIONS);
      await directory.release();
    });
  });

  it("of a newer format is refused and left as it is", async () => {
    await withRoot(async (root) => {
      await writeFile(join(root, "format.json"), JSON.stringify({ format: 2, createdBy: "parley 9.0.0" }));
      const refusal = await openDataDirectory(root, OPTIONS).catch((error: unknown) => error as Error);
      assert.equal(failureCode(refusal), "data-directory-newer");
      assert.match((refusal as Error).message, /reads format 2/);
      assert.deepEqual(await readdir(root), ["format.json"]);
    });
  });

  it("of an older format is refused and left as it is", async () => {
    await withRoot(async (root) => {
      await writeFile(join(root, "format.json"), JSON.stringify({ format: 1, createdBy: "parley 0.0.1" }));
      const newer = { ...OPTIONS, formatVersion: 2 };
      const refusal = await openDataDirectory(root, newer).catch((error: unknown) => error as Error);
      assert.equal(failureCode(refusal), "data-directory-older");
      assert.match((refusal as Error).message, /has format 1, created by parley 0.0.1/);
      assert.deepEqual(await readdir(root), ["format.json"]);
    });
  });

  it("stays encrypted, or not, as it was created", async () => {
    for (const isEncrypted of [true, false]) {
      await withRoot(async (root) => {
        await (await openDataDirectory(root, { ...OPTIONS, isEncrypted })).release();
        const again = await openDataDirectory(root, { ...OPTIONS, isEncrypted: !isEncrypted });
        await again.release();
        assert.equal(again.isEncrypted, isEncrypted);
      });
    }
  });

  it("with other things in it, or with an unreadable format, is foreign and left as it is", async () => {
    for (const [name, content] of [
      ["letter.txt", "x"],
      ["format.json", "{"],
      ["format.json", "null"],
      ["format.json", '{"format":"1"}'],
    ]) {
      await withRoot(async (root) => {
        await writeFile(join(root, name!), content!);
        const code = await codeOfOpening(root);
        assert.deepEqual([code, await readdir(root)], ["data-directory-foreign", [name]]);
      });
    }
  });

  it("whose creation was cut off counts as empty", async () => {
    await withRoot(async (root) => {
      await writeFile(join(root, "format.json.4711.tmp"), '{"form');
      await (await openDataDirectory(root, OPTIONS)).release();
    });
  });

  it("that cannot be one is unusable", async () => {
    await withRoot(async (root) => {
      await writeFile(join(root, "file"), "x");
      assert.equal(await codeOfOpening(join(root, "file", "data")), "data-directory-unusable");
    });
  });
});

async function withRoot(body: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "parley-directory-"));
  try {
    await body(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

async function codeOfOpening(path: string): Promise<string | undefined> {
  try {
    await (await openDataDirectory(path, OPTIONS)).release();
    return "open";
  } catch (error) {
    return failureCode(error);
  }
}

// Another process that opens the directory, says "open" or the code of the failure, and holds on to it.
function openInProcess(path: string): { process: ChildProcess; result: Promise<string> } {
  const program = `
    import { openDataDirectory } from ${JSON.stringify(new URL("./data-directory.js", import.meta.url).href)};
    const result = await openDataDirectory(process.argv[1], { formatVersion: 1, isEncrypted: true }).then(() => "open", (error) => error.code);
    process.stdout.write(result);
    if (result === "open") setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { process: child, result: once(child.stdout, "data").then(([chunk]) => String(chunk)) };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
