/** Which version of a program is installed here. */
import { spawnSync } from "node:child_process";
import type { Found } from "./peer.js";

const ASK_MS_MAX = 10_000;

export interface Asked {
  readonly command: readonly [string, ...(readonly string[])];
  /** Finds the version in what the program says. */
  readonly version: RegExp;
  /** The package of Debian that has it. */
  readonly packageName: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export function findInstalled({ command, version, packageName, environment }: Asked): Found {
  const [program, ...args] = command;
  const said = spawnSync(program, args, {
    encoding: "utf8",
    timeout: ASK_MS_MAX,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const found = version.exec(`${said.stdout ?? ""}\n${said.stderr ?? ""}`)?.[1];
  if (found !== undefined) return { version: found };
  return { whySkipped: `${packageName} is not here: apt-get install ${packageName}` };
}
