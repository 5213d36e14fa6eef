/** Reaching an installation for a tool: by opening it, or through the server that holds it. */
import { join } from "node:path";
import { type Ambient, failureCode } from "@parley/base";
import type { MasterKeySource } from "@parley/keys";
import { type Encryption, openParley } from "../parley.js";
import { remoteOperations } from "./control-client.js";
import { type Operations, localOperations } from "./operations.js";

export interface Installation {
  readonly operations: Operations;
  /** Whether a server runs on it. */
  readonly isServed: boolean;
  /** The installation itself, when no server runs on it and it is encrypted. */
  readonly encryption: Encryption | undefined;
  /** Flushes and lets go of the data directory when it was opened here. Idempotent. */
  close(): Promise<void>;
}

/** Errors: those of `openParley`; of calls "unavailable" when whoever holds the directory has no control socket. */
export async function openInstallation(options: {
  readonly dataDirectory: string;
  readonly ambient: Ambient;
  readonly reserveBytes?: number;
  readonly masterKey?: MasterKeySource;
  readonly onFatal: (error: unknown) => void;
}): Promise<Installation> {
  try {
    const parley = await openParley(options);
    return {
      operations: localOperations(parley),
      isServed: false,
      encryption: parley.encryption,
      close: () => parley.close(),
    };
  } catch (error) {
    if (failureCode(error) !== "data-directory-locked") throw error;
    const operations = remoteOperations(join(options.dataDirectory, "parley.sock"));
    return { operations, isServed: true, encryption: undefined, close: () => Promise.resolve() };
  }
}
