import type { Ambient } from "@parley/base";
import type { UserId } from "@parley/protocol";
import type { ClientStore } from "./store.js";
import type { Transport } from "./transport.js";

/** What a client is made of. `browser` and `node` offer the parts for their world. */
export interface ClientOptions {
  /** The WebSocket address: `ws` or `wss`, ending in `/v1/ws`. */
  readonly url: string;
  readonly token: string;
  readonly userId: UserId;
  /** For information; the server binds the device to the token. */
  readonly deviceId?: string;
  /** Name and version of the application, for the server's operator. */
  readonly clientName?: string;
  /** Owned by the client, which closes it in `stop`. */
  readonly store: ClientStore;
  readonly transport: Transport;
  readonly ambient: Ambient;
}
