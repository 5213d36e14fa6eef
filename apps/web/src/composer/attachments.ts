/**
 * Files on their way from this page into conversations. They outlive the field that they were put into: one may look at
 * another conversation meanwhile.
 *
 *   add ─► queued ─► uploading ◄─► waiting          sent off ─► its message goes into the outbox, and it is gone from here
 *             ▲          │   └► ready ──────────────────┘
 *             └─ retry ─ failed
 *
 *   1  Uploading begins at once, UPLOADS_AT_A_TIME of all conversations. Those without a connection go on with the next one.
 *   2  What was sent off together is sent in its order. The words go with the first of it. It is gone from here only when its
 *      message is stored, for the page may go at any time.
 *   3  What fails for good is not sent off any more: it stays to be looked at, and the others go on. When none is left, the words
 *      go back to where they were written.
 */
import { failureCode } from "@parley/base";
import type { MediaFile, MediaInfo, MediaUpload, ParleyClient } from "@parley/client";
import type { Body, ConversationId, Init, MediaId } from "@parley/protocol";
import { isDrawable } from "../media/media-kind.js";
import type { MediaCache } from "../media/media-cache.js";
import type { Drafts } from "./drafts.js";

/** Files that stand in one conversation's field. */
export const ATTACHMENTS_MAX = 10;
/** In all of them: less than what the server lets a user have begun. */
export const ATTACHMENTS_TOTAL_MAX = 30;
/** Uploads at a time. */
export const UPLOADS_AT_A_TIME = 3;

export interface Attachment {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  /** A picture of it; undefined where it is none. */
  readonly previewUrl: string | undefined;
  /** "waiting" goes on by itself. */
  readonly state: "queued" | "uploading" | "waiting" | "ready" | "failed";
  readonly sentBytes: number;
  /** Why it failed. */
  readonly code: string | undefined;
  /** Its message follows when it is uploaded. */
  readonly isSentOff: boolean;
}

/** What is said with files. */
export interface Words {
  /** As it was typed. */
  readonly draft: string;
  readonly body: Pick<Init<Body>, "text" | "rich" | "mentions" | "reply">;
}

/** Why files were not taken. */
export type AttachmentRefusal = "too-many" | "empty";

export interface AttachmentsOptions {
  readonly client: Pick<ParleyClient, "uploadMedia" | "send">;
  readonly drafts: Drafts;
  readonly media: Pick<MediaCache, "seed">;
  readonly createUrl: (file: Blob) => string;
  readonly revokeUrl: (url: string) => void;
  /** 0 where it is not known. */
  readonly durationOf: (file: File) => Promise<number>;
}

interface Item {
  readonly conversationId: ConversationId;
  readonly file: File;
  shown: Attachment;
  durationMs: number;
  mediaId: MediaId | undefined;
  upload: MediaUpload | undefined;
  info: MediaInfo | undefined;
  /** Its message is on its way into the outbox. */
  isSaid: boolean;
}

interface Batch {
  readonly conversationId: ConversationId;
  items: Item[];
  words: Words | undefined;
}

const NONE: readonly Attachment[] = [];

export class Attachments {
  readonly #options: AttachmentsOptions;
  readonly #items: Item[] = [];
  readonly #batches: Batch[] = [];
  readonly #lists = new Map<ConversationId, readonly Attachment[]>();
  readonly #listeners = new Set<() => void>();
  readonly #returnListeners = new Set<(conversationId: ConversationId) => void>();
  #nextId = 1;

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** The same array until it changes. */
  list(conversationId: ConversationId): readonly Attachment[] {
    const known = this.#lists.get(conversationId);
    if (known !== undefined) return known;
    const items = this.#items.filter((item) => item.conversationId === conversationId);
    const list = items.length === 0 ? NONE : items.map(({ shown }) => shown);
    this.#lists.set(conversationId, list);
    return list;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Tells of words that are back in the drafts. */
  onReturned(listener: (conversationId: ConversationId) => void): () => void {
    this.#returnListeners.add(listener);
    return () => this.#returnListeners.delete(listener);
  }

  /** Whether something would be lost with the page. */
  get isBusy(): boolean {
    return this.#items.length > 0;
  }

  /** Takes files, and begins to upload them. Says why some were not taken. */
  add(conversationId: ConversationId, files: readonly File[]): AttachmentRefusal | undefined {
    let refusal: AttachmentRefusal | undefined;
    for (const file of files) {
      const isFull =
        this.list(conversationId).length >= ATTACHMENTS_MAX || this.#items.length >= ATTACHMENTS_TOTAL_MAX;
      if (isFull) refusal = "too-many";
      else if (file.size === 0) refusal ??= "empty";
      else this.#add(conversationId, file);
    }
    this.#uploadNext();
    return refusal;
  }

  /** Takes one away, and what is uploaded of it. */
  remove(id: number): void {
    const item = this.#items.find(({ shown }) => shown.id === id);
    if (item === undefined || item.isSaid) return;
    item.upload?.cancel();
    this.#forget(item);
    this.#advanceAll();
    this.#uploadNext();
  }

  /** Tries one again that failed. */
  retry(id: number): void {
    for (const item of this.#items) {
      if (item.shown.id !== id || item.shown.state !== "failed") continue;
      // Of what is uploaded only the message failed.
      this.#change(item, { state: item.info === undefined ? "queued" : "ready", code: undefined });
    }
    this.#uploadNext();
  }

  /** Goes on with what failed for want of a connection. */
  retryUnavailable(): void {
    for (const { shown } of this.#items) {
      if (shown.state === "failed" && shown.code === "unavailable") this.retry(shown.id);
    }
  }

  /** Sends off what is in the field of a conversation and did not fail: each becomes a message when it is uploaded. */
  send(conversationId: ConversationId, words: Words | undefined): void {
    const items = this.#items.filter(
      (item) => item.conversationId === conversationId && !item.shown.isSentOff && canGo(item),
    );
    const batch: Batch = { conversationId, items, words };
    this.#batches.push(batch);
    for (const item of items) this.#change(item, { isSentOff: true });
    this.#advance(batch);
  }

  /** Lets go of everything. Idempotent. */
  close(): void {
    this.#batches.length = 0;
    for (const item of this.#items.splice(0)) this.#revoke(item);
    this.#tell();
  }

  #add(conversationId: ConversationId, file: File): void {
    const previewUrl = isDrawable(file.type) ? this.#options.createUrl(file) : undefined;
    const shown: Attachment = {
      id: this.#nextId++,
      name: file.name,
      bytes: file.size,
      previewUrl,
      state: "queued",
      sentBytes: 0,
      code: undefined,
      isSentOff: false,
    };
    const nothing = { mediaId: undefined, upload: undefined, info: undefined };
    const item: Item = { conversationId, file, shown, durationMs: 0, isSaid: false, ...nothing };
    this.#items.push(item);
    this.#tell(conversationId);
    void this.#options.durationOf(file).then((durationMs) => {
      item.durationMs = durationMs;
    });
  }

  #uploadNext(): void {
    for (const item of this.#items) {
      const running = this.#items.filter(({ upload }) => upload !== undefined).length;
      if (running >= UPLOADS_AT_A_TIME) return;
      if (item.shown.state === "queued") this.#upload(item);
    }
  }

  #upload(item: Item): void {
    const { file, mediaId } = item;
    const content: MediaFile = { name: file.name, type: file.type, content: file };
    let upload: MediaUpload;
    try {
      upload = this.#options.client.uploadMedia(content, mediaId === undefined ? {} : { mediaId });
    } catch (error) {
      this.#fail(item, error);
      return;
    }
    item.upload = upload;
    this.#change(item, { state: "uploading", code: undefined });
    upload.onProgress(({ state, sentBytes }) => {
      if (item.upload === upload && (state === "uploading" || state === "waiting")) {
        this.#change(item, { state, sentBytes });
      }
    });
    const over = (error: unknown, info?: MediaInfo): void => {
      if (item.upload !== upload) return;
      item.upload = undefined;
      item.mediaId = upload.mediaId;
      if (info === undefined) this.#fail(item, error);
      else this.#finish(item, info);
      this.#uploadNext();
    };
    upload.done.then(
      (info) => over(undefined, info),
      (error: unknown) => over(error),
    );
  }

  #finish(item: Item, info: MediaInfo): void {
    item.info = info;
    if (info.kind === "image") {
      this.#options.media.seed({ ...info, durationMs: 0, caption: "" }, item.file);
    }
    this.#change(item, { state: "ready", sentBytes: item.shown.bytes });
    this.#advanceAll();
  }

  #fail(item: Item, error: unknown): void {
    const code = failureCode(error) ?? "unexpected";
    // What the server does not have any more begins anew.
    if (code === "media-unknown" || code === "media-refused") item.mediaId = undefined;
    this.#change(item, { state: "failed", code, isSentOff: item.shown.isSentOff && code === "unavailable" });
    this.#advanceAll();
  }

  #advanceAll(): void {
    for (const batch of this.#batches.slice()) this.#advance(batch);
  }

  /** Sends what stands at the beginning of a batch and is uploaded. */
  #advance(batch: Batch): void {
    batch.items = batch.items.filter((item) => this.#items.includes(item) && item.shown.isSentOff);
    for (;;) {
      const [item] = batch.items;
      if (item?.info === undefined) break;
      batch.items.shift();
      this.#say(batch, item, item.info);
    }
    if (batch.items.length > 0) return;
    const at = this.#batches.indexOf(batch);
    if (at >= 0) this.#batches.splice(at, 1);
    this.#returnWords(batch);
  }

  #say(batch: Batch, item: Item, info: MediaInfo): void {
    const { durationMs } = item;
    const { conversationId, words } = batch;
    batch.words = undefined;
    const { text, mentions, reply } = words?.body ?? {};
    const media = { ...info, durationMs, caption: text?.text ?? "" };
    const rest = {
      ...(mentions === undefined ? {} : { mentions }),
      ...(reply === undefined ? {} : { reply }),
    };
    item.isSaid = true;
    this.#options.client.send(conversationId, { media, ...rest }).then(
      () => {
        if (this.#items.includes(item)) this.#forget(item);
      },
      (error: unknown) => {
        if (!this.#items.includes(item)) return;
        // Nothing was stored: it stands here as it was, with why.
        item.isSaid = false;
        this.#change(item, {
          state: "failed",
          code: failureCode(error) ?? "unexpected",
          isSentOff: false,
        });
        this.#returnWords({ conversationId, words });
      },
    );
  }

  #returnWords({ conversationId, words }: Pick<Batch, "conversationId" | "words">): void {
    if (words === undefined || words.draft === "") return;
    const { drafts } = this.#options;
    const begun = drafts.read(conversationId);
    drafts.keep(conversationId, begun === "" ? words.draft : `${words.draft}\n${begun}`);
    for (const listener of this.#returnListeners) listener(conversationId);
  }

  #change(item: Item, change: Partial<Attachment>): void {
    item.shown = { ...item.shown, ...change };
    this.#tell(item.conversationId);
  }

  #forget(item: Item): void {
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
    item.upload = undefined;
    this.#revoke(item);
    this.#tell(item.conversationId);
  }

  #revoke({ shown }: Item): void {
    if (shown.previewUrl !== undefined) this.#options.revokeUrl(shown.previewUrl);
  }

  #tell(conversationId?: ConversationId): void {
    if (conversationId === undefined) this.#lists.clear();
    else this.#lists.delete(conversationId);
    for (const listener of this.#listeners) listener();
  }
}

/** A failure that only a connection is missing for goes on by itself. */
function canGo({ shown }: Item): boolean {
  return shown.state !== "failed" || shown.code === "unavailable";
}
