export {
  CONVERSATION_CARD,
  CONVERSATION_CARD_ACTION,
  CONVERSATION_CARD_PART,
  CONVERSATION_EDIT,
  CONVERSATION_EVENT,
  CONVERSATION_HEAD,
  CONVERSATION_JOIN_REQUEST,
  CONVERSATION_MEMBER,
  CONVERSATION_MEMBER_CHANGE,
  CONVERSATION_MESSAGE,
  CONVERSATION_MODULE_EVENT,
  CONVERSATION_MODULE_NEWEST,
  CONVERSATION_PIN,
  CONVERSATION_REACTION,
  CONVERSATION_REACTION_SUM,
  CONVERSATION_SEARCH,
  CONVERSATION_SEND,
} from "./conversation-tables.js";
export { CHUNK_SEQUENCES, ChunkChanges, chunkOf } from "./search/chunk-changes.js";
export { ConversationStore } from "./conversation-store.js";
export { Emitter } from "./emitter.js";
export { Importing, type ImportedGroup } from "./importing.js";
export { Keeping, type KeepingDays } from "./keeping.js";
export { MessageSearch } from "./search/message-search.js";
export { encodeFilter } from "./search/term-filter.js";
export { addTerms, type TermHash } from "./search/text-terms.js";
export { HistoryReader } from "./history.js";
export { MessageService, type MessageServiceOptions, SHARED_FROM_MEMBERS } from "./message-service.js";
export { NotifiedGroupReader } from "./notified-groups.js";
export { SharedGroups } from "./shared-groups.js";
export { CAMPAIGN, CampaignRow } from "./system/campaign-rows.js";
export { Campaigns, CAMPAIGN_USERS_MAX, type CampaignStatus } from "./system/campaigns.js";
export { SystemLists } from "./system/system-lists.js";
export { type OnApplied, Processor, type ProcessorOptions } from "./processor.js";
export { ReadIndexes } from "./read-indexes.js";
export { Spreading, type SpreadingOptions, WINDOW_MS_MAX } from "./spreading.js";
export { ReviewGate, type ReviewCounts, type ReviewGateOptions } from "./review/review-gate.js";
export type { FindFile } from "./review/reviewed-files.js";
export { checkedReplacement } from "./checked-body.js";
export {
  LaterReview,
  type LaterReviewOptions,
  type LaterReviewCounts,
  REVIEW_ACTOR,
  REVIEW_PENDING,
  ReviewRow,
} from "./review/later-review.js";
