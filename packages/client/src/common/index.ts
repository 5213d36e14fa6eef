export type * from "./api.js";
export type * from "./media-api.js";
export type * from "./people.js";
export {
  type FetchWorld,
  type Http,
  type HttpAnswer,
  type HttpCall,
  type HttpRequest,
  httpOver,
} from "./http.js";
export { createClient } from "./create-client.js";
export type { ClientOptions } from "./client-options.js";
export { markdownBody, type MentionName } from "./markdown.js";
export { markdownSource } from "./markdown-source.js";
export { type FallbackOptions, fallbackTransport, type StreamHint } from "./fallback-transport.js";
export {
  conversationNotify,
  type ConversationNotify,
  type NotifyClient,
  type PushTarget,
  type WebPushSubscription,
} from "./notify.js";
export { createMemoryStore } from "./memory-store.js";
export type { CardActed, CardActionPage, CardContent, CardDeed, CardUpdate } from "./cards.js";
export type { ModuleReset, ModuleTold } from "./modules.js";
export type { ReactionListPage } from "./reacting.js";
export type { LinkPreview } from "./link-previews.js";
export type { ReadersPage } from "./read-counts.js";
export type { LocalSearchOptions } from "./local-searching.js";
export type { FoundMessage, SearchOptions, SearchResults } from "./searching.js";
export {
  createStreamTransport,
  type StreamAnswer,
  type StreamCall,
  type StreamWorld,
} from "./stream-transport.js";
export { StoreImage } from "./store-image.js";
export { leadLost } from "./store.js";
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
export type { TabChannel, TabHandlers } from "./tab-channel.js";
export { type HubTab, type RunInTab, TabHub } from "./tab-hub.js";
export type { Connection, ConnectionHandlers, Transport } from "./transport.js";
export type { Inflate } from "./unpacking-transport.js";
