/**
 * Uploads: begun, filled part by part, completed.
 *
 *   create ─► append … append ─► complete ─► sent, or collected
 *                 │ ends anywhere: what is stored stays, and the next one goes on from there
 *
 *   1  The offset counts whole parts that are durable, and at the end the rest: it never goes back.
 *   2  One append at a time goes into a file. A new one ends the one before, which may be that of a lost connection.
 *   3  What a file is was found in its bytes before anybody else can see it.
 */
import type { Session, UploadPart, UploadRequest, UploadStatus, MediaInfo } from "@parley/contracts";
import { LruMap, type Random, type Scheduler } from "@parley/base";
import { type MediaId, type MediaKind, decode, findMediaKind } from "@parley/protocol";
import { asRefusal, refusedMedia, unknownMedia, wrongOffset } from "./media-failures.js";
import { mediaName } from "./media-name.js";
import { MEDIA_UPLOAD, type MediaKey, type MediaRow, UploadRow, uploadPartition } from "./media-rows.js";
import { fileOf, type MediaStore, thumbnailOf } from "./media-store.js";
import { PartFiller } from "./part-filler.js";
import type { Picture, Pictures } from "./pictures.js";
import { SNIFF_BYTES, kindOfClaim, sniffType, typeAs } from "./sniff.js";

const ID_BYTES = 16;
/** What a client is told to send at a time: a few parts. */
const CHUNK_PARTS = 4;
/** Files that one user has begun to upload and not sent yet. */
export const UPLOADS_PER_USER_MAX = 32;
/** Appends at a time: each holds one part in memory. */
export const APPENDS_MAX = 64;
export const APPENDS_PER_USER_MAX = 8;
/** An append of which nothing comes for so long has ended. */
export const APPEND_IDLE_MS = 30_000;
/** Larger pictures are files: they are decoded in memory. */
export const PICTURE_BYTES_MAX = 32 * 1024 * 1024;
/** Pictures that are looked at, at a time, and that may wait. */
const LOOKS_MAX = 2;
export const LOOKS_WAITING_MAX = 100;
const OFFSETS_KEPT_MAX = 10_000;
const TYPE_SIGNS_MAX = 127;

export interface MediaLimits {
  /** One file. */
  readonly fileBytesMax: number;
  /** What one user has begun to upload and not sent yet, all files together. */
  readonly uploadingBytesMax: number;
}

export interface UploadsOptions {
  readonly store: MediaStore;
  readonly pictures: Pictures;
  readonly limits: MediaLimits;
  readonly random: Random;
  readonly scheduler: Scheduler;
}

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #store: MediaStore;
  /** How far uploads are that were looked at: the parts are counted once. */
  readonly #offsets = new LruMap<string, number>();
  /** Ends the append that goes into a file now. */
  readonly #appending = new Map<string, () => void>();
  readonly #appendsOfUser = new Map<string, number>();
  #appends = 0;
  #looks = 0;
  readonly #lookers: (() => void)[] = [];

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  async create(session: Session, request: UploadRequest): Promise<UploadStatus> {
    const { tenantId, userId } = session;
    const { bytes } = request;
    const { fileBytesMax } = this.#options.limits;
    if (!Number.isSafeInteger(bytes) || bytes < 1)
      throw refusedMedia("bad-request", "A file has at least 1 byte.");
    if (bytes > fileBytesMax) {
      throw refusedMedia("media-too-large", `A file has at most ${fileBytesMax} bytes.`, {
        details: { bytesMax: fileBytesMax },
      });
    }
    const type = request.type.slice(0, TYPE_SIGNS_MAX).toLowerCase();
    const row: MediaRow = {
      ownerId: userId,
      isComplete: false,
      name: mediaName(request.name),
      kind: request.kind ?? kindOfClaim(type),
      type,
      bytes,
      width: 0,
      height: 0,
      thumbnailBytes: 0,
      createdMs: this.#store.clock.nowMs(),
      completedMs: 0,
    };
    const mediaId = Buffer.from(this.#options.random.bytes(ID_BYTES)).toString("hex") as MediaId;
    await this.#store.inTurnOfUser(session, async () => {
      await this.#requireRoom(session, bytes);
      await this.#store.begin({ tenantId, mediaId }, row);
    });
    this.#keepOffset({ tenantId, mediaId }, 0);
    return this.#statusOf({ tenantId, mediaId }, row, 0);
  }

  async status(session: Session, mediaId: MediaId): Promise<UploadStatus> {
    const key = { tenantId: session.tenantId, mediaId };
    const row = await this.#own(session, key);
    return this.#statusOf(key, row, row.isComplete ? row.bytes : await this.#offset(key, row));
  }

  async append(session: Session, mediaId: MediaId, part: UploadPart): Promise<number> {
    const key = { tenantId: session.tenantId, mediaId };
    await this.#own(session, key);
    const name = nameOf(key);
    this.#appending.get(name)?.();
    return this.#counted(session, () =>
      this.#store.inTurn(key, async () => {
        const row = await this.#own(session, key);
        if (row.isComplete) throw wrongOffset(row.bytes);
        const offset = await this.#offset(key, row);
        if (part.offset !== offset) throw wrongOffset(offset);
        this.#appending.set(name, () => part.stop());
        try {
          return await this.#fill(key, row, part);
        } finally {
          this.#appending.delete(name);
        }
      }),
    );
  }

  async complete(session: Session, mediaId: MediaId): Promise<MediaInfo> {
    const key = { tenantId: session.tenantId, mediaId };
    return this.#store.inTurn(key, async () => {
      const row = await this.#own(session, key);
      if (row.isComplete) return infoOf(mediaId, row);
      const offset = await this.#offset(key, row);
      if (offset < row.bytes) throw wrongOffset(offset);
      const done = await this.#examine(key, row);
      if (done === undefined) {
        await this.#store.remove(key, row);
        throw refusedMedia("media-refused", `The file is no ${row.kind}: send it as a file.`);
      }
      await this.#store.complete(key, done);
      this.#offsets.delete(nameOf(key));
      return infoOf(mediaId, done);
    });
  }

  async cancel(session: Session, mediaId: MediaId): Promise<void> {
    const key = { tenantId: session.tenantId, mediaId };
    await this.#own(session, key);
    this.#appending.get(nameOf(key))?.();
    await this.#store.inTurn(key, async () => {
      const row = await this.#own(session, key);
      if (await this.#store.isReferenced(key)) {
        throw refusedMedia("bad-request", "The file is in a message: recall that.");
      }
      await this.#store.remove(key, row);
    });
    this.#offsets.delete(nameOf(key));
  }

  /** Errors: "media-unknown": whose it is is not told. */
  async #own(session: Session, key: MediaKey): Promise<MediaRow> {
    const row = await this.#store.find(key);
    if (row?.ownerId !== session.userId) throw unknownMedia();
    return row;
  }

  async #requireRoom(session: Session, bytes: number): Promise<void> {
    const rows = await this.#store.tables.range({
      table: MEDIA_UPLOAD,
      partition: uploadPartition(session),
      limit: UPLOADS_PER_USER_MAX,
    });
    const underWay = rows.reduce((sum, { value }) => sum + decode(UploadRow, value).bytes, 0);
    const isFull = rows.length >= UPLOADS_PER_USER_MAX;
    if (!isFull && underWay + bytes <= this.#options.limits.uploadingBytesMax) return;
    const message = "Too much is uploaded and not sent: send or cancel some of it.";
    throw refusedMedia("too-many-requests", message, { retryAfterMs: APPEND_IDLE_MS });
  }

  async #counted<T>({ tenantId, userId }: Session, task: () => Promise<T>): Promise<T> {
    const user = `${tenantId}/${userId}`;
    const ofUser = this.#appendsOfUser.get(user) ?? 0;
    if (this.#appends >= APPENDS_MAX || ofUser >= APPENDS_PER_USER_MAX) {
      throw refusedMedia("too-many-requests", "Too many uploads at a time: wait.", { retryAfterMs: 1_000 });
    }
    this.#appends += 1;
    this.#appendsOfUser.set(user, ofUser + 1);
    try {
      return await task();
    } finally {
      this.#appends -= 1;
      const left = this.#appendsOfUser.get(user)! - 1;
      if (left === 0) this.#appendsOfUser.delete(user);
      else this.#appendsOfUser.set(user, left);
    }
  }

  /** Stores what comes, part by part. Resolves with the new offset. */
  async #fill(key: MediaKey, row: MediaRow, upload: UploadPart): Promise<number> {
    const { blobs } = this.#store;
    const blob = fileOf(key, row);
    const filler = new PartFiller({
      offset: upload.offset,
      bytes: row.bytes,
      partBytes: blobs.partBytes,
      put: async (part, content, end) => {
        await blobs.put(blob, part, content).catch((error: unknown) => {
          throw asRefusal(error);
        });
        this.#keepOffset(key, end);
      },
    });
    const { scheduler } = this.#options;
    const stop = (): void => upload.stop();
    let idle = scheduler.after(APPEND_IDLE_MS, stop);
    try {
      for await (const bytes of upload.source) {
        idle.cancel();
        await filler.add(bytes);
        idle = scheduler.after(APPEND_IDLE_MS, stop);
      }
    } finally {
      idle.cancel();
    }
    return filler.offset;
  }

  /** The row of what the file turned out to be; undefined when it is not what it claimed to be. */
  async #examine(key: MediaKey, row: MediaRow): Promise<MediaRow | undefined> {
    const found = sniffType(await this.#read(key, row, SNIFF_BYTES));
    const claimed = findMediaKind(row.kind) ?? "file";
    const type = typeAs(claimed, found);
    const done = { ...row, isComplete: true, completedMs: this.#store.clock.nowMs() };
    // A sound that nobody plays is a file; what says that it is a picture and is none says it for a reason.
    if (type === undefined) return claimed === "image" ? undefined : { ...done, kind: "file", type: found };
    if (claimed !== "image") return { ...done, kind: claimed, type };
    const picture = await this.#look(key, row);
    // What cannot be shown as a picture can still be saved.
    if (picture === undefined) return { ...done, kind: "file", type };
    const { width, height, thumbnail } = picture;
    const pictured = { ...done, kind: claimed, type, width, height, thumbnailBytes: thumbnail.length };
    await this.#putWhole(key, pictured, thumbnail);
    return pictured;
  }

  async #look(key: MediaKey, row: MediaRow): Promise<Picture | undefined> {
    if (row.bytes > PICTURE_BYTES_MAX) return undefined;
    if (this.#looks >= LOOKS_MAX) {
      if (this.#lookers.length >= LOOKS_WAITING_MAX) {
        throw refusedMedia("unavailable", "Too many pictures are being looked at: try again.", {
          retryAfterMs: 5_000,
        });
      }
      // Whoever ends hands over its place.
      await new Promise<void>((resolve) => void this.#lookers.push(resolve));
    } else {
      this.#looks += 1;
    }
    try {
      return await this.#options.pictures.look(await this.#read(key, row, row.bytes));
    } finally {
      const next = this.#lookers.shift();
      if (next === undefined) this.#looks -= 1;
      else next();
    }
  }

  /** Puts a thumbnail in place of one that a try before may have left. */
  async #putWhole(key: MediaKey, row: MediaRow, bytes: Uint8Array): Promise<void> {
    const { blobs } = this.#store;
    const blob = thumbnailOf(key, row);
    try {
      for (let part = 0; blobs.lengthOf(blob, part) > 0; part++) {
        const start = part * blobs.partBytes;
        await blobs.put(blob, part, bytes.subarray(start, start + blobs.lengthOf(blob, part)));
      }
    } catch (error) {
      throw asRefusal(error);
    }
  }

  async #read(key: MediaKey, row: MediaRow, bytesMax: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    try {
      const end = Math.min(bytesMax, row.bytes);
      for await (const piece of this.#store.blobs.read(fileOf(key, row), 0, end)) pieces.push(piece);
    } catch (error) {
      throw asRefusal(error);
    }
    return Buffer.concat(pieces);
  }

  async #offset(key: MediaKey, row: MediaRow): Promise<number> {
    const known = this.#offsets.find(nameOf(key));
    if (known !== undefined) return known;
    const held = await this.#store.blobs.heldBytes(fileOf(key, row)).catch((error: unknown) => {
      throw asRefusal(error);
    });
    this.#keepOffset(key, held);
    return held;
  }

  #keepOffset(key: MediaKey, offset: number): void {
    this.#offsets.put(nameOf(key), offset);
    this.#offsets.cutTo(OFFSETS_KEPT_MAX);
  }

  #statusOf({ mediaId }: MediaKey, { bytes, isComplete }: MediaRow, offset: number): UploadStatus {
    const chunkBytes = CHUNK_PARTS * this.#store.blobs.partBytes;
    return { mediaId, bytes, offset, chunkBytes, isComplete };
  }
}

export function infoOf(mediaId: MediaId, row: MediaRow): MediaInfo {
  const { name, type, bytes, width, height, thumbnailBytes } = row;
  const kind: MediaKind = findMediaKind(row.kind) ?? "file";
  return { mediaId, kind, name, type, bytes, width, height, hasThumbnail: thumbnailBytes > 0 };
}

function nameOf({ tenantId, mediaId }: MediaKey): string {
  return `${tenantId}/${mediaId}`;
}
