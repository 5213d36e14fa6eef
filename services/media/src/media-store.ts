/**
 * Files of media and their rows together.
 *
 *   1  The row is there before the first part of the file, and goes before the last: a part without a row is garbage.
 *   2  What changes or removes one file happens in turns of that file.
 *   3  A file is removed with its row and its references in one batch, so nothing refers to what is not there.
 */
import type { Blob, Blobs } from "@parley/blobs";
import type { Clock } from "@parley/base";
import { type UserId, decode, encode } from "@parley/protocol";
import { type Batch, type Tables, type Write, Turns } from "@parley/tables";
import { asRefusal } from "./media-failures.js";
import {
  MEDIA,
  MEDIA_REFERENCE,
  MEDIA_UPLOAD,
  type MediaKey,
  MediaRow,
  mediaPartition,
  UploadRow,
  uploadPartition,
} from "./media-rows.js";

/** References of one file that are removed in one batch with it; of more, those before go first. */
const REFERENCES_PER_BATCH = 1_000;
export const THUMBNAIL = "thumbnail";

export class MediaStore {
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly #turns = new Turns();

  constructor(options: { readonly tables: Tables; readonly blobs: Blobs; readonly clock: Clock }) {
    this.tables = options.tables;
    this.blobs = options.blobs;
    this.clock = options.clock;
  }

  /** Runs `task` after all others that change this file. */
  inTurn<T>({ tenantId, mediaId }: MediaKey, task: () => Promise<T>): Promise<T> {
    return this.#turns.take(`${tenantId}/${mediaId}`, task);
  }

  /** Runs `task` after all others that begin an upload of this user. */
  inTurnOfUser<T>({ tenantId, userId }: UploadOwner, task: () => Promise<T>): Promise<T> {
    return this.#turns.take(`${tenantId} ${userId}`, task);
  }

  async find(key: MediaKey): Promise<MediaRow | undefined> {
    const value = await this.tables.find(MEDIA, mediaPartition(key), []);
    return value === undefined ? undefined : decode(MediaRow, value);
  }

  async isReferenced(key: MediaKey): Promise<boolean> {
    const query = { table: MEDIA_REFERENCE, partition: mediaPartition(key), limit: 1 };
    return (await this.tables.range(query)).length > 0;
  }

  /** Bytes of a file from `start` to before `end`. Errors: "unavailable". */
  async *read(blob: Blob, start: number, end: number): AsyncIterable<Uint8Array> {
    try {
      yield* this.blobs.read(blob, start, end);
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** The row of an upload that begins, and what the user has under way. Durable. */
  async begin(key: MediaKey, row: MediaRow): Promise<void> {
    const { tenantId, mediaId } = key;
    const upload = encode(UploadRow, { bytes: row.bytes, createdMs: row.createdMs });
    await this.#write([
      {
        partition: uploadPartition({ tenantId, userId: row.ownerId }),
        writes: [{ kind: "put", table: MEDIA_UPLOAD, sort: [mediaId], value: upload }],
      },
      { partition: mediaPartition(key), writes: [putMedia(row)] },
    ]);
  }

  /** The row of an upload that is complete: it is under way until it is sent. Durable. */
  complete(key: MediaKey, row: MediaRow): Promise<void> {
    return this.#write([{ partition: mediaPartition(key), writes: [putMedia(row)] }]);
  }

  /** A message is about to hold the file: from now on it is not under way any more. Durable. */
  refer(key: MediaKey, ownerId: UserId, reference: Write): Promise<void> {
    return this.#write([{ partition: mediaPartition(key), writes: [reference] }, uploadEnd(key, ownerId)]);
  }

  /** Removes a file with all that says something of it, in its turn. Twice is as once. */
  async remove(key: MediaKey, row: MediaRow): Promise<void> {
    const partition = mediaPartition(key);
    for (;;) {
      const rows = await this.tables.range({
        table: MEDIA_REFERENCE,
        partition,
        limit: REFERENCES_PER_BATCH,
      });
      const writes = rows.map(({ sort }): Write => ({ kind: "delete", table: MEDIA_REFERENCE, sort }));
      if (rows.length === REFERENCES_PER_BATCH) {
        await this.#write([{ partition, writes }]);
        continue;
      }
      writes.push({ kind: "delete", table: MEDIA, sort: [] });
      await this.#write([{ partition, writes }, uploadEnd(key, row.ownerId)]);
      break;
    }
    for (const blob of [thumbnailOf(key, row), fileOf(key, row)]) await this.blobs.delete(blob);
  }

  #write(batches: readonly Batch[]): Promise<void> {
    return this.tables.write(batches, { isDurable: true });
  }
}

type UploadOwner = Parameters<typeof uploadPartition>[0];

/** The file itself, as a blob. */
export function fileOf({ tenantId, mediaId }: MediaKey, { bytes }: Pick<MediaRow, "bytes">): Blob {
  return { tenant: tenantId, id: mediaId, variant: "", bytes };
}

export function thumbnailOf(
  { tenantId, mediaId }: MediaKey,
  { thumbnailBytes }: Pick<MediaRow, "thumbnailBytes">,
): Blob {
  return { tenant: tenantId, id: mediaId, variant: THUMBNAIL, bytes: thumbnailBytes };
}

function putMedia(row: MediaRow): Write {
  return { kind: "put", table: MEDIA, sort: [], value: encode(MediaRow, row) };
}

function uploadEnd({ tenantId, mediaId }: MediaKey, userId: UserId): Batch {
  const partition = uploadPartition({ tenantId, userId });
  return { partition, writes: [{ kind: "delete", table: MEDIA_UPLOAD, sort: [mediaId] }] };
}
