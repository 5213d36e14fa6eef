export { TopicFeeds } from "./topic-feeds.js";
export { ModuleService, type ModuleServiceOptions } from "./modules/module-service.js";
export { FeedRegistry } from "./feed-registry.js";
export { NotifySettings } from "./notify-settings.js";
export { notifySource } from "./notify-source.js";
export type { QueueListener } from "./queue-listener.js";
export { type PushingOptions, SyncService, type SyncServiceOptions } from "./sync-service.js";
export { UserProcessor, type UserProcessorOptions } from "./user-processor.js";
export {
  CONVERSATION_INBOX,
  DEVICE,
  DeviceRow,
  MENTION,
  MESSAGE_INBOX,
  MODULE_EVENT,
  MODULE_NEWEST,
  SYNC_QUEUE,
  USER_HEAD,
  USER_SETTINGS,
  userPartition,
} from "./user-tables.js";
export { UserStore } from "./user-store.js";
