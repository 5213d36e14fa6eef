export { check } from "./check.js";
export { ANOMALY_CODES, type AnomalyCode } from "./anomaly-codes.js";
export { contentOf } from "./history/content.js";
export { type EventFacts, bodyContent, eventFacts, messageContent } from "./history/facts.js";
export type { History } from "./history/history.js";
export { LateAssignments } from "./history/late-assignments.js";
export { HistoryRecorder } from "./history/recorder.js";
export { NO_CONTENT } from "./history/records.js";
export type {
  AppliedEvent,
  AssignedEvent,
  ChangedMessage,
  Content,
  ConversationIndex,
  DeviceIndex,
  DevicePosition,
  EventKind,
  FinalMessages,
  HideInvocation,
  JoinedMember,
  ListedConversation,
  MembersInvocation,
  MemberSetIndex,
  MembershipChange,
  OperationIndex,
  PageInvocation,
  PageSuccess,
  PlacedMessage,
  ReadInvocation,
  Rebase,
  SeenMessage,
  SendInvocation,
  SendSuccess,
  ShownEntry,
  ShownMessage,
  TrimmedConversation,
  UserIndex,
} from "./history/records.js";
export type { Anomaly, CheckOptions, Figures, Invariant, Report } from "./report.js";
