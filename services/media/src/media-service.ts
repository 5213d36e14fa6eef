/** Files in messages, as people and the message service use them. */
import type {
  MediaCalls,
  MediaContent,
  MediaInfo,
  MessageCalls,
  MessageMediaRequest,
  Session,
  UploadPart,
  UploadRequest,
  UploadStatus,
} from "@parley/contracts";
import type { MediaId } from "@parley/protocol";
import { Downloads } from "./downloads.js";
import { Uploads, type UploadsOptions } from "./uploads.js";

export interface MediaServiceOptions extends UploadsOptions {
  /** Whose reading decides who may read a file. */
  readonly messages: Pick<MessageCalls, "history">;
}

export class MediaService implements MediaCalls {
  readonly #uploads: Uploads;
  readonly #downloads: Downloads;

  constructor(options: MediaServiceOptions) {
    this.#uploads = new Uploads(options);
    this.#downloads = new Downloads(options);
  }

  createUpload(session: Session, request: UploadRequest): Promise<UploadStatus> {
    return this.#uploads.create(session, request);
  }

  uploadStatus(session: Session, mediaId: MediaId): Promise<UploadStatus> {
    return this.#uploads.status(session, mediaId);
  }

  appendUpload(session: Session, mediaId: MediaId, part: UploadPart): Promise<number> {
    return this.#uploads.append(session, mediaId, part);
  }

  completeUpload(session: Session, mediaId: MediaId): Promise<MediaInfo> {
    return this.#uploads.complete(session, mediaId);
  }

  cancelUpload(session: Session, mediaId: MediaId): Promise<void> {
    return this.#uploads.cancel(session, mediaId);
  }

  openUpload(
    session: Session,
    mediaId: MediaId,
    { isThumbnail }: { readonly isThumbnail: boolean },
  ): Promise<MediaContent> {
    return this.#downloads.openUpload(session, mediaId, isThumbnail);
  }

  openOfMessage(session: Session, request: MessageMediaRequest): Promise<MediaContent> {
    return this.#downloads.openOfMessage(session, request);
  }
}
