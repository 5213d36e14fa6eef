/**
 * The SDK's public face. A client is local-first: what arrives is written to the local store, then shown, then
 * confirmed; what is sent is written to the outbox, then shown as pending, then sent until the server has answered.
 * Everything works on the local store while there is no connection.
 */
import type {
  Body,
  ConversationEntry,
  ConversationId,
  Edit,
  Member,
  Message,
  User,
  UserId,
} from "@parley/protocol";

/** What the connection is doing. "signed-out" and "stopped" are final until the application acts. */
export type ConnectionState =
  | "idle"
  | "connecting"
  | "catching-up"
  | "live"
  | "waiting"
  | "signed-out"
  | "stopped";

/** The connection, as an application shows it. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** Why it ended: the close code, or this client's own reason. */
  readonly code?: string;
  /** When the next try comes, in wall-clock time; while "waiting". */
  readonly retryAtMs?: number;
}

/** A message of mine that the server has not placed yet. */
export interface PendingMessage {
  readonly conversationId: ConversationId;
  readonly clientMessageId: string;
  readonly body: Body;
  readonly createdMs: number;
  /** "failed" waits for `retry` or `discard`; the code says why. */
  readonly state: "queued" | "sending" | "failed";
  readonly failureCode?: string;
}

/** A loaded part of one conversation, without holes, ascending, and what of mine comes after it. */
export interface Timeline {
  readonly conversationId: ConversationId;
  readonly messages: readonly Message[];
  readonly pending: readonly PendingMessage[];
  /** There is nothing older that I may see. */
  readonly isAtBeginning: boolean;
  /** The newest message is included. */
  readonly isAtEnd: boolean;
}

export interface ClientEvents {
  readonly connection: ConnectionStatus;
  /** Entries of the conversation list that changed. */
  readonly conversations: { readonly changed: readonly ConversationId[] };
  /** Messages of a conversation changed (arrived, placed, changed, hidden, failed): read its timeline again. */
  readonly timeline: { readonly conversationId: ConversationId };
}

export interface ParleyClient {
  readonly self: UserId;
  readonly state: ConnectionState;
  /** What the newest "connection" event told; the same object until the next. */
  readonly connection: ConnectionStatus;

  /** Opens the local store and begins to connect; resolves when the store is readable (also offline). */
  start(): Promise<void>;
  /** Closes the connection and the store; pending messages stay in the outbox. Idempotent. */
  stop(): Promise<void>;
  /** Tries to connect at once instead of waiting for the next try; does nothing unless "waiting". */
  connectNow(): void;
  /** Resolves when the device is live and nothing is queued; rejects after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>;

  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void;

  /** The list, most recently changed first; from memory, always the newest state; the same array until it changes. */
  conversations(): readonly ConversationEntry[];
  /** The open part of a conversation; the same object until it changes; undefined before `open`. */
  timeline(conversationId: ConversationId): Timeline | undefined;

  /** Loads the newest messages (from the store, then the server) and keeps the timeline in memory until `close`. */
  open(conversationId: ConversationId): Promise<Timeline>;
  /** Loads about `count` older messages, from the store where it holds them, else from the server. */
  loadOlder(conversationId: ConversationId, count?: number): Promise<Timeline>;
  close(conversationId: ConversationId): void;

  /** Puts a text into the outbox; resolves when it is in the store, before it is sent. */
  sendText(conversationId: ConversationId, text: string): Promise<PendingMessage>;
  retry(conversationId: ConversationId, clientMessageId: string): Promise<void>;
  discard(conversationId: ConversationId, clientMessageId: string): Promise<void>;

  /**
   * Marks everything up to `sequence` as read (default: the newest). Merged: at most one request at a time. Without a
   * connection it goes out with the next one, unless the client was stopped before.
   */
  markRead(conversationId: ConversationId, sequence?: number): void;
  /** Deletes messages for me on all my devices. */
  hide(conversationId: ConversationId, sequences: readonly number[]): Promise<void>;

  /**
   * Replaces the text of a message of mine, for all who see it; needs a connection. Effects: durable when it resolves; the
   * change itself comes as an event. Errors: "message-too-large", "message-unknown", "message-recalled", "not-allowed",
   * "too-late", "too-many-edits", "not-a-member"; those of a request.
   */
  edit(conversationId: ConversationId, sequence: number, text: string): Promise<void>;
  /** Takes a message back for everybody; as `edit`. */
  recall(conversationId: ConversationId, sequence: number): Promise<void>;
  /** What a message said before its edits, the oldest first; what it says now is the message. Errors: as `edit`. */
  edits(conversationId: ConversationId, sequence: number): Promise<readonly Edit[]>;

  createDirect(userId: UserId): Promise<ConversationId>;
  createGroup(options: {
    title: string;
    userIds: readonly UserId[];
    isHistoryOpen?: boolean;
  }): Promise<ConversationId>;
  addMembers(conversationId: ConversationId, userIds: readonly UserId[]): Promise<void>;
  removeMembers(conversationId: ConversationId, userIds: readonly UserId[]): Promise<void>;
  leave(conversationId: ConversationId): Promise<void>;
  members(conversationId: ConversationId): Promise<readonly Member[]>;
  /** The people whose ids begin with `prefix`, by id, so an id itself comes first; at most `limit` of them. */
  users(prefix?: string, limit?: number): Promise<readonly User[]>;

  /**
   * Compares the digest of the newest `span` stored messages of a conversation with the server's, and fetches them again
   * when they differ. Returns whether a repair was needed.
   */
  verify(conversationId: ConversationId, span?: number): Promise<boolean>;
}
