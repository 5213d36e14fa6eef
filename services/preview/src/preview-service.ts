/**
 * Previews of the links of messages. Nobody names an address here: who asks names a message that it sees, so what is fetched is what
 * somebody said to it, a recall ends it, and all see the same.
 */
import { type Ambient, Failure, messageOf, Slots } from "@parley/base";
import type {
  LinkPreviewContent,
  MessageCalls,
  MessageRequest,
  PreviewCalls,
  Session,
} from "@parley/contracts";
import type { LinkFetcher } from "@parley/egress";
import { decode, encode, previewedLink } from "@parley/protocol";
import type { Tables } from "@parley/tables";
import { createHash } from "node:crypto";
import { Allowance } from "./allowance.js";
import { PreviewMaker, type ShrinkPicture } from "./preview-maker.js";
import { LINK_PREVIEW, PreviewRow } from "./preview-rows.js";

/** Links that are fetched at a time, and that wait to be. */
export const FETCHES_MAX = 8;
export const FETCHES_WAITING_MAX = 200;
/** Links that are fetched for one user within a minute; what is known already does not count. */
export const USER_FETCHES_PER_MINUTE = 30;
/** Users that are counted. */
const USERS_COUNTED_MAX = 10_000;
/** What is fetched beyond it is shown, and not kept: the table stays below a few gigabytes whatever people post. */
const KEPT_PER_DAY = 20_000;
/** A page that could be read is not read again for so long; one that could not, a little later. */
export const FOUND_MS = 7 * 24 * 60 * 60 * 1000;
export const NOTHING_MS = 10 * 60 * 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export interface PreviewServiceOptions {
  readonly ambient: Ambient;
  readonly messages: Pick<MessageCalls, "messages">;
  readonly tables: Pick<Tables, "find" | "write">;
  readonly fetcher: LinkFetcher;
  readonly shrinkPicture: ShrinkPicture;
}

/** Since the start. */
export interface PreviewCounts {
  /** Answered from what was kept. */
  readonly known: number;
  readonly found: number;
  /** Fetched in vain. */
  readonly failed: number;
}

interface Found {
  readonly row: PreviewRow;
  readonly isFetched: boolean;
}

export class PreviewService implements PreviewCalls {
  readonly #options: PreviewServiceOptions;
  readonly #maker: PreviewMaker;
  /** By partition; each is shared by all who ask meanwhile. As many as `#slots` takes. */
  readonly #underWay = new Map<string, Promise<PreviewRow>>();
  readonly #slots = new Slots({
    runningMax: FETCHES_MAX,
    waitingMax: FETCHES_WAITING_MAX,
    refusal: "Too many links are fetched at a time: ask again later.",
    retryAfterMs: 5_000,
  });
  readonly #ofUsers: Allowance;
  readonly #kept: Allowance;
  readonly #counts = { known: 0, found: 0, failed: 0 };
  #isClosed = false;

  constructor(options: PreviewServiceOptions) {
    this.#options = options;
    const { clock, logger } = options.ambient;
    this.#maker = new PreviewMaker({ ...options, logger });
    this.#ofUsers = new Allowance({
      clock,
      timesMax: USER_FETCHES_PER_MINUTE,
      spanMs: MINUTE_MS,
      countedMax: USERS_COUNTED_MAX,
    });
    this.#kept = new Allowance({ clock, timesMax: KEPT_PER_DAY, spanMs: DAY_MS, countedMax: 1 });
  }

  async linkPreview(session: Session, request: MessageRequest): Promise<LinkPreviewContent | undefined> {
    const url = await this.#linkOf(session, request);
    if (url === undefined) return undefined;
    const { row, isFetched } = await this.#find(session, url);
    // It may have been recalled in the meantime.
    if (isFetched && (await this.#linkOf(session, request)) !== url) return undefined;
    if (!row.isFound) return undefined;
    const { title, description, siteName, picture, pictureType } = row;
    return { url, title, description, siteName, picture, pictureType };
  }

  counts(): PreviewCounts {
    return { ...this.#counts };
  }

  /** Resolves when nothing is written any more. Close the fetcher first: what is under way ends with it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay.values());
  }

  /** The link of a message as this user sees it now. Errors: those of the read. */
  async #linkOf(session: Session, { conversationId, sequence }: MessageRequest): Promise<string | undefined> {
    const sequences = [sequence];
    const { messages } = await this.#options.messages.messages(session, { conversationId, sequences });
    return previewedLink(messages[0]?.body);
  }

  /** What is kept, else what is fetched now. Errors: "too-many-requests". */
  async #find({ tenantId, userId }: Session, url: string): Promise<Found> {
    const partition = [tenantId, createHash("sha256").update(url).digest("hex")];
    const name = partition.join("/");
    const value = await this.#options.tables.find(LINK_PREVIEW, partition, []);
    if (value !== undefined) {
      this.#counts.known += 1;
      return { row: decode(PreviewRow, value), isFetched: false };
    }
    let fetching = this.#underWay.get(name);
    if (fetching === undefined) {
      this.#requireAllowed(`${tenantId}/${userId}`);
      fetching = this.#slots
        .run(() => this.#fetch(partition, url))
        .finally(() => this.#underWay.delete(name));
      this.#underWay.set(name, fetching);
    }
    return { row: await fetching, isFetched: true };
  }

  #requireAllowed(user: string): void {
    if (this.#isClosed) throw new Failure("unavailable", "The server stops.", { retry: "same" });
    const retryAfterMs = this.#ofUsers.take(user);
    if (retryAfterMs > 0)
      throw new Failure("too-many-requests", "Too many links are fetched for you: ask again later.", {
        retry: "same",
        retryAfterMs,
      });
  }

  async #fetch(partition: readonly string[], url: string): Promise<PreviewRow> {
    const row = await this.#maker.make(url);
    this.#counts[row.isFound ? "found" : "failed"] += 1;
    if (!this.#isClosed && this.#kept.take("") === 0) await this.#keep(partition, row);
    return row;
  }

  /** Whether it can be kept or not: it was fetched, and is shown. */
  async #keep(partition: readonly string[], row: PreviewRow): Promise<void> {
    const { ambient, tables } = this.#options;
    const expiresAtMs = ambient.clock.nowMs() + (row.isFound ? FOUND_MS : NOTHING_MS);
    const value = encode(PreviewRow, row);
    const put = { kind: "put", table: LINK_PREVIEW, sort: [], value, expiresAtMs } as const;
    try {
      await tables.write([{ partition, writes: [put] }], { isDurable: false });
    } catch (error) {
      ambient.logger.warn("link-preview-not-kept", { error: messageOf(error) });
    }
  }
}
