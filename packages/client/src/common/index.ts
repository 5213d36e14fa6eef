export type * from "./api.js";
export { createClient } from "./client.js";
export type { ClientOptions } from "./client-options.js";
export { createMemoryStore } from "./memory-store.js";
export { StoreImage } from "./store-image.js";
export type {
  Change,
  ClientStore,
  MessageRange,
  OutboxItem,
  Position,
  Span,
  StoreOwner,
  StoreState,
} from "./store.js";
export type { Connection, ConnectionHandlers, Transport } from "./transport.js";
