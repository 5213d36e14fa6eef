/** The client's files: uploads, sending them, reading those of messages. */
import { Failure } from "@parley/base";
import { type Body, type ConversationId, type Init, mediaOf } from "@parley/protocol";
import type { PendingMessage } from "./api.js";
import type { ClientOptions } from "./client-options.js";
import { type Http, httpUrl } from "./http.js";
import { UPLOADS_MAX } from "./limits.js";
import type { Loaders } from "./loaders.js";
import type {
  ClientMedia,
  FetchedMedia,
  FetchMediaOptions,
  MediaFile,
  MediaSend,
  MediaSource,
  MediaUpload,
  SendMediaOptions,
  UploadOptions,
} from "./media-api.js";
import { requireTextInLimit } from "./text-limit.js";
import { Upload } from "./upload.js";

type MediaOptions = Pick<ClientOptions, "url" | "token" | "http" | "ambient">;
/** Puts a message into the outbox. */
type Send = (conversationId: ConversationId, body: Init<Body>) => Promise<PendingMessage>;

export class Media implements ClientMedia {
  readonly #options: MediaOptions;
  readonly #load: Loaders["files"];
  readonly #send: Send;
  readonly #url: string;
  readonly #uploads = new Set<Upload>();

  constructor(options: MediaOptions, load: Loaders["files"], send: Send) {
    this.#options = options;
    this.#load = load;
    this.#send = send;
    this.#url = httpUrl(options.url);
  }

  uploadMedia(file: MediaFile, { mediaId }: UploadOptions = {}): MediaUpload {
    const http = this.#requireHttp();
    if (this.#uploads.size >= UPLOADS_MAX) {
      throw new Failure("too-many-requests", "Too many files are being uploaded: wait.", { retry: "same" });
    }
    const { token, ambient } = this.#options;
    const load = this.#load;
    const upload = new Upload({ http, url: this.#url, token, ambient, load }, file, mediaId);
    this.#uploads.add(upload);
    const over = (): void => void this.#uploads.delete(upload);
    upload.done.then(over, over);
    return upload;
  }

  sendMedia(conversationId: ConversationId, file: MediaFile, options: SendMediaOptions = {}): MediaSend {
    const { caption = "", durationMs = 0, reply, mentions } = options;
    requireTextInLimit(caption);
    const upload = this.uploadMedia(file, options);
    const message = upload.done.then((info) =>
      this.#send(conversationId, { media: { ...info, durationMs, caption }, reply, mentions }),
    );
    // Whoever looks at the upload only is told there.
    message.catch(() => undefined);
    return { upload, message };
  }

  async fetchMedia(message: MediaSource, options: FetchMediaOptions = {}): Promise<FetchedMedia> {
    const url = this.mediaUrl(message, options);
    const { token, ambient } = this.#options;
    const http = this.#requireHttp();
    const { download } = await this.#load();
    return download({ http, url, token, ambient }, options);
  }

  mediaUrl({ conversationId, sequence, body }: MediaSource, { isThumbnail }: FetchMediaOptions = {}): string {
    const [media] = mediaOf(body);
    if (media === undefined) throw new Failure("bad-request", "The message holds no file.");
    const place = `/v1/conversations/${encodeURIComponent(conversationId)}/messages/${sequence}`;
    return `${this.#url}${place}/media/${media.mediaId}${isThumbnail === true ? "?thumbnail=1" : ""}`;
  }

  /** There is a connection again: uploads that wait try now. */
  wake(): void {
    for (const upload of this.#uploads) upload.wake();
  }

  /** Ends what is under way; what is stored of it can be gone on with. */
  stop(): void {
    for (const upload of this.#uploads) upload.stop();
  }

  #requireHttp(): Http {
    const { http } = this.#options;
    if (http !== undefined) return http;
    throw new Failure("unavailable", "This client was made without HTTP.", { retry: "after-change" });
  }
}
