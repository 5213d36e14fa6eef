/** A client among the tabs that share its store: what their leader tells is shown here, and what happens here is told. */
import type { Ambient } from "@parley/base";
import type { ConnectionStatus } from "./api.js";
import type { GroupCache } from "./group-cache.js";
import type { Replica } from "./replica.js";
import { isUp } from "./session-state.js";
import type { StoreOwner } from "./store.js";
import type { TabChannel } from "./tab-channel.js";
import { createTabService, type TabService, type TabServiceParts } from "./tab-service.js";
import { type TabHost, Tabs } from "./tabs.js";
import type { Timelines } from "./timelines.js";

export interface ClientTabsParts {
  readonly channel: TabChannel;
  readonly ambient: Ambient;
  readonly tab: string;
  readonly owner: StoreOwner;
  /** The other parts, which know the tabs themselves. */
  readonly parts: () => TabServiceParts & {
    readonly replica: Replica;
    readonly timelines: Timelines;
    readonly groups: GroupCache;
  };
  readonly isReadable: () => boolean;
  /** The store was read. */
  readonly onLoaded: () => void;
  readonly connect: () => void;
  readonly connection: () => ConnectionStatus;
  /** The connection of the leader did something. */
  readonly onConnection: (connection: ConnectionStatus) => void;
  readonly onWiped: () => void;
}

export function createClientTabs(options: ClientTabsParts): Tabs {
  const { channel, ambient, tab, owner, parts, onLoaded } = options;
  let serve: TabService | undefined;
  const host: TabHost = {
    get isReadable() {
      return options.isReadable();
    },
    async follow() {
      await parts().replica.follow(owner);
      onLoaded();
    },
    async lead() {
      const { replica, session } = parts();
      const leader = await replica.lead(owner);
      session.mirror("idle");
      onLoaded();
      return leader;
    },
    connect: options.connect,
    unlead() {
      const { session, requests } = parts();
      session.stop();
      requests.handOver();
    },
    serve(name, values) {
      serve ??= createTabService(parts(), options.connect);
      return serve(name, values);
    },
    status: () => ({ state: parts().session.state, connection: options.connection() }),
    flights: () => parts().outbox.flights(),
    onCommit: (changes, committed) => parts().replica.mirror(changes, committed),
    onStatus({ state, connection }) {
      const { session, timelines, groups, presence } = parts();
      const wasUp = session.isUp;
      session.mirror(state);
      options.onConnection(connection);
      // The leader may be another one, which does not know what is wished here.
      if (isUp(state)) presence.onUp();
      else presence.keeper?.onDown();
      if (wasUp || !isUp(state)) return;
      timelines.onUp();
      groups.onUp();
    },
    onFlight: (flight) => parts().outbox.mirror(flight),
    onPlaced: (message) => parts().timelines.notePlaced(message),
    onPresence: (told) => parts().presence.take(told),
    onWiped: options.onWiped,
  };
  return new Tabs(channel, host, ambient, tab);
}
