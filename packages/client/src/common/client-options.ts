import type { Ambient } from "@parley/base";
import type { DeviceKind, UserId } from "@parley/protocol";
import type { Http } from "./http.js";
import type { ClientStore } from "./store.js";
import type { TabChannel } from "./tab-channel.js";
import type { Transport } from "./transport.js";
import type { Inflate } from "./unpacking-transport.js";

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
  /** What the device is, for modules that publish to some kinds only. */
  readonly deviceKind?: DeviceKind;
  /** Owned by the client, which closes it in `stop`. */
  readonly store: ClientStore;
  readonly transport: Transport;
  /** Lets the server compress what it sends, where the network is slow. Without it everything comes as it is. */
  readonly inflate?: Inflate;
  /** The other tabs with the same store, for the same device. Without it nobody else has the store. */
  readonly tabs?: TabChannel;
  /** How many bytes of messages the store may hold, as an estimate; without it there is no limit. Old history goes first. */
  readonly storageBudget?: () => Promise<number>;
  readonly ambient: Ambient;
  /** Whether timers may be late by a second or more now, as in a page that is not seen: then nothing waits for company. */
  readonly hasLateTimers?: () => boolean;
  /** For files. Without it they are neither sent nor read. */
  readonly http?: Http;
}
