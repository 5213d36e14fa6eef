import type { ClientStore } from "./store.js";
import { createMemoryStore } from "./memory-store.js";
import { testClientStore } from "../testing/store-conformance.js";

const stores = new Map<string, ClientStore>();
testClientStore("memory store", {
  create: (name) => {
    const store = stores.get(name) ?? createMemoryStore();
    stores.set(name, store);
    return store;
  },
});
