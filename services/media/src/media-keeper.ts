/**
 * Collects what nobody needs. Every few hours it walks over all files, whatever the rest of the server does.
 *
 *   each file ─► not completed in a day, never sent in a day, or no message shows it any more: removed
 *   at the end ─► parts in the store that no row knows: removed
 *
 *   1  What a message shows stays, and so does what is on its way into one.
 *   2  What cannot be told now, such as of a message that cannot be read, stays.
 *   3  While a backup is copied, nothing is removed that rows of its snapshot lead to.
 */
import { parsePartName, type BlobStore } from "@parley/blobs";
import { type Ambient, Failure, failureCode, messageOf, sleep, type Timer } from "@parley/base";
import type { ConversationId, MediaId, TenantId } from "@parley/protocol";
import { decode, encode } from "@parley/protocol";
import type { Key, ScannedRow, Write } from "@parley/tables";
import type { Claims } from "./claims.js";
import {
  MEDIA,
  MEDIA_REFERENCE,
  type MediaKey,
  type MediaRow,
  mediaPartition,
  type Reference,
  ReferenceRow,
} from "./media-rows.js";
import type { MediaStore } from "./media-store.js";

/** After the start, when there is nothing else to catch up with. */
const FIRST_MS = 15 * 60 * 1000;
const EVERY_MS = 6 * 60 * 60 * 1000;
/** So long an upload may take, and a file may wait to be sent. */
export const UNSENT_MS = 24 * 60 * 60 * 1000;
/** While others work, it pauses so many times as long as it works. */
const PAUSE_FACTOR = 4;
const FILES_PER_PAGE = 100;
const REFERENCES_PER_PAGE = 200;

/** What one walk has done. In values that survive JSON. */
export interface MediaReport {
  /** Files that are left, and what they take without their thumbnails. */
  readonly files: number;
  readonly bytes: number;
  /** Removed: not completed in time, never sent, no longer shown. */
  readonly unfinished: number;
  readonly unsent: number;
  readonly unshown: number;
  /** Parts in the store that no row knew. */
  readonly strayParts: number;
  readonly freedBytes: number;
  /** Files that stay because it cannot be told whether a message shows them. */
  readonly undecided: number;
  readonly tookMs: number;
}

/** In values that survive JSON. */
export interface MediaStatus {
  readonly isRunning: boolean;
  /** Of the last walk since the start. */
  readonly last: (MediaReport & { readonly endedMs: number }) | null;
  /** Why the last one ended early. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface MediaWork {
  /** Whether others work meanwhile and come first. */
  readonly isGentle: boolean;
  readonly onProgress?: (files: number) => void;
}

/** Looks for messages where they are. */
export interface MessageLookup {
  /**
   * Where a message stands that shows the file now; undefined when none does. Errors: whatever is thrown, it cannot be told.
   */
  findShown(reference: Reference): Promise<number | undefined>;
}

export interface MediaKeeperOptions {
  readonly store: MediaStore;
  readonly parts: BlobStore;
  readonly claims: Pick<Claims, "isPending">;
  readonly lookup: MessageLookup;
  readonly ambient: Ambient;
}

type Draft = { -readonly [K in keyof MediaReport]: MediaReport[K] };

export class MediaKeeper {
  readonly #options: MediaKeeperOptions;
  #timer: Timer | undefined;
  #running: Promise<MediaReport> | undefined;
  #last: MediaStatus["last"] = null;
  #error: MediaStatus["error"] = null;
  #isStopped = false;
  #holds = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: MediaKeeperOptions) {
    this.#options = options;
  }

  get status(): MediaStatus {
    return { isRunning: this.#running !== undefined, last: this.#last, error: this.#error };
  }

  /** Walks now and then from now on. */
  start(): void {
    this.#later(FIRST_MS);
  }

  /** Removes nothing more until it is released. */
  hold(): { release(): void } {
    this.#holds += 1;
    let isReleased = false;
    return {
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#holds -= 1;
        if (this.#holds === 0) for (const resume of this.#waiting.splice(0)) resume();
      },
    };
  }

  /** Walks once. Errors: "media-busy" while it does, "tables-closed", those of tables and store. What was done before stands. */
  async run(work: MediaWork): Promise<MediaReport> {
    if (this.#running !== undefined) {
      throw new Failure("media-busy", "Files are being looked after: wait for the end of that.", {
        retry: "same",
      });
    }
    const running = this.#walk(work);
    this.#running = running;
    try {
      const report = await running;
      this.#last = { ...report, endedMs: this.#options.ambient.clock.nowMs() };
      this.#error = null;
      return report;
    } catch (error) {
      this.#error = { code: failureCode(error) ?? "internal", message: messageOf(error) };
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Nothing is begun any more; what runs ends soon. Resolves when it has. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const resume of this.#waiting.splice(0)) resume();
    await this.#running?.catch(() => undefined);
  }

  #later(delayMs: number): void {
    const { scheduler, logger } = this.#options.ambient;
    this.#timer = scheduler.after(delayMs, () => {
      void this.run({ isGentle: true })
        .then(
          (report) => logger.info("media-kept", { ...report }),
          // Nothing is lost by it: files stay where they are.
          (error: unknown) => {
            if (!this.#isStopped) logger.error("media-keeping-failed", { error: messageOf(error) });
          },
        )
        .then(() => {
          if (!this.#isStopped) this.#later(EVERY_MS);
        });
    });
  }

  async #walk({ isGentle, onProgress }: MediaWork): Promise<MediaReport> {
    const { store, ambient } = this.#options;
    const { clock, scheduler } = ambient;
    const beganMs = clock.monotonicMs();
    const report: Draft = {
      files: 0,
      bytes: 0,
      unfinished: 0,
      unsent: 0,
      unshown: 0,
      strayParts: 0,
      freedBytes: 0,
      undecided: 0,
      tookMs: 0,
    };
    const pause = async (sinceMs: number): Promise<void> => {
      if (isGentle) await sleep(scheduler, (clock.monotonicMs() - sinceMs) * PAUSE_FACTOR);
      this.#requireOpen();
    };
    let seen = 0;
    for (let after: { partition: Key; sort: Key } | undefined; ;) {
      const sinceMs = clock.monotonicMs();
      const scan = { table: MEDIA, limit: FILES_PER_PAGE, ...(after === undefined ? {} : { after }) };
      const rows = await store.tables.scanTable(scan);
      for (const row of rows) {
        await this.#unheld();
        await this.#keepOrRemove(row, report);
      }
      seen += rows.length;
      onProgress?.(seen);
      const last = rows.at(-1);
      if (last === undefined) break;
      after = { partition: last.partition, sort: last.sort };
      await pause(sinceMs);
    }
    await this.#sweep(report, pause);
    report.tookMs = clock.monotonicMs() - beganMs;
    return report;
  }

  async #keepOrRemove({ partition }: ScannedRow, report: Draft): Promise<void> {
    const { store, ambient } = this.#options;
    const [tenantId, mediaId] = partition as readonly [TenantId, MediaId];
    const key = { tenantId, mediaId };
    await store.inTurn(key, async () => {
      // Read in its turn: it may have been completed, sent or removed since.
      const row = await store.find(key);
      if (row === undefined) return;
      const reason = await this.#reasonToRemove(key, row).catch((error: unknown) => {
        report.undecided += 1;
        const { logger } = ambient;
        logger.warn("media-undecided", { tenantId, mediaId, error: messageOf(error) });
        return undefined;
      });
      if (reason === undefined) {
        report.files += 1;
        report.bytes += row.bytes;
        return;
      }
      await store.remove(key, row);
      report[reason] += 1;
      report.freedBytes += row.bytes + row.thumbnailBytes;
    });
  }

  async #reasonToRemove(
    key: MediaKey,
    row: MediaRow,
  ): Promise<"unfinished" | "unsent" | "unshown" | undefined> {
    const nowMs = this.#options.ambient.clock.nowMs();
    if (!row.isComplete) return nowMs - row.createdMs > UNSENT_MS ? "unfinished" : undefined;
    const { isShown, wasPlaced } = await this.#references(key);
    if (isShown) return undefined;
    if (wasPlaced) return "unshown";
    return nowMs - row.completedMs > UNSENT_MS ? "unsent" : undefined;
  }

  /** Looks for a message that shows the file. References of those that do not are removed once none does. */
  async #references(key: MediaKey): Promise<{ readonly isShown: boolean; readonly wasPlaced: boolean }> {
    const { store, claims, lookup } = this.#options;
    const partition = mediaPartition(key);
    const gone: Write[] = [];
    let wasPlaced = false;
    for (let from: Key | undefined; ;) {
      const page = { table: MEDIA_REFERENCE, partition, limit: REFERENCES_PER_PAGE };
      const rows = await store.tables.range({ ...page, ...(from === undefined ? {} : { from }) });
      for (const { sort, value } of rows) {
        const [conversationId, messageId] = sort as readonly [ConversationId, string];
        if (claims.isPending(key, messageId)) return { isShown: true, wasPlaced };
        const row = decode(ReferenceRow, value);
        const sequence = await lookup.findShown({ ...key, conversationId, messageId, ...row });
        if (sequence !== undefined) {
          if (row.sequence === 0) await this.#write(partition, [placed(sort, { ...row, sequence })]);
          return { isShown: true, wasPlaced };
        }
        wasPlaced ||= row.sequence > 0;
        gone.push({ kind: "delete", table: MEDIA_REFERENCE, sort });
      }
      if (rows.length < REFERENCES_PER_PAGE) break;
      // Just behind the last one: nothing lies between a text and the text with a zero behind it.
      const [conversationId, messageId] = rows.at(-1)!.sort as readonly [string, string];
      from = [conversationId, `${messageId}\u0000`];
    }
    // With one that was placed the whole file goes, and these with it.
    if (!wasPlaced && gone.length > 0) await this.#write(partition, gone);
    return { isShown: false, wasPlaced };
  }

  /** Removes what no row leads to: the row was written before the first part, and removed before the last. */
  async #sweep(report: Draft, pause: (sinceMs: number) => Promise<void>): Promise<void> {
    const { store, parts, ambient } = this.#options;
    let after = "";
    let known: { readonly name: string; readonly isKnown: boolean } | undefined;
    for (;;) {
      const sinceMs = ambient.clock.monotonicMs();
      const page = await parts.list(after);
      const last = page.at(-1);
      if (last === undefined) return;
      for (const { name, bytes } of page) {
        const part = parsePartName(name);
        if (part === undefined) continue;
        const file = `${part.tenant}/${part.id}`;
        if (known?.name !== file) {
          const row = await store.find({ tenantId: part.tenant as TenantId, mediaId: part.id as MediaId });
          known = { name: file, isKnown: row !== undefined };
        }
        if (known.isKnown) continue;
        await this.#unheld();
        await parts.delete(name);
        report.strayParts += 1;
        report.freedBytes += bytes;
      }
      after = last.name;
      await pause(sinceMs);
    }
  }

  async #unheld(): Promise<void> {
    while (this.#holds > 0 && !this.#isStopped) {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
    this.#requireOpen();
  }

  #requireOpen(): void {
    if (this.#isStopped) throw new Failure("tables-closed", "The tables are closed.");
  }

  #write(partition: Key, writes: readonly Write[]): Promise<void> {
    return this.#options.store.tables.write([{ partition, writes }], { isDurable: true });
  }
}

function placed(sort: Key, row: ReferenceRow): Write {
  return { kind: "put", table: MEDIA_REFERENCE, sort, value: encode(ReferenceRow, row) };
}
