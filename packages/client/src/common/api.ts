/**
 * The SDK's public face. A client is local-first: what arrives is written to the local store, then shown, then
 * confirmed; what is sent is written to the outbox, then shown as pending, then sent until the server has answered.
 * Everything works on the local store while there is no connection.
 */
import type {
  Body,
  ConversationEntry,
  ConversationId,
  DoNotDisturb,
  Edit,
  Init,
  Member,
  MemberField,
  Message,
  Pin,
  ReadCount,
  User,
  UserId,
} from "@parley/protocol";
import type { ClientMedia } from "./media-api.js";
import type { ClientPeople } from "./people.js";
import type { ConversationUsage, StorageUsage } from "./storage.js";
import type { LocalSearchOptions } from "./local-searching.js";
import type { FoundMessage, SearchOptions, SearchResults } from "./searching.js";

import type { LinkPreview } from "./link-previews.js";
import type { MentionPage } from "./mentions.js";
import type { ForwardOptions, ForwardSource } from "./forwarding.js";

export type { ForwardOptions, ForwardSource, MentionPage };
import type { CardActed, CardActionPage, CardContent, CardDeed, CardUpdate } from "./cards.js";
import type { ModuleReset, ModuleTold } from "./modules.js";
import type { ReactionListPage } from "./reacting.js";
import type { ReadersPage } from "./read-counts.js";
import type { GroupOptions } from "./directory.js";
import type { Group } from "./group-cache.js";
import type { GroupClient } from "./group-client.js";
import type { NotifyClient } from "./notify.js";
import type { PresenceClient, UserPresence } from "./presence.js";
import type { JoinOptions, MemberSettings } from "./groups.js";

export type { ConversationUsage, PresenceClient, StorageUsage, UserPresence };
export type { Group, GroupClient, GroupOptions, JoinOptions, MemberSettings };

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
  /** Empty while the newest messages are not included. */
  readonly pending: readonly PendingMessage[];
  /** There is nothing older that I may see. */
  readonly isAtBeginning: boolean;
  /** The newest message is included. */
  readonly isAtEnd: boolean;
}

/** What `on` tells, by its name. */
export interface ClientEvents {
  readonly connection: ConnectionStatus;
  /** Entries of the conversation list that changed. */
  readonly conversations: { readonly changed: readonly ConversationId[] };
  /** Messages of a conversation changed (arrived, placed, changed, hidden, failed): read its timeline again. */
  readonly timeline: { readonly conversationId: ConversationId };
  /** A signal for another module; each once, while this device is connected or when it has caught up. */
  readonly signal: { readonly message: Message };
  /** Pins of a conversation changed: ask for them again. */
  readonly pins: { readonly conversationId: ConversationId };
  /** More or fewer have read messages of a conversation: look at `readCount`. After a Rebase ask again. */
  readonly reads: { readonly conversationId: ConversationId };
  /** Somebody did something with a card of mine; each once. What this device may have missed: `cardActions`. */
  readonly cardAction: CardActed;
  /**
   * A business module says something; each once, when it is stored that it was told. Nothing of it is kept here: write it down
   * before the listener returns, or ask the module for its state after a start.
   */
  readonly module: ModuleTold;
  /** Events of modules were skipped, as after a Rebase: ask the modules for their state. */
  readonly "module-reset": ModuleReset;
  /** A group, its members or the requests to join it changed. */
  readonly group: { readonly conversationId: ConversationId };
  /** Old history was given up to keep to the storage budget, or because the store was full; `bytes` is an estimate. */
  readonly evicted: { readonly bytes: number; readonly conversations: number };
  /** The local store was wiped, here or in another tab; the client has stopped. */
  readonly wiped: Readonly<Record<string, never>>;
  /** When I am not to be disturbed was set, here or on another device. After a Rebase ask again. */
  readonly notifySettings: { readonly doNotDisturb: DoNotDisturb };
  /** Watched people of whom something else is known, or nothing any more. */
  readonly presence: { readonly changed: readonly UserId[] };
  /** Others began or ended to type in a conversation. */
  readonly typing: { readonly conversationId: ConversationId };
}

/** One device of one user: everything that an application does with Parley. */
export interface ParleyClient extends ClientMedia, ClientPeople {
  readonly self: UserId;
  readonly state: ConnectionState;
  /** What the newest "connection" event told; the same object until the next. */
  readonly connection: ConnectionStatus;
  /**
   * This client has the connection: always, unless several tabs share a store, then in one of them. For what one of them should do,
   * such as a notification.
   */
  readonly isLeading: boolean;
  /** What groups are, and what is set of them. */
  readonly groups: GroupClient;
  /** What I am notified of, and where. */
  readonly notify: NotifyClient;
  /** Who is there, and who is typing. */
  readonly presence: PresenceClient;

  /** Opens the local store and begins to connect; resolves when the store is readable (also offline). */
  start(): Promise<void>;
  /** Closes the connection and the store; pending messages stay in the outbox. Other tabs go on. Idempotent. */
  stop(): Promise<void>;
  /**
   * Stops and removes all that was stored, also what was not sent yet, in all tabs; needs no connection. Errors: "unavailable" when
   * the store could not be removed; then it may be called again.
   */
  wipe(): Promise<void>;
  /** Tries to connect at once instead of waiting for the next try; does nothing unless "waiting". */
  connectNow(): void;
  /** Resolves when the device is live and nothing is queued; rejects after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>;

  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void;

  /** The list: what is pinned, then most recently changed first; from memory, always the newest state; the same array until it changes. */
  conversations(): readonly ConversationEntry[];
  /** The open part of a conversation; the same object until it changes; undefined before `open`. */
  timeline(conversationId: ConversationId): Timeline | undefined;

  /** Loads the newest messages (from the store, then the server) and keeps the timeline in memory until `close`. */
  open(conversationId: ConversationId): Promise<Timeline>;
  /** Loads about `count` older messages, from the store where it holds them, else from the server. */
  loadOlder(conversationId: ConversationId, count?: number): Promise<Timeline>;
  /**
   * Loads the messages around one, from the store where it holds them, else from the server, and shows these instead of the
   * newest ones; `loadOlder` and `loadNewer` go on from there. With the newest message it is an open conversation as any other.
   * `open` goes back to the newest ones. Errors: those of a request, when the store does not hold the message.
   */
  openAt(conversationId: ConversationId, sequence: number): Promise<Timeline>;
  /** After `openAt`: loads about `count` newer messages, as `loadOlder` loads older ones. */
  loadNewer(conversationId: ConversationId, count?: number): Promise<Timeline>;
  close(conversationId: ConversationId): void;

  /** Puts a text into the outbox; resolves when it is in the store, before it is sent. */
  sendText(conversationId: ConversationId, text: string): Promise<PendingMessage>;
  /** As `sendText`, a body of any kind that may be sent; with an `audience` only these members see it. */
  send(
    conversationId: ConversationId,
    body: Init<Body>,
    audience?: readonly UserId[],
  ): Promise<PendingMessage>;
  /**
   * Sends messages on: each as one, or all merged into one. The server makes them of what I may see there when they are sent; until
   * then a message is shown as far as this device holds it.
   */
  forward(
    conversationId: ConversationId,
    source: ForwardSource,
    options?: ForwardOptions,
  ): Promise<readonly PendingMessage[]>;
  retry(conversationId: ConversationId, clientMessageId: string): Promise<void>;
  discard(conversationId: ConversationId, clientMessageId: string): Promise<void>;

  /**
   * Marks everything up to `sequence` as read (default: the newest). Merged: at most one request at a time. Without a
   * connection it goes out with the next one, unless the client was stopped before.
   */
  markRead(conversationId: ConversationId, sequence?: number): void;
  /**
   * Keeps a conversation at the top of my list, on all my devices, or does so no longer; needs a connection. The last one pinned stands
   * first, and all stay in their places whatever is written in them. Effects: durable when it resolves; the entry's `pinnedMs` comes
   * as an event. Errors: "not-a-member", "too-many-pins" beyond LIST_PINS_MAX; those of a request.
   */
  setPinned(conversationId: ConversationId, isPinned: boolean): Promise<void>;
  /** Deletes messages for me on all my devices. */
  hide(conversationId: ConversationId, sequences: readonly number[]): Promise<void>;

  /**
   * Replaces the text of a message of mine, for all who see it; needs a connection. Effects: durable when it resolves; the
   * change itself comes as an event. Errors: "message-too-large", "message-unknown", "message-recalled", "not-allowed",
   * "too-late", "too-many-edits", "not-a-member"; those of a request.
   */
  edit(conversationId: ConversationId, sequence: number, text: string | Init<Body>): Promise<void>;
  /** Takes a message back for everybody; as `edit`. */
  recall(conversationId: ConversationId, sequence: number): Promise<void>;
  /** What a message said before its edits, the oldest first; what it says now is the message. Errors: as `edit`. */
  edits(conversationId: ConversationId, sequence: number): Promise<readonly Edit[]>;

  /**
   * Single messages as I may see them now, in the order of `sequences`: those that an answer quotes. Undefined: it does not exist for
   * me; a recalled one has no body. From what is held; needs a connection for the rest. Errors: those of a request.
   */
  lookUp(
    conversationId: ConversationId,
    sequences: readonly number[],
  ): Promise<readonly (Message | undefined)[]>;
  /** Messages that mention me, the newest first: everywhere, or in one conversation. Needs a connection. Errors: those of a request. */
  mentions(cursor?: string, conversationId?: ConversationId): Promise<MentionPage>;

  /**
   * Looks for messages with certain words, in one conversation or in all; needs a connection. Go on with `next` of the results
   * as `cursor`: there may be no hits and still more to search. Errors: "bad-request" when nothing is asked for or too much,
   * "not-a-member", "too-many-requests"; those of a request.
   */
  search(options: SearchOptions, cursor?: string): Promise<SearchResults>;
  /**
   * Looks in what this device holds, by the same rules, without a connection: for `for await`, as it is found; the conversations as
   * in the list, the newest message first in each, at most 500. It stops when the loop does. Errors: "bad-request" as `search`.
   */
  searchLocal(text: string, options?: LocalSearchOptions): AsyncIterable<readonly FoundMessage[]>;
  /**
   * Gives a message a reaction (an emoji or a few words), or takes it back; needs a connection. Effects: durable when it
   * resolves; the change itself comes as an event, and shows in `reactions` of the message. In the order of the calls.
   * Errors: "message-unknown", "message-recalled", "not-allowed", "too-many-reactions", "not-a-member"; those of a request.
   */
  react(conversationId: ConversationId, sequence: number, key: string): Promise<void>;
  unreact(conversationId: ConversationId, sequence: number, key: string): Promise<void>;
  /** Who gave which reactions, page by page; of one `key` or of all. Errors: as `react`. */
  reactions(
    conversationId: ConversationId,
    sequence: number,
    page?: { readonly key?: string; readonly after?: string },
  ): Promise<ReactionListPage>;

  /** Pins a message for all, or takes the pin away; as `react`. Errors: also "too-many-pins". */
  pin(conversationId: ConversationId, sequence: number): Promise<void>;
  unpin(conversationId: ConversationId, sequence: number): Promise<void>;
  /** The pinned messages that I see, the newest message first; from memory while that is right. */
  pins(conversationId: ConversationId): Promise<readonly Pin[]>;

  /** Who has read a message, or who has not, page by page. Its sender is not counted. Errors: as `react`. */
  readers(
    conversationId: ConversationId,
    sequence: number,
    page?: { readonly isUnread?: boolean; readonly after?: string },
  ): Promise<ReadersPage>;
  /** How many have read these messages, of those that I see. */
  readCounts(conversationId: ConversationId, sequences: readonly number[]): Promise<readonly ReadCount[]>;
  /** What is known of that: answers, and for my newest messages events. */
  readCount(conversationId: ConversationId, sequence: number): ReadCount | undefined;

  /**
   * Sends an Adaptive Card as `send` sends a body. `revision` is the application's own number of its content. Of a message `cardOf` tells
   * what its reader sees: the private part instead of the one that all see.
   */
  sendCard(
    conversationId: ConversationId,
    content: CardContent,
    options?: { readonly revision?: number; readonly audience?: readonly UserId[] },
  ): Promise<PendingMessage>;
  /**
   * Replaces a part of a card of mine: the one that all see, or with a `userId` that of one user. Needs a connection; in the order of
   * the calls. Effects: durable when it resolves; what all see is told merged, after at most two seconds. Errors: "card-outdated" when
   * the part has this revision or a higher one (`details.expected` is the lowest that is taken), "message-too-large",
   * "message-unknown", "message-recalled", "not-allowed", "not-a-member", "content-refused"; those of a request.
   */
  updateCard(conversationId: ConversationId, sequence: number, update: CardUpdate): Promise<void>;
  /** Does something with a card; its sender is told. As `react`. Effects: durable when it resolves, once for each `actionId`. */
  actOnCard(conversationId: ConversationId, sequence: number, deed: CardDeed): Promise<void>;
  /** Of everybody who acted on a card of mine the last action, by user id, page by page. Errors: as `react`. */
  cardActions(conversationId: ConversationId, sequence: number, after?: string): Promise<CardActionPage>;

  /**
   * What a message links to, as the page says it: of the first link of a text or a rich text. Undefined: there is none to show. Asked
   * of the server once for each state of the message, and held in memory; needs a connection, and may take some seconds. Nobody but
   * the server asks the page. Errors: "not-a-member", "too-many-requests"; those of a request.
   */
  linkPreview(conversationId: ConversationId, sequence: number): Promise<LinkPreview | undefined>;

  /**
   * A ticket for a module's own server, which learns by it once, and within a minute, who I am: a token never goes there.
   * Errors: those of the server, "not-found" for a module that there is not; "unavailable" when it cannot be reached.
   */
  moduleTicket(module: string): Promise<string>;

  createDirect(userId: UserId): Promise<ConversationId>;
  createGroup(options: GroupOptions): Promise<ConversationId>;
  /** `as`: the role in the group's scenario and what it asks for; then one user at a time. */
  addMembers(
    conversationId: ConversationId,
    userIds: readonly UserId[],
    as?: { readonly scenarioRole?: string; readonly fields?: readonly MemberField[] },
  ): Promise<void>;
  removeMembers(conversationId: ConversationId, userIds: readonly UserId[]): Promise<void>;
  leave(conversationId: ConversationId): Promise<void>;
  /** All members by user id; from memory when they are known, with what changed since when some are. Errors: those of a request. */
  members(conversationId: ConversationId): Promise<readonly Member[]>;
  /** The people whose ids begin with `prefix`, by id, so an id itself comes first; at most `limit` of them. */
  users(prefix?: string, limit?: number): Promise<readonly User[]>;

  /** What the local store holds of each conversation, estimated from samples, and how much it may. */
  storage(): Promise<StorageUsage>;
  /**
   * Compares the digest of the newest `span` stored messages of a conversation with the server's, and fetches them again
   * when they differ. Returns whether a repair was needed.
   */
  verify(conversationId: ConversationId, span?: number): Promise<boolean>;
}
