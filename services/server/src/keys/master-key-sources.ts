/** Where a master key may come from. The text it gives is parsed by `parseMasterKey`. */
import { exec } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { Failure } from "@parley/base";
import type { MasterKeySource } from "@parley/keys";

const COMMAND_MS_MAX = 30_000;
/** Far more than a key has, so that a command which prints something else is told so. */
const OUTPUT_BYTES_MAX = 4_096;
const OTHERS = 0o077;

/** A file that nobody but its owner may read. */
export function masterKeyFile(path: string, name = path): MasterKeySource {
  return {
    name,
    async read() {
      const mode = await attributesOf(path, name);
      if ((mode & OTHERS) !== 0) {
        throw new Failure(
          "master-key-exposed",
          `${name} may be read by others than its owner: chmod 600 ${path}, and rotate the key if they did.`,
          { retry: "after-change" },
        );
      }
      return readFile(path, "utf8");
    },
  };
}

/** A text that is given, such as by a variable of the environment. */
export function masterKeyText(text: string, name: string): MasterKeySource {
  return { name, read: () => Promise.resolve(text) };
}

/** What a command prints, such as one that asks a vault. It has 30 seconds, and its environment is that of the server. */
export function masterKeyCommand(command: string, name: string): MasterKeySource {
  return {
    name,
    read: () =>
      new Promise((resolve, reject) => {
        const options = { timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX, encoding: "utf8" } as const;
        exec(command, options, (error, output) => {
          if (error === null) resolve(output);
          else reject(commandFailure(name, error));
        });
      }),
  };
}

async function attributesOf(path: string, name: string): Promise<number> {
  try {
    return (await stat(path)).mode;
  } catch (cause) {
    throw new Failure(
      "master-key-missing",
      `${name} cannot be read. Put the master key back, or name where it is with --master-key-file.`,
      { cause, retry: "after-change" },
    );
  }
}

/** Neither its output nor the command is repeated: both may hold secrets. */
function commandFailure(name: string, error: Error & { code?: unknown; killed?: boolean }): Failure {
  const how =
    error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"
      ? `printed more than ${OUTPUT_BYTES_MAX} bytes`
      : error.killed === true
        ? `did not end within ${COMMAND_MS_MAX / 1000} seconds`
        : `ended with ${String(error.code)}`;
  return new Failure("master-key-unavailable", `The command of ${name} ${how}. Run it by hand to see why.`, {
    retry: "after-change",
  });
}
