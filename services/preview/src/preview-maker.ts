/** Makes the preview of a link: fetches the page, reads its head, fetches its picture and makes it small. */
import { failureCode, type Logger, messageOf, Slots } from "@parley/base";
import type { LinkFetcher } from "@parley/egress";
import { filled, PREVIEW_PICTURE_BYTES_MAX } from "@parley/protocol";
import { pageText } from "./page-text.js";
import { PreviewRow } from "./preview-rows.js";
import { readPage } from "./read-page.js";

/** A picture as it may be shown: small, made anew, without what else was in its bytes. */
export interface SmallPicture {
  readonly bytes: Uint8Array;
  /** Its media type. */
  readonly type: string;
}

/** Undefined for what is no picture, or cannot be read. Never throws. */
export type ShrinkPicture = (bytes: Uint8Array) => Promise<SmallPicture | undefined>;

export interface PreviewMakerOptions {
  readonly fetcher: LinkFetcher;
  readonly shrinkPicture: ShrinkPicture;
  readonly logger: Logger;
}

const PAGES = ["text/html", "application/xhtml+xml"];
const PICTURES = ["image/"];
/** Decoded pictures take memory. */
const SHRINKING_MAX = 2;
/** As many as pages are fetched at a time: nobody is refused. */
const SHRINKS_WAITING_MAX = 64;

export class PreviewMaker {
  readonly #options: PreviewMakerOptions;
  readonly #shrinks = new Slots({
    runningMax: SHRINKING_MAX,
    waitingMax: SHRINKS_WAITING_MAX,
    refusal: "Too many pictures are made small at a time.",
  });

  constructor(options: PreviewMakerOptions) {
    this.#options = options;
  }

  /** What there is to show; a row that says that there is nothing, for whatever reason. */
  async make(url: string): Promise<PreviewRow> {
    const { fetcher } = this.#options;
    try {
      const answer = await fetcher.fetch({ url, types: [...PAGES, ...PICTURES] });
      if (answer.contentType.startsWith("image/")) {
        const picture = answer.isCut ? undefined : await this.#shrink(answer.bytes);
        return rowOf({}, picture);
      }
      const facts = readPage(pageText(answer.bytes, answer.contentType), answer.url);
      const { pictureUrl, ...words } = facts;
      // Without words nobody would know what the picture is of.
      if (words.title === "") return NOTHING;
      return rowOf(words, pictureUrl === undefined ? undefined : await this.#pictureAt(pictureUrl));
    } catch (error) {
      this.#note(error);
      return NOTHING;
    }
  }

  async #pictureAt(url: string): Promise<SmallPicture | undefined> {
    try {
      const { bytes, isCut } = await this.#options.fetcher.fetch({ url, types: PICTURES });
      return isCut ? undefined : await this.#shrink(bytes);
    } catch (error) {
      this.#note(error);
      return undefined;
    }
  }

  async #shrink(bytes: Uint8Array): Promise<SmallPicture | undefined> {
    const picture = await this.#shrinks.run(() => this.#options.shrinkPicture(bytes));
    return picture !== undefined && picture.bytes.length <= PREVIEW_PICTURE_BYTES_MAX ? picture : undefined;
  }

  /** That a stranger's server cannot be read is nothing to tell, and what it is called is nobody's business. */
  #note(error: unknown): void {
    if (failureCode(error) === undefined)
      this.#options.logger.error("link-preview-failed", { error: messageOf(error) });
  }
}

const NOTHING: PreviewRow = filled(PreviewRow, {});

function rowOf(
  words: Partial<Pick<PreviewRow, "title" | "description" | "siteName">>,
  picture: SmallPicture | undefined,
): PreviewRow {
  if (words.title === undefined && picture === undefined) return NOTHING;
  const shown = picture === undefined ? {} : { picture: picture.bytes, pictureType: picture.type };
  return filled(PreviewRow, { isFound: true, ...words, ...shown });
}
