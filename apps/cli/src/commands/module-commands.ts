/** `parley module …`: the keys that business modules come with. */
import { Failure } from "@parley/base";
import type { ModuleInfo } from "@parley/server";
import { type Arguments, INSTALLATION_OPTIONS, usage } from "../arguments.js";
import { type Command, print, withInstallation } from "../command.js";
import { noArguments } from "./user-commands.js";

export const moduleAddCommand: Command = {
  usage: "module add <module>",
  summary: "print a key that a business module publishes with; it is shown once, and the one before ends",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    const module = onlyModule(args);
    const key = await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.addModule({ tenant, module }),
    );
    print(args, context, { module, key }, [key]);
    return 0;
  },
};

export const moduleListCommand: Command = {
  usage: "module list",
  summary: "list modules and what they may publish",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const modules = await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.listModules({ tenant }),
    );
    print(args, context, { modules }, modules.length === 0 ? ["There are no modules."] : modules.map(lineOf));
    return 0;
  },
};

export const moduleRemoveCommand: Command = {
  usage: "module remove <module>",
  summary: "end a module's key at once; what it published stays",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    const module = onlyModule(args);
    const wasThere = await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.removeModule({ tenant, module }),
    );
    if (!wasThere) {
      const message = `There is no module ${module}; parley module list shows those that there are.`;
      throw new Failure("not-found", message);
    }
    print(args, context, { module }, [`Removed ${module}.`]);
    return 0;
  },
};

export const moduleLimitCommand: Command = {
  usage: "module limit <module>",
  summary: "set what a module may publish in a second, or without options as any may",
  options: {
    ...INSTALLATION_OPTIONS,
    events: { type: "string", value: "N", help: "events in a second; both go together" },
    receivers: { type: "string", value: "N", help: "receivers of events in a second" },
  },
  async run(args, context) {
    const module = onlyModule(args);
    const eventsPerSecond = rateOf("--events", args.text("events"));
    const receiversPerSecond = rateOf("--receivers", args.text("receivers"));
    if ((eventsPerSecond === 0) !== (receiversPerSecond === 0))
      throw usage("--events and --receivers go together");
    await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.limitModule({ tenant, module, eventsPerSecond, receiversPerSecond }),
    );
    const said = eventsPerSecond === 0 ? "what any may" : ratesText({ eventsPerSecond, receiversPerSecond });
    print(args, context, { module, eventsPerSecond, receiversPerSecond }, [`${module} publishes ${said}.`]);
    return 0;
  },
};

function onlyModule({ positionals }: Arguments): string {
  const [module, ...others] = positionals;
  if (module === undefined || others.length > 0) throw usage("Name one module");
  return module;
}

/** 0 when it is left out. */
function rateOf(name: string, text: string | undefined): number {
  if (text === undefined) return 0;
  const rate = Number(text);
  if (!Number.isSafeInteger(rate) || rate < 1) throw usage(`${name} is a whole number from 1`);
  return rate;
}

function lineOf({ module, createdMs, quota }: ModuleInfo): string {
  const rates = quota === null ? "as any" : ratesText(quota);
  return `${module.padEnd(32)}  key of ${new Date(createdMs).toISOString().slice(0, 10)}  ${rates}`;
}

function ratesText({ eventsPerSecond, receiversPerSecond }: NonNullable<ModuleInfo["quota"]>): string {
  return `at most ${eventsPerSecond} events to ${receiversPerSecond} receivers in a second`;
}
