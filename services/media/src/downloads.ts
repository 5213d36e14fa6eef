/** Downloads: who may read a file is decided anew at every request, by the message that it is in. */
import type { MediaContent, MessageCalls, MessageMediaRequest, Session } from "@parley/contracts";
import { type MediaId, findMediaKind, mediaOf } from "@parley/protocol";
import { refusedMedia, unknownMedia } from "./media-failures.js";
import type { MediaKey, MediaRow } from "./media-rows.js";
import { fileOf, type MediaStore, thumbnailOf } from "./media-store.js";
import { UNKNOWN_TYPE } from "./sniff.js";

const THUMBNAIL_TYPE = "image/webp";

export class Downloads {
  readonly #store: MediaStore;
  readonly #messages: Pick<MessageCalls, "history">;

  constructor(options: { readonly store: MediaStore; readonly messages: Pick<MessageCalls, "history"> }) {
    this.#store = options.store;
    this.#messages = options.messages;
  }

  async openUpload(session: Session, mediaId: MediaId, isThumbnail: boolean): Promise<MediaContent> {
    const key = { tenantId: session.tenantId, mediaId };
    const row = await this.#store.find(key);
    const isOwn = row?.ownerId === session.userId && row.isComplete;
    // From then on it is the message that says who may see it.
    if (!isOwn || (await this.#store.isReferenced(key))) throw unknownMedia();
    return this.#content(key, row, isThumbnail);
  }

  async openOfMessage(session: Session, request: MessageMediaRequest): Promise<MediaContent> {
    const { conversationId, sequence, mediaId, isThumbnail } = request;
    if (!Number.isSafeInteger(sequence) || sequence < 1 || sequence === Number.MAX_SAFE_INTEGER)
      throw refusedMedia("bad-request", "A message is named by its sequence, from 1 on.");
    // As everybody else reads: what this user does not see now is not there.
    const { messages } = await this.#messages.history(session, {
      conversationId,
      before: sequence + 1,
      after: 0,
      atMs: 0,
      limit: 1,
      isForward: false,
    });
    const message = messages.find((each) => each.sequence === sequence);
    if (message === undefined)
      throw refusedMedia("message-unknown", "There is no such message that you see.");
    if (message.recall !== undefined) throw refusedMedia("message-recalled", "The message was recalled.");
    if (!mediaOf(message.body).some((each) => each.mediaId === mediaId)) throw unknownMedia();
    const key = { tenantId: session.tenantId, mediaId };
    const row = await this.#store.find(key);
    if (row === undefined) throw unknownMedia();
    return this.#content(key, row, isThumbnail);
  }

  #content(key: MediaKey, row: MediaRow, isThumbnail: boolean): MediaContent {
    if (isThumbnail && row.thumbnailBytes === 0)
      throw refusedMedia("not-found", "The file has no thumbnail.");
    const blob = isThumbnail ? thumbnailOf(key, row) : fileOf(key, row);
    const isInline = isThumbnail || (findMediaKind(row.kind) ?? "file") !== "file";
    const fileType = isInline ? row.type : UNKNOWN_TYPE;
    return {
      mediaId: key.mediaId,
      type: isThumbnail ? THUMBNAIL_TYPE : fileType,
      name: isThumbnail ? "thumbnail.webp" : row.name,
      bytes: blob.bytes,
      isInline,
      read: (start, end) => this.#store.read(blob, start, end),
    };
  }
}
