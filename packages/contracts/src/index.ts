export type { AccountCalls, IssuedToken, SessionInfo } from "./account-calls.js";
export type {
  EditPage,
  EditRequest,
  EditsRequest,
  HistoryRequest,
  HistorySpan,
  MessageCalls,
  MessageRequest,
  SendRequest,
  SendResult,
} from "./message-calls.js";
export type { Session } from "./session.js";
export type { Feed, FeedSink, Position, SyncCalls } from "./sync-calls.js";
