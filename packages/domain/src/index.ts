export {
  applyConversationRecord,
  type ConversationChanges,
  type ConversationOutcome,
  type Emission,
} from "./conversation-machine.js";
export { ConversationRecord, DAYS_NEVER, HistoryItem } from "./conversation-record.js";
export { type ConversationKey, HeadRow, MemberRow, type Role, SendRow } from "./conversation-rows.js";
export {
  type ConversationState,
  emptyConversation,
  senderKey,
  type SenderState,
} from "./conversation-state.js";
export { GROUP_MEMBERS_MAX } from "./membership.js";
export {
  applyUserRecord,
  stepsOf,
  UserHeadRow,
  type UserOutcome,
  type UserState,
  type UserStep,
} from "./user-machine.js";
export { HideRecord, Spread, UserRecord } from "./user-record.js";
export { DONE, refused, type RefusalCode, type Verdict } from "./verdict.js";
