/** `parley token …`: sessions that are opened and ended by an operator, for programs and for lost devices. */
import { Failure } from "@parley/base";
import { INSTALLATION_OPTIONS, parseDuration, usage } from "../arguments.js";
import { type Command, print, withInstallation } from "../command.js";
import { onlyUser } from "./user-commands.js";

const LIFETIME_DEFAULT = "30d";

export const tokenIssueCommand: Command = {
  usage: "token issue <user>",
  summary: "print a token that signs in as the user; it is shown once",
  options: {
    ...INSTALLATION_OPTIONS,
    lifetime: {
      type: "string",
      value: "TIME",
      help: `how long it works: 15m, 12h, 30d (default ${LIFETIME_DEFAULT})`,
    },
    device: {
      type: "string",
      value: "NAME",
      help: "the name in the list of sessions (default command line)",
    },
  },
  async run(args, context) {
    const userId = onlyUser(args);
    const lifetimeMs = parseDuration("--lifetime", args.text("lifetime") ?? LIFETIME_DEFAULT);
    const deviceName = args.text("device") ?? "command line";
    const issued = await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.issueToken({ tenant, userId, deviceName, lifetimeMs }),
    );
    print(args, context, issued, [issued.token]);
    return 0;
  },
};

export const tokenListCommand: Command = {
  usage: "token list <user>",
  summary: "list the sessions of a user",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    const userId = onlyUser(args);
    const sessions = await withInstallation(args, context, ({ tenant, installation }) =>
      installation.operations.listSessions({ tenant, userId }),
    );
    const lines = sessions.map(
      ({ sessionId, deviceName, createdMs, expiresAtMs }) =>
        `${sessionId}  ${day(createdMs)} to ${day(expiresAtMs)}  ${deviceName}`,
    );
    print(args, context, { sessions }, lines.length === 0 ? [`${userId} has no sessions.`] : lines);
    return 0;
  },
};

export const tokenRevokeCommand: Command = {
  usage: "token revoke <user> <session>",
  summary: "end a session; a connected device is cut off at once",
  options: INSTALLATION_OPTIONS,
  async run(args, context) {
    const [userId, sessionId, ...others] = args.positionals;
    if (userId === undefined || sessionId === undefined || others.length > 0) {
      throw usage("Name a user and a session; parley token list shows them");
    }
    await withInstallation(args, context, async ({ tenant, installation }) => {
      const sessions = await installation.operations.listSessions({ tenant, userId });
      if (!sessions.some((session) => session.sessionId === sessionId)) {
        const message = `${userId} has no session ${sessionId}; parley token list shows those it has.`;
        throw new Failure("session-not-found", message);
      }
      await installation.operations.revokeSession({ tenant, userId, sessionId });
    });
    print(args, context, { userId, sessionId }, [`Ended ${sessionId}.`]);
    return 0;
  },
};

function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
