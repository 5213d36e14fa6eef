/** What goes wrong when several tabs share a store: see planted-bugs.ts. */
import type { ClientStore } from "@parley/client";
import type { PlantedBug } from "./planting.js";

/** A leader goes on writing after its lock was stolen: nothing checks under which lead it commits. */
export const OLD_LEADER_GOES_ON: PlantedBug = {
  store: (store) => ({
    ...withMethods(store),
    commit: (changes) => store.commit(changes),
  }),
};

/** A message that a tab gave is taken again when the leader changes: who leads next does not know what was given. */
export const GIVEN_IS_TAKEN_TWICE: PlantedBug = {
  store: (store) => ({
    ...withMethods(store),
    load: async (isLeading) => ({ ...(await store.load(isLeading)), given: [] }),
  }),
};

function withMethods(store: ClientStore): ClientStore {
  return {
    load: (isLeading) => store.load(isLeading),
    commit: (changes, leader) => store.commit(changes, leader),
    readMessages: (conversationId, range) => store.readMessages(conversationId, range),
    close: () => store.close(),
    destroy: () => store.destroy(),
  };
}
