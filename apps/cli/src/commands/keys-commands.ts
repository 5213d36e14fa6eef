/** `parley keys …`: what is stored is encrypted; these look after the keys. */
import { resolve } from "node:path";
import { Failure } from "@parley/base";
import { parseConversationId, parseTenantId } from "@parley/protocol";
import { type Encryption, type Installation, type KeyStatus, masterKeyFile } from "@parley/server";
import { type Arguments, INSTALLATION_OPTIONS, usage } from "../arguments.js";
import { type Command, type Context, print, withInstallation } from "../command.js";
import { startProgressBar } from "../terminal/progress-bar.js";
import { noArguments } from "./user-commands.js";

const INSTALLATION_NAME = "(installation)";

export const keysStatusCommand: Command = {
  usage: "keys status",
  summary: "show whose keys there are, never a key",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const status = await withInstallation(args, context, ({ installation }) =>
      installation.operations.keyStatus({}),
    );
    print(args, context, status, statusLines(status));
    return 0;
  },
};

export const keysRotateCommand: Command = {
  usage: "keys rotate",
  summary: "put new keys in force; what is stored stays as it is and stays readable",
  options: {
    ...INSTALLATION_OPTIONS,
    tenant: { type: "string", value: "ID", help: "only the key of this organisation (default all)" },
    master: { type: "boolean", help: "the master key instead; the server must be stopped" },
    "new-master-key-file": {
      type: "string",
      value: "FILE",
      help: "the next master key (default a new one, if it is in the data directory)",
    },
  },
  async run(args, context) {
    noArguments(args);
    if (args.flag("master")) return rotateMaster(args, context);
    if (args.text("new-master-key-file") !== undefined) throw usage("--new-master-key-file needs --master");
    const rotated = await withInstallation(args, context, async ({ installation: { operations } }) => {
      const only = args.text("tenant");
      const { tenants } = await operations.keyStatus({});
      const names = only === undefined ? tenants.map(({ tenant }) => tenant) : [only];
      const bar = startProgressBar(context.terminal, context.ambient.clock, "keys");
      const done: { readonly tenant: string; readonly version: number }[] = [];
      for (const tenant of names) {
        done.push({ tenant, version: await operations.rotateKey({ tenant }) });
        bar.update(done.length / names.length);
      }
      bar.end();
      return done;
    });
    const lines = rotated.map(({ tenant, version }) => `${nameOf(tenant)}: key ${version} is in force.`);
    print(args, context, { rotated }, lines);
    return 0;
  },
};

export const keysShredCommand: Command = {
  usage: "keys shred",
  summary: "make an organisation or a conversation unreadable for ever; the server must be stopped",
  options: {
    ...INSTALLATION_OPTIONS,
    conversation: { type: "string", value: "ID", help: "only this conversation of the organisation" },
    yes: { type: "boolean", help: "do it; without it, only say what would be done" },
  },
  async run(args, context) {
    noArguments(args);
    const conversation = args.text("conversation");
    if (conversation === undefined && args.text("tenant") === undefined) {
      throw usage("Name what to shred with --tenant, or with --conversation");
    }
    return withInstallation(args, context, async ({ tenant, installation }) => {
      const encryption = await unserved(installation);
      const what = conversation === undefined ? `everything of ${tenant}` : `${conversation} of ${tenant}`;
      if (!args.flag("yes")) {
        const lines = [
          `This would make ${what} unreadable for ever, here and in every backup whose keys are gone too.`,
          "Run it again with --yes to do it.",
        ];
        print(args, context, { tenant, conversation, isDone: false }, lines);
        return 1;
      }
      const tenantId = parseTenantId(tenant);
      if (conversation === undefined) await encryption.shredTenant(tenantId);
      else {
        const conversationId = parseConversationId(conversation);
        const bar = startProgressBar(context.terminal, context.ambient.clock, "queues");
        await encryption.shredConversation({ tenantId, conversationId }, (share) => bar.update(share));
        bar.end();
      }
      const lines = [
        `Shredded ${what}. Backups taken before still hold its keys: remove their keys directories.`,
      ];
      print(args, context, { tenant, conversation, isDone: true }, lines);
      return 0;
    });
  },
};

async function rotateMaster(args: Arguments, context: Context): Promise<number> {
  if (args.text("tenant") !== undefined) throw usage("--master is for all: leave --tenant out");
  const file = args.text("new-master-key-file");
  await withInstallation(args, context, async ({ installation }) => {
    const { keys } = await unserved(installation);
    await keys.rotateMaster(file === undefined ? undefined : masterKeyFile(resolve(file)));
  });
  const next = file === undefined ? "" : ` Start the server with it: --master-key-file ${file}`;
  print(args, context, { isDone: true }, [`The new master key is in force.${next}`]);
  return 0;
}

/** Errors: "server-running", "not-encrypted". */
async function unserved({ isServed, encryption, operations }: Installation): Promise<Encryption> {
  if (isServed) {
    throw new Failure("server-running", "A server runs on this data directory: stop it first.", {
      retry: "after-change",
    });
  }
  // Says why there is none.
  if (encryption === undefined) await operations.keyStatus({});
  return encryption!;
}

function statusLines({ tenants, shreddedTenants }: KeyStatus): readonly string[] {
  const width = Math.max(0, ...tenants.map(({ tenant }) => nameOf(tenant).length));
  return [
    ...tenants.map(({ tenant, version, createdMs, dataKeys, shreddedConversations }) => {
      const shredded = shreddedConversations === 0 ? "" : `, ${shreddedConversations} conversations shredded`;
      const since = new Date(createdMs).toISOString().slice(0, 10);
      return `${nameOf(tenant).padEnd(width)}  key ${version} since ${since}, ${dataKeys} data keys${shredded}`;
    }),
    ...shreddedTenants.map(
      ({ tenant, atMs }) => `${tenant}  shredded on ${new Date(atMs).toISOString().slice(0, 10)}`,
    ),
  ];
}

function nameOf(tenant: string): string {
  return tenant === "" ? INSTALLATION_NAME : tenant;
}
