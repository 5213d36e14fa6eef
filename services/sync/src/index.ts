export { FeedRegistry } from "./feed-registry.js";
export { SyncService, type SyncServiceOptions } from "./sync-service.js";
export { UserProcessor, type UserProcessorOptions } from "./user-processor.js";
export {
  CONVERSATION_INBOX,
  DEVICE,
  DeviceRow,
  MESSAGE_INBOX,
  SYNC_QUEUE,
  USER_HEAD,
  userPartition,
} from "./user-tables.js";
export { UserStore } from "./user-store.js";
