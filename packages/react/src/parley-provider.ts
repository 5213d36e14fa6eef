/** The client that the components below use. */
import type { ParleyClient } from "@parley/client";
import { createContext, createElement, type ReactElement, type ReactNode, useContext, useMemo } from "react";
import { OpenConversations } from "./open-conversations.js";

/** What the hooks share below one provider. */
export interface Parley {
  readonly client: ParleyClient;
  readonly open: OpenConversations;
}

/** What a provider is given. */
export interface ParleyProviderProps {
  /** Started and stopped by the application; another one begins anew. */
  readonly client: ParleyClient;
  readonly children?: ReactNode;
}

const ParleyContext = createContext<Parley | undefined>(undefined);

/** Gives a client to the hooks of all components below. */
export function ParleyProvider({ client, children }: ParleyProviderProps): ReactElement {
  const parley = useMemo(() => ({ client, open: new OpenConversations(client) }), [client]);
  return createElement(ParleyContext.Provider, { value: parley }, children);
}

/** The client of the nearest provider. Throws without one above. */
export function useParley(): ParleyClient {
  return useParleyContext().client;
}

/** The client, and what the hooks share. */
export function useParleyContext(): Parley {
  const parley = useContext(ParleyContext);
  if (parley === undefined) throw new Error("There is no ParleyProvider above this component.");
  return parley;
}
