import { DEFAULT_TENANT } from "@parley/server";
import { INSTALLATION_OPTIONS, dataDirectoryOf, masterKeyOf } from "../arguments.js";
import { type Command, print } from "../command.js";
import { type Finding, examine } from "../doctor/checks.js";
import { noArguments } from "./user-commands.js";

const MARKS: Readonly<Record<Finding["state"], string>> = {
  ok: "ok     ",
  warning: "warning",
  failure: "FAILURE",
};

/** `parley doctor`: exit code 1 when something must be mended. */
export const doctorCommand: Command = {
  usage: "doctor",
  summary: "check the machine and the data directory, and say what to mend",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const findings = await examine({
      dataDirectory: dataDirectoryOf(args, context.env),
      tenant: args.text("tenant") ?? DEFAULT_TENANT,
      ambient: context.ambient,
      ...masterKeyOf(args, context.env),
    });
    const lines = findings.map(
      ({ check, state, detail }) => `${MARKS[state]}  ${check.padEnd(15)}  ${detail}`,
    );
    print(args, context, { findings }, lines);
    return findings.some(({ state }) => state === "failure") ? 1 : 0;
  },
};
