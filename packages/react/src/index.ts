export { ParleyProvider, type ParleyProviderProps, useParley } from "./parley-provider.js";
export { useConnection } from "./use-connection.js";
export {
  type Entries,
  type Unread,
  useConversation,
  useConversations,
  useUnread,
} from "./use-conversations.js";
export { useMembers, type LoadedMembers } from "./use-members.js";
export { usePresence, useTypists } from "./use-presence.js";
export { type Sending, useSend } from "./use-send.js";
export { type OpenTimeline, useTimeline } from "./use-timeline.js";
