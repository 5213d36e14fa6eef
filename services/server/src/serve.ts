import { addRawRoutes, createApi } from "@parley/api";
import { type Ambient, Failure, failureCode, type Logger, messageOf } from "@parley/base";
import { createStreamListener, Gateway, listenForWebSockets } from "@parley/gateway";
import { sniffType } from "@parley/media";
import { parseTenantId, STREAM_PATH } from "@parley/protocol";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Config } from "./config.js";
import { listenForControl } from "./control/control-server.js";
import { listenForMetrics, type MetricsListener } from "./control/metrics.js";
import { DEMO_PASSWORD, DEMO_USERS, createDemo } from "./demo.js";
import { type Parley, type ParleyOptions, openParley } from "./parley.js";
import { openPush } from "./notify/open-push.js";
import { openLinkFetcher } from "./previews/wire-previews.js";
import { openPlugins, type Plugins } from "./plugins.js";
import { type StandbyListener, listenForStandbys } from "./standby/standby-server.js";
import { readStandbyToken } from "./standby/standby-token.js";

/** The organisation that people belong to when they name none. */
export const DEFAULT_TENANT = parseTenantId("main");
const SERVER_NAME = "parley/0.1.0";
const DRAIN_MS_MAX = 5_000;

export interface RunningServer {
  readonly url: string;
  readonly parley: Parley;
  readonly gateway: Gateway;
  /** Where standbys come; 0 when they do not. */
  readonly standbyPort: number;
  /** Where Prometheus finds the metrics, if not only on the control socket. */
  readonly metricsUrl: string | undefined;
  /** Tells devices to come back, stops listening, flushes and lets go of the data directory. Idempotent. */
  close(): Promise<void>;
}

/** Opens the installation and listens. Errors: those of `openParley`, "port-in-use", "address-not-available". */
export async function startServer(
  config: Config,
  ambient: Ambient,
  onFatal: (error: unknown) => void,
): Promise<RunningServer> {
  const plugins = await openExtras(config, ambient);
  const parley = await openParley({
    ...plugins.options,
    dataDirectory: config.dataDirectory,
    ambient,
    reserveBytes: config.reserveMb * 1024 * 1024,
    retentionDays: config.retentionDays,
    queueEvents: config.queueEvents,
    holdMs: config.holdMs,
    rebaseEvents: config.rebaseEvents,
    editMinutes: config.editMinutes,
    recallMinutes: config.recallMinutes,
    sharedFromMembers: config.sharedFromMembers,
    history: { coldAfterDays: config.coldAfterDays, keepDays: config.keepMessagesDays },
    mediaLimits: {
      fileBytesMax: config.mediaMb * 1024 * 1024,
      uploadingBytesMax: config.mediaUploadingMb * 1024 * 1024,
    },
    isEncrypted: config.isEncrypted,
    ...(config.masterKey === undefined ? {} : { masterKey: config.masterKey }),
    ...(config.archiveDirectory === undefined
      ? {}
      : { archive: { directory: config.archiveDirectory, intervalMs: config.archiveSeconds * 1000 } }),
    ...(config.standby === undefined ? {} : { standby: { keepBytes: config.standbyKeepMb * 1024 * 1024 } }),
    onFatal,
  }).catch(async (error: unknown) => {
    await plugins.close();
    throw error;
  });
  try {
    const server = await listen(config, ambient, parley);
    const prepared = readNames(parley, ambient.logger);
    return {
      ...server,
      close: async () => {
        // What is under way is finished, or cut off, before the rows are closed.
        await plugins.close();
        await prepared;
        await server.close();
      },
    };
  } catch (error) {
    await plugins.close();
    await parley.close();
    throw error;
  }
}

/** What the operator gives beside the settings: plugins, and what people are notified with. Errors: those of both. */
async function openExtras(
  config: Config,
  ambient: Ambient,
): Promise<{
  readonly options: Plugins["options"] & Pick<ParleyOptions, "push" | "previews">;
  close(): Promise<void>;
}> {
  const plugins = await openPlugins(config, ambient);
  try {
    const push = await openPush(config, ambient);
    const fetcher = openLinkFetcher(config, ambient);
    const previews = fetcher && { fetcher };
    return {
      options: { ...plugins.options, push: push.options, previews },
      close: async () => {
        plugins.close();
        await push.close();
        await fetcher?.close();
      },
    };
  } catch (error) {
    plugins.close();
    throw error;
  }
}

/** Reads by which names people are found, so that nobody waits for it. Never rejects: whoever looks for somebody tries again, and is told. */
async function readNames({ accounts }: Parley, logger: Logger): Promise<void> {
  try {
    await accounts.prepareSearch(DEFAULT_TENANT);
  } catch (error) {
    logger.warn("names-not-read", { error: messageOf(error) });
  }
}

async function listen(config: Config, ambient: Ambient, parley: Parley): Promise<RunningServer> {
  const hasDemo = await ensureDemo(config, parley);
  const webRoot = fileURLToPath(new URL("../../../apps/web/dist", import.meta.url));
  const api = await createApi({
    accounts: parley.accounts,
    tenantDefault: DEFAULT_TENANT,
    logger: ambient.logger,
    pictureType: sniffType,
    ...(parley.media === undefined || config.mediaMb === 0 ? {} : { media: parley.media.service }),
    modules: { ...parley.modules, calls: parley.modules.service },
    ...(existsSync(webRoot) ? { webRoot } : {}),
    ...(parley.pushPublicKey === undefined ? {} : { pushPublicKey: parley.pushPublicKey }),
    ...(hasDemo ? { demo: { users: DEMO_USERS, password: DEMO_PASSWORD } } : {}),
  });
  const gateway = createGateway(config, ambient, parley);
  const stopWebSockets = listenForWebSockets(api.server, gateway);
  const streams = createStreamListener({ gateway, ambient });
  addRawRoutes(api, STREAM_PATH, (request, response) => streams.handle(request, response));
  let url: string;
  let metrics: MetricsListener | undefined;
  try {
    url = await api.listen({ host: config.host, port: config.port });
    if (config.metricsPort !== undefined) metrics = await listenForMetrics(parley, config.metricsPort);
  } catch (cause) {
    stopWebSockets();
    await gateway.drain(0);
    await api.close();
    throw failureCode(cause) === undefined ? listenFailure(config, cause) : cause;
  }
  if (metrics !== undefined) ambient.logger.info("metrics", { url: metrics.url });
  const standbys = await openStandbys(config, parley, ambient.logger).catch(async (error: unknown) => {
    stopWebSockets();
    await metrics?.close();
    await gateway.drain(0);
    await api.close();
    throw error;
  });
  const stopControl = await listenForControl(parley, ambient.logger);
  parley.historyKeeper.start();
  parley.media?.keeper.start();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stopWebSockets();
    await standbys?.close();
    await metrics?.close();
    await stopControl();
    await gateway.drain(DRAIN_MS_MAX);
    await api.close();
    await parley.close();
  };
  return {
    url,
    parley,
    gateway,
    standbyPort: standbys?.port ?? 0,
    metricsUrl: metrics?.url,
    close: () => (closing ??= close()),
  };
}

function createGateway(config: Config, ambient: Ambient, parley: Parley): Gateway {
  return new Gateway({
    calls: {
      accounts: parley.accounts,
      message: parley.message,
      sync: parley.sync,
      notify: parley.notify,
      ...(parley.previews === undefined ? {} : { previews: parley.previews }),
    },
    ambient,
    serverName: SERVER_NAME,
    heartbeatMs: config.heartbeatSeconds * 1000,
    handshakesPerSecond: config.handshakesPerSecond,
  });
}

/** True when this is a demo installation: a marker user that only the demo makes. */
async function ensureDemo(config: Config, parley: Parley): Promise<boolean> {
  const { users } = await parley.accounts.listUsers(DEFAULT_TENANT, { prefix: "", after: "", limit: 1 });
  if (!config.isDemo) return false;
  if (users.length === 0) await createDemo(parley, DEFAULT_TENANT);
  const found = await parley.accounts.findUsers(
    DEFAULT_TENANT,
    DEMO_USERS.map(({ userId }) => userId),
  );
  return found.every((user, index) => user?.name === DEMO_USERS[index]!.name);
}

/** Undefined when there are to be none. Errors: "bad-setting" (the token file), "port-in-use", "address-not-available". */
async function openStandbys(
  { standby }: Config,
  { standbys: source }: Parley,
  logger: Logger,
): Promise<StandbyListener | undefined> {
  if (standby === undefined || source === undefined) return undefined;
  const { host, port, tokenFile } = standby;
  const token = await readStandbyToken(tokenFile);
  try {
    return await listenForStandbys({ host, port, token, source, logger });
  } catch (cause) {
    throw listenFailure(standby, cause);
  }
}

function listenFailure(at: { readonly host: string; readonly port: number }, cause: unknown): Failure {
  const code = (cause as { code?: unknown }).code;
  const where = `${at.host}:${at.port}`;
  if (code === "EADDRINUSE") {
    return new Failure(
      "port-in-use",
      `${where} is in use: stop what listens there, or choose another with --port.`,
      { cause },
    );
  }
  return new Failure(
    "address-not-available",
    `Cannot listen on ${where}: choose another with --host and --port.`,
    { cause },
  );
}
