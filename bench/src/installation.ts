import { systemAmbient } from "@parley/base/node";
import { type TenantId, type UserId, parseTenantId, parseUserId } from "@parley/protocol";
import { openParley } from "@parley/server";

/** Tokens written at a time: each is one durable write. */
const TOKENS_AT_A_TIME = 64;

export interface Installation {
  readonly dataDirectory: string;
  readonly tenantId: TenantId;
  /** Tokens by user, one for each device. */
  readonly tokens: ReadonlyMap<UserId, readonly string[]>;
  /** What the server calls the device of each token. */
  readonly deviceIds: ReadonlyMap<string, string>;
  /** Of all queues. */
  readonly epoch: number;
}

export interface InstallationPlan {
  readonly dataDirectory: string;
  readonly userIds: readonly string[];
  readonly devicesPerUser: number;
  /** What people are called; their ids by default. */
  readonly nameOf?: (userId: string) => string;
  /** Default true. */
  readonly isEncrypted?: boolean;
  /** The same for all; none means that nobody can sign in with a password. */
  readonly password?: string;
  /** How long tokens are good for; the server's own default when it is left out. */
  readonly tokenLifetimeMs?: number;
}

/**
 * Makes users with devices in a data directory that no server holds.
 * Effects: durable when it resolves; the directory is free for a server then.
 */
export async function prepareInstallation(plan: InstallationPlan): Promise<Installation> {
  const tenantId = parseTenantId("main");
  let failure: unknown;
  const parley = await openParley({
    dataDirectory: plan.dataDirectory,
    ambient: systemAmbient(),
    isEncrypted: plan.isEncrypted ?? true,
    onFatal: (error) => {
      failure = error;
    },
  });
  const tokens = new Map<UserId, string[]>();
  const deviceIds = new Map<string, string>();
  try {
    for (const text of plan.userIds) {
      const userId = parseUserId(text);
      await parley.accounts.addUser({
        tenantId,
        userId,
        name: plan.nameOf?.(text) ?? text,
        ...(plan.password === undefined ? {} : { password: plan.password }),
      });
      tokens.set(userId, []);
    }
    const wanted = [...tokens].flatMap(([userId, list]) =>
      Array.from({ length: plan.devicesPerUser }, (_, device) => ({ userId, list, device })),
    );
    for (let start = 0; start < wanted.length; start += TOKENS_AT_A_TIME) {
      await Promise.all(
        wanted.slice(start, start + TOKENS_AT_A_TIME).map(async ({ userId, list, device }) => {
          const issued = await parley.accounts.issueToken({
            tenantId,
            userId,
            deviceName: `device ${device}`,
            ...(plan.tokenLifetimeMs === undefined ? {} : { lifetimeMs: plan.tokenLifetimeMs }),
          });
          list[device] = issued.token;
          deviceIds.set(issued.token, issued.session.deviceId);
        }),
      );
    }
  } finally {
    await parley.close();
  }
  if (failure !== undefined) throw new Error("The installation could not be written.", { cause: failure });
  return { dataDirectory: plan.dataDirectory, tenantId, tokens, deviceIds, epoch: parley.epoch };
}
