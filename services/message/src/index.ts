export {
  CONVERSATION_EDIT,
  CONVERSATION_HEAD,
  CONVERSATION_MEMBER,
  CONVERSATION_MESSAGE,
  CONVERSATION_SEND,
} from "./conversation-tables.js";
export { ConversationStore } from "./conversation-store.js";
export { Emitter } from "./emitter.js";
export { Importing, type ImportedGroup } from "./importing.js";
export { Keeping, type KeepingDays } from "./keeping.js";
export { MessageService, type MessageServiceOptions } from "./message-service.js";
export { Processor, type ProcessorOptions } from "./processor.js";
