/** What a real server notifies with: the network, and the operator's credentials. */
import { type Ambient, Failure, messageOf } from "@parley/base";
import { deliverOver, NodeNetwork, type PushCredentials } from "@parley/notification";
import { readFile } from "node:fs/promises";
import type { Config } from "../config.js";
import { CREDENTIALS_CHECK_MS, PushCredentialsFile } from "./push-credentials-file.js";
import type { PushOptions } from "./wire-notify.js";

type PushConfig = Pick<Config, "pushCredentialsFile" | "pushSubject" | "pushAllow" | "pushCaFile">;

export interface Push {
  readonly options: PushOptions;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Errors: "bad-setting". */
export async function openPush(config: PushConfig, ambient: Ambient): Promise<Push> {
  const { pushCredentialsFile: path } = config;
  const file = path === undefined ? undefined : await PushCredentialsFile.open(path);
  const ca = config.pushCaFile === undefined ? undefined : await readCertificates(config.pushCaFile);
  const none: PushCredentials = new Map();
  const credentials = (): PushCredentials => file?.credentials ?? none;
  const network = new NodeNetwork({ ambient, allowedAddresses: config.pushAllow, ca });
  const timer = file && ambient.scheduler.every(CREDENTIALS_CHECK_MS, () => file.check(ambient.logger));
  return {
    options: {
      subject: config.pushSubject,
      deliver: (vapid) => deliverOver(network, ambient, { vapid, credentials }),
      tenantPush: (tenantId) => credentials().get(tenantId),
    },
    close: async () => {
      timer?.cancel();
      await network.close();
    },
  };
}

async function readCertificates(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Failure("bad-setting", `--push-ca cannot be read: ${messageOf(cause)}.`, {
      retry: "after-change",
      details: { setting: "push-ca" },
      cause,
    });
  }
}
