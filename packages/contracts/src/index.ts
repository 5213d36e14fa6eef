export type {
  AccountCalls,
  DepartmentPage,
  DepartmentQuery,
  IssuedToken,
  PeopleAmong,
  PeopleSearch,
  PersonPicture,
  SessionInfo,
} from "./account-calls.js";
export type {
  MediaCalls,
  MediaClaim,
  MediaClaims,
  MediaContent,
  MediaInfo,
  MessageMediaRequest,
  UploadPart,
  UploadRequest,
  UploadStatus,
} from "./media-calls.js";
export type {
  GroupCalls,
  GroupUpdate,
  GroupView,
  JoinAsk,
  MembersPage,
  MembersRequest,
  MemberUpdate,
} from "./group-calls.js";
export type {
  LaterReviewer,
  ReviewedContent,
  ReviewedFile,
  ReviewedFiles,
  Reviewer,
  ReviewVerdict,
} from "./reviewer.js";
export type {
  CardActionPage,
  CardActionRequest,
  CardActionsRequest,
  CardCalls,
  CardUpdateRequest,
} from "./card-calls.js";
export type { InstalledScenario } from "./scenario.js";
export type {
  EditPage,
  EditRequest,
  EditsRequest,
  HistoryRequest,
  HistorySpan,
  MentionsAnswer,
  MentionsRequest,
  MessageCalls,
  MessageRequest,
  MessagesAnswer,
  MessagesRequest,
  SearchHit,
  SearchPage,
  SearchRequest,
  SendRequest,
  SendResult,
} from "./message-calls.js";
export type {
  NotifyCalls,
  NotifiedGroups,
  NotifyChange,
  NotifySettingsCalls,
  NotifySource,
  PlacedTopicRow,
  PushTarget,
  PushTargetCalls,
  TopicConfirmations,
  UserKey,
} from "./notify-calls.js";
export type { LinkPreviewContent, PreviewCalls } from "./preview-calls.js";
export type { Session } from "./session.js";
export type {
  ModuleCalls,
  ModuleCounts,
  ModulePublication,
  ModuleQuota,
  ModuleReceivers,
} from "./module-calls.js";
export type {
  PinPage,
  PinRequest,
  PinsRequest,
  ReactionPage,
  ReactionsRequest,
  ReactRequest,
  ReadCountList,
  ReadCountsRequest,
  ReaderPage,
  ReadersRequest,
  StateCalls,
} from "./state-calls.js";
export type {
  Feed,
  FeedSink,
  ListPage,
  MentionPlace,
  Position,
  PinChange,
  SyncCalls,
  TopicPosition,
} from "./sync-calls.js";
export type { HiddenSpan, SystemListCalls, TopicCalls, TopicListener } from "./topic-calls.js";
