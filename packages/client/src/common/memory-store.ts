/** A store that lives as long as the process, for tests and for clients that shall leave no trace. */
import { type ClientStore, leadLost } from "./store.js";
import { StoreImage } from "./store-image.js";

/** An empty store. It survives `close`, so that a test can restart a client on it. */
export function createMemoryStore(): ClientStore {
  let image = new StoreImage();
  return {
    async load(isLeading) {
      if (isLeading === true) image.apply([image.nextLead()]);
      return image.state();
    },
    async commit(changes, leader) {
      if (!image.isLedBy(leader)) throw leadLost();
      image.apply(changes);
    },
    async readMessages(conversationId, range) {
      return image.messages(conversationId, range);
    },
    async close() {},
    async destroy() {
      image = new StoreImage();
    },
  };
}
