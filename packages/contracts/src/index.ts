export type { AccountCalls, IssuedToken, SessionInfo } from "./account-calls.js";
export type { HistoryRequest, HistorySpan, MessageCalls, SendRequest, SendResult } from "./message-calls.js";
export type { Session } from "./session.js";
export type { Feed, FeedSink, Position, SyncCalls } from "./sync-calls.js";
