import type { ConnectionStatus } from "@parley/client";
import { useCallback, useSyncExternalStore } from "react";
import { useParley } from "./parley-provider.js";

/** What the connection is doing; another object when it changes. */
export function useConnection(): ConnectionStatus {
  const client = useParley();
  const subscribe = useCallback((listener: () => void) => client.on("connection", listener), [client]);
  const read = useCallback(() => client.connection, [client]);
  return useSyncExternalStore(subscribe, read, read);
}
