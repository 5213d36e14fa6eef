/**
 * References: what keeps a file. One is written, durably, before the message goes into the log, and is told its place
 * afterwards.
 *
 *   1  A file that is in a message has a reference, whenever the process ends.
 *   2  A reference without a place is of a message that is on its way, was refused, or was placed when the process ended: a
 *      collector finds out by looking behind `after`, and leaves those alone that are on their way.
 */
import type { MediaClaim, MediaClaims, MediaInfo, Session } from "@parley/contracts";
import { type Logger, messageOf } from "@parley/base";
import { encode } from "@parley/protocol";
import type { Write } from "@parley/tables";
import { asRefusal, refusedMedia, unknownMedia } from "./media-failures.js";
import { MEDIA_REFERENCE, type MediaKey, mediaPartition, ReferenceRow } from "./media-rows.js";
import type { MediaStore } from "./media-store.js";
import { infoOf } from "./uploads.js";

/** Messages with a file that may be on their way at a time. */
export const CLAIMS_MAX = 10_000;

export interface ClaimsOptions {
  readonly store: MediaStore;
  readonly logger: Logger;
}

export class Claims implements MediaClaims {
  readonly #store: MediaStore;
  readonly #logger: Logger;
  /** On their way. Those whose outcome is never told stay here until the process ends: a start finds it out. */
  readonly #pending = new Set<string>();
  readonly #settling = new Set<Promise<void>>();

  constructor({ store, logger }: ClaimsOptions) {
    this.#store = store;
    this.#logger = logger;
  }

  async claim(session: Session, claim: MediaClaim): Promise<MediaInfo> {
    const { mediaId } = claim;
    const key = { tenantId: session.tenantId, mediaId };
    if (this.#pending.size >= CLAIMS_MAX) {
      throw refusedMedia("unavailable", "Too many files are being sent: try again.", { retryAfterMs: 1_000 });
    }
    const name = nameOf(key, claim.messageId);
    // Before the row is there, so that no collector ever meets one that seems to be nobody's.
    this.#pending.add(name);
    try {
      return await this.#store.inTurn(key, async () => {
        const row = await this.#store.find(key);
        const isOwn = row?.ownerId === session.userId;
        if (row?.isComplete !== true || !(isOwn || claim.isForward)) throw unknownMedia();
        await this.#store.refer(key, row.ownerId, this.#reference(claim, 0));
        return infoOf(mediaId, row);
      });
    } catch (error) {
      this.#pending.delete(name);
      throw asRefusal(error);
    }
  }

  settle(session: Session, claim: MediaClaim, sequence: number | undefined): void {
    const key = { tenantId: session.tenantId, mediaId: claim.mediaId };
    const settling = this.#settle(key, claim, sequence)
      .catch((error: unknown) => {
        // A collector finds it out when it comes by.
        this.#logger.warn("media-reference-not-settled", { mediaId: key.mediaId, error: messageOf(error) });
      })
      .finally(() => {
        this.#pending.delete(nameOf(key, claim.messageId));
        this.#settling.delete(settling);
      });
    this.#settling.add(settling);
  }

  /** Whether a message is on its way: its reference says nothing yet. */
  isPending(key: MediaKey, messageId: string): boolean {
    return this.#pending.has(nameOf(key, messageId));
  }

  /** Resolves when everything that was told is written. */
  async settled(): Promise<void> {
    while (this.#settling.size > 0) await Promise.all(this.#settling);
  }

  async #settle(key: MediaKey, claim: MediaClaim, sequence: number | undefined): Promise<void> {
    await this.#store.inTurn(key, async () => {
      if (sequence === undefined) await this.#write(key, [deletion(claim)]);
      else await this.#write(key, [this.#reference(claim, sequence)]);
    });
  }

  #reference({ conversationId, messageId, after }: MediaClaim, sequence: number): Write {
    const createdMs = this.#store.clock.nowMs();
    const value = encode(ReferenceRow, { sequence, after, createdMs });
    return { kind: "put", table: MEDIA_REFERENCE, sort: [conversationId, messageId], value };
  }

  #write(key: MediaKey, writes: readonly Write[]): Promise<void> {
    return this.#store.tables.write([{ partition: mediaPartition(key), writes }], { isDurable: true });
  }
}

function deletion({ conversationId, messageId }: MediaClaim): Write {
  return { kind: "delete", table: MEDIA_REFERENCE, sort: [conversationId, messageId] };
}

function nameOf({ tenantId, mediaId }: MediaKey, messageId: string): string {
  return `${tenantId}/${mediaId}/${messageId}`;
}
