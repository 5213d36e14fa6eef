export {
  applyConversationRecord,
  type ConversationChanges,
  type ConversationOutcome,
  type Emission,
} from "./conversation-machine.js";
export {
  type ConversationChange,
  ConversationRecord,
  conversationRecord,
  CreateRecord,
  DAYS_NEVER,
  HistoryItem,
  MembersRecord,
  RecallRecord,
} from "./conversation-record.js";
export {
  CardRow,
  type ConversationKey,
  HeadRow,
  MemberRow,
  PinRow,
  ReactionRow,
  ReactionSumRow,
  type Role,
  SendRow,
  TopicRow,
} from "./conversation-rows.js";
export {
  type ConversationState,
  emptyConversation,
  forgetNeeded,
  neededBy,
  type NeededCards,
  type NeededRows,
  senderKey,
  type SenderState,
} from "./conversation-state.js";
export { seesMessage } from "./directed.js";
export { hasMarks } from "./marks.js";
export {
  type Circle,
  GroupRow,
  JoinRequestRow,
  type JoinPolicy,
  MEMBER_CHANGES_KEPT,
  MemberChangeRow,
} from "./group-rows.js";
export { isOver } from "./group-joins.js";
export { infoOf, memberOf } from "./group-step.js";
export {
  badgeOf,
  isMuted,
  isOfMentionsOnly,
  isQuiet,
  isTimeZone,
  type NotifyPreview,
  notifyWords,
  type NotifyWords,
  PREVIEW_LETTERS_MAX,
  whyNotify,
} from "./notify-rules.js";
export { GROUP_MEMBERS_MAX } from "./membership.js";
export { type Action, forbids, forbidsBody, groupOf, may } from "./permissions.js";
export { castAs, fitsRole } from "./scenario-roles.js";
export {
  GIVEN_KEPT_MS,
  type GivenModuleEvents,
  GivenRow,
  moduleEventKey,
  NewestRow,
  type NewModuleEvent,
} from "./module-repeats.js";
export {
  applyUserRecord,
  type MentionMark,
  stepsOf,
  UserHeadRow,
  type UserOutcome,
  type UserState,
  type UserStep,
} from "./user-machine.js";
export { HideRecord, PinRecord, SettingsRecord, Spread, UserRecord } from "./user-record.js";
export { DONE, refused, type RefusalCode, type Verdict } from "./verdict.js";
