/** Files, as applications use them. */
import type { Body, ConversationId, MediaBody, MediaId, MediaKind, Message } from "@parley/protocol";
import type { PendingMessage } from "./api.js";

/** Bytes that are read piece by piece: a browser's File and Blob, and Node's, are such. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** A file that is to be sent. */
export interface MediaFile {
  readonly name: string;
  /** Its media type, such as that of a File. What counts is found in the bytes by the server. */
  readonly type?: string;
  /** Without it, what the type says. */
  readonly kind?: MediaKind;
  readonly content: Uint8Array | BlobLike;
}

/** What the server found out about a file. */
export type MediaInfo = Omit<MediaBody, "durationMs" | "caption">;

/** "waiting" comes back by itself. "done", "failed" and "cancelled" are final. */
export type UploadState = "uploading" | "waiting" | "done" | "failed" | "cancelled";

/** How far an upload has come. */
export interface UploadProgress {
  readonly state: UploadState;
  /** Stored by the server: never goes back. */
  readonly sentBytes: number;
  readonly bytes: number;
}

/** An upload on its way. It goes on after losses of the connection, and after restarts of the server. */
export interface MediaUpload {
  readonly progress: UploadProgress;
  /** Given by the server; with it the upload can be gone on with after a restart of the application. */
  readonly mediaId: MediaId | undefined;
  /** Calls `listener` whenever the progress changes; returns what removes it. */
  onProgress(listener: (progress: UploadProgress) => void): () => void;
  /** Ends it, and removes what is stored of it. Does nothing when it is over. */
  cancel(): void;
  /**
   * Resolves when the file can be sent. Errors: "media-too-large", "media-refused", "media-unknown" (the server has removed what was
   * not completed in time), "upload-cancelled", "unavailable" (no progress for long, or the client was stopped); those of the server.
   */
  readonly done: Promise<MediaInfo>;
}

/** How a file is uploaded. */
export interface UploadOptions {
  /** Goes on with an upload of before, of the same file. */
  readonly mediaId?: MediaId;
}

/** A file on its way into a conversation: uploaded first, then in the outbox. */
export interface MediaSend {
  readonly upload: MediaUpload;
  /** Resolves when the message is in the outbox. Errors: those of the upload; "message-too-large". */
  readonly message: Promise<PendingMessage>;
}

/** How a file is sent. */
export interface SendMediaOptions extends UploadOptions {
  readonly caption?: string;
  readonly durationMs?: number;
  /** As in any message. */
  readonly reply?: Body["reply"];
  readonly mentions?: Body["mentions"];
}

/** The message that a file is read by. */
export type MediaSource = Pick<Message, "conversationId" | "sequence" | "body">;

/** How a file is fetched. */
export interface FetchMediaOptions {
  /** The small picture instead; only where `hasThumbnail` says that there is one. */
  readonly isThumbnail?: boolean;
  /** Told after each piece of at most 4 MiB. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Ends it before the next piece when it is aborted: an AbortSignal is such. */
  readonly signal?: { readonly aborted: boolean };
}

/** How far a file has come. */
export interface FetchProgress {
  readonly receivedBytes: number;
  readonly bytes: number;
}

/** A file that was fetched. */
export interface FetchedMedia {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The part of the client that is about files. */
export interface ClientMedia {
  /** Uploads a file, which is not in a message yet. */
  uploadMedia(file: MediaFile, options?: UploadOptions): MediaUpload;
  /** Uploads a file and sends it; what is in the outbox is sent as any message is. */
  sendMedia(conversationId: ConversationId, file: MediaFile, options?: SendMediaOptions): MediaSend;
  /**
   * Reads the file of a message. Errors: "not-a-member", "message-unknown", "message-recalled", "media-unknown", "not-found" (it has
   * no thumbnail), "unavailable", "download-cancelled". Cost: all of it in memory.
   */
  fetchMedia(message: MediaSource, options?: FetchMediaOptions): Promise<FetchedMedia>;
  /** Its address, for applications that fetch it themselves with the header `Authorization`. It holds no token. */
  mediaUrl(message: MediaSource, options?: FetchMediaOptions): string;
}
