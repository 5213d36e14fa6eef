import { createContext, useContext, useSyncExternalStore } from "react";
import type { AppUpdates } from "./app-updates.js";

/** Set by the app. */
export const UpdatesContext = createContext<AppUpdates | undefined>(undefined);

export function useUpdates(): AppUpdates {
  const updates = useContext(UpdatesContext);
  if (updates === undefined) throw new Error("There are no updates above this component.");
  return updates;
}

/** Whether a newer version than that of the page is there. */
export function useIsNewerThere(): boolean {
  const { subscribe, isNewerThere } = useUpdates();
  return useSyncExternalStore(subscribe, isNewerThere);
}
