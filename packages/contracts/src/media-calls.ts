import type { ConversationId, MediaBody, MediaId, MediaKind, MessageId } from "@parley/protocol";
import type { Session } from "./session.js";

/** A file that is to be uploaded. */
export interface UploadRequest {
  readonly bytes: number;
  readonly name: string;
  /** The media type that the client says; what counts is found in the bytes. May be empty. */
  readonly type: string;
  /** Without it, what the type says. */
  readonly kind?: MediaKind;
}

export interface UploadStatus {
  readonly mediaId: MediaId;
  readonly bytes: number;
  /** So much is stored, durably. */
  readonly offset: number;
  /** Parts of this length lose nothing when they are cut off. */
  readonly chunkBytes: number;
  readonly isComplete: boolean;
}

/** Bytes on their way into an upload. */
export interface UploadPart {
  readonly offset: number;
  readonly source: AsyncIterable<Uint8Array>;
  /** Ends the source early: it came too slowly, or somebody else goes on with the upload. */
  stop(): void;
}

/** What the server has found out about a file: what a message says of it. */
export type MediaInfo = Pick<
  MediaBody,
  "mediaId" | "name" | "type" | "bytes" | "width" | "height" | "hasThumbnail"
> & { readonly kind: MediaKind };

/** A file, or its thumbnail, that may be read now. */
export interface MediaContent {
  readonly mediaId: MediaId;
  /** To be served under: never one that a browser runs. */
  readonly type: string;
  readonly name: string;
  readonly bytes: number;
  /** May be shown where it is; otherwise it is only ever saved. */
  readonly isInline: boolean;
  /** The bytes from `start` to before `end`. Errors: "unavailable" (the store). */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** A file in a message, or its thumbnail. */
export interface MessageMediaRequest {
  readonly conversationId: ConversationId;
  readonly sequence: number;
  readonly mediaId: MediaId;
  readonly isThumbnail: boolean;
}

/** What the media service offers to people. Errors are Failures with the protocol's codes. */
export interface MediaCalls {
  /** Begins an upload. Errors: "bad-request", "media-too-large", "too-many-requests" (too much under way). */
  createUpload(session: Session, request: UploadRequest): Promise<UploadStatus>;
  /** Errors: "media-unknown", also for somebody else's. */
  uploadStatus(session: Session, mediaId: MediaId): Promise<UploadStatus>;
  /**
   * Stores what comes, and resolves with the offset that the upload has come to: what was cut off within a chunk is not counted.
   * Errors: "media-unknown", "upload-offset" (its details name the right one), "bad-request" (more than was said),
   *   "too-many-requests", "storage-full", "unavailable"; those of the source, after which `uploadStatus` tells how far it came.
   */
  appendUpload(session: Session, mediaId: MediaId, part: UploadPart): Promise<number>;
  /**
   * Looks at what was uploaded; from then on it can be sent. Twice is as once.
   * Errors: "media-unknown", "upload-offset" (something is missing), "media-refused" (it is gone then), "unavailable".
   */
  completeUpload(session: Session, mediaId: MediaId): Promise<MediaInfo>;
  /** Removes a file that is in no message. Errors: "media-unknown", "bad-request" (it is in one). */
  cancelUpload(session: Session, mediaId: MediaId): Promise<void>;
  /** The user's own, before it is in a message. Errors: "media-unknown", "not-found" (it has no thumbnail). */
  openUpload(
    session: Session,
    mediaId: MediaId,
    what: { readonly isThumbnail: boolean },
  ): Promise<MediaContent>;
  /**
   * A file of a message that this user sees now.
   * Errors: "not-a-member", "message-unknown", "message-recalled", "media-unknown", "not-found" (it has no thumbnail).
   */
  openOfMessage(session: Session, request: MessageMediaRequest): Promise<MediaContent>;
}

/** A message that is about to hold a file. */
export interface MediaClaim {
  readonly mediaId: MediaId;
  readonly conversationId: ConversationId;
  readonly messageId: MessageId;
  /** The message will stand behind this sequence. */
  readonly after: number;
  /** The sender was shown the file by another message: it need not be the sender's own. */
  readonly isForward: boolean;
}

/** What the message service asks of the media service. */
export interface MediaClaims {
  /**
   * Before a message goes into the log: its file is complete and the sender's, or passed on by it, and stays from now on.
   * Effects: durable. Errors: "media-unknown", "storage-full", "unavailable".
   */
  claim(session: Session, claim: MediaClaim): Promise<MediaInfo>;
  /** What became of the message: its place, or undefined when it was refused. An outcome that is not known is not told. */
  settle(session: Session, claim: MediaClaim, sequence: number | undefined): void;
}
