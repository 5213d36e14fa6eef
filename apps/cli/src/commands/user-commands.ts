/** `parley user …`: the people of an organisation. */
import type { User } from "@parley/protocol";
import type { Operations } from "@parley/server";
import { type Arguments, INSTALLATION_OPTIONS, usage } from "../arguments.js";
import { type Command, type Context, print, withInstallation } from "../command.js";

const PASSWORD_LENGTH_MIN = 8;

export const userAddCommand: Command = {
  usage: "user add <id>",
  summary: "add a user; asks for the password, or reads it from standard input",
  options: {
    ...INSTALLATION_OPTIONS,
    name: { type: "string", value: "NAME", help: "the name that others see (default the id)" },
    system: { type: "boolean", help: "an account of the organisation that talks to everybody" },
    "no-password": { type: "boolean", help: "the user cannot sign in with a password" },
  },
  async run(args, context) {
    const userId = onlyUser(args);
    const password = args.flag("no-password") ? undefined : await readPassword(context, userId);
    const name = args.text("name") ?? userId;
    if (name.trim() === "") throw usage("--name must not be empty");
    await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.addUser({
        tenant,
        userId,
        name,
        isSystem: args.flag("system"),
        ...(password === undefined ? {} : { password }),
      }),
    );
    print(args, context, { userId, name }, [`Added ${userId}.`]);
    return 0;
  },
};

export const userListCommand: Command = {
  usage: "user list",
  summary: "list the users",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    noArguments(args);
    const users = await withInstallation(args, context, ({ tenant, installation }) =>
      listAll(installation.operations, tenant),
    );
    const width = Math.max(0, ...users.map(({ userId }) => userId.length));
    print(
      args,
      context,
      { users },
      users.map(({ userId, name }) => `${userId.padEnd(width)}  ${name}`),
    );
    return 0;
  },
};

export const userPasswordCommand: Command = {
  usage: "user password <id>",
  summary: "set a password; ends all sessions of the user",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    const userId = onlyUser(args);
    const password = await readPassword(context, userId);
    await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.setPassword({ tenant, userId, password }),
    );
    print(args, context, { userId }, [`Set the password of ${userId}; its sessions have ended.`]);
    return 0;
  },
};

export const userSetCommand: Command = {
  usage: "user set <id>",
  summary: "set what the organisation says of a user: the name, the job, the department",
  options: {
    ...INSTALLATION_OPTIONS,
    name: { type: "string", value: "NAME", help: "the name that others see" },
    title: { type: "string", value: "TITLE", help: "what the user does; empty for nothing" },
    department: { type: "string", value: "PATH", help: "where, as Engineering/Platform; empty for nowhere" },
  },
  async run(args, context) {
    const userId = onlyUser(args);
    const said = (["name", "title", "department"] as const).flatMap((field) => {
      const text = args.text(field);
      return text === undefined ? [] : [[field, text] as const];
    });
    if (said.length === 0) throw usage("Give --name, --title or --department");
    const details = Object.fromEntries(said);
    await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.setDetails({ tenant, userId, ...details }),
    );
    print(args, context, { userId, ...details }, [
      `Set the ${said.map(([field]) => field).join(", ")} of ${userId}.`,
    ]);
    return 0;
  },
};

export const userDisableCommand = disabling(
  "disable",
  true,
  "stop a user from signing in; ends all sessions",
);
export const userEnableCommand = disabling("enable", false, "let a disabled user sign in again");

function disabling(verb: string, isDisabled: boolean, summary: string): Command {
  return {
    usage: `user ${verb} <id>`,
    summary,
    options: INSTALLATION_OPTIONS,
    async run(args, context) {
      const userId = onlyUser(args);
      await withInstallation(args, context, ({ tenant, installation }) =>
        installation.operations.setDisabled({ tenant, userId, isDisabled }),
      );
      print(args, context, { userId, isDisabled }, [`${isDisabled ? "Disabled" : "Enabled"} ${userId}.`]);
      return 0;
    },
  };
}

async function listAll(operations: Operations, tenant: string): Promise<readonly User[]> {
  const users: User[] = [];
  for (let after = ""; ;) {
    const page = await operations.listUsers({ tenant, after });
    users.push(...page.users);
    if (page.next === "") return users;
    after = page.next;
  }
}

async function readPassword({ terminal }: Context, userId: string): Promise<string> {
  const password = await terminal.readSecret(`Password for ${userId}: `);
  if (password.length < PASSWORD_LENGTH_MIN)
    throw usage(`A password has at least ${PASSWORD_LENGTH_MIN} characters`);
  return password;
}

/** The one user that the command is about. Errors: "usage". */
export function onlyUser(args: Arguments): string {
  const [userId, ...others] = args.positionals;
  if (userId === undefined || others.length > 0) throw usage("Name one user");
  return userId;
}

/** Errors: "usage" when something is named. */
export function noArguments(args: Arguments): void {
  if (args.positionals.length > 0) throw usage(`Unexpected ${args.positionals[0]}`);
}
