/** A client with all its code from the beginning. */
import type { ParleyClient } from "./api.js";
import { clientWith } from "./client.js";
import type { ClientOptions } from "./client-options.js";
import * as calls from "./late-calls.js";
import * as files from "./late-files.js";
import type { Loaders } from "./loaders.js";

const AT_ONCE: Loaders = {
  files: () => files,
  calls: () => calls,
};

/** A client that has not started yet. */
export function createClient(options: ClientOptions): ParleyClient {
  return clientWith(options, AT_ONCE);
}
