/** What a page says about itself in its head: the tags of Open Graph, else those that every page has. */
import { PREVIEW_DESCRIPTION_MAX, PREVIEW_SITE_NAME_MAX, PREVIEW_TITLE_MAX } from "@parley/protocol";
import { Parser } from "htmlparser2";
import { said } from "./said.js";

export interface PageFacts {
  readonly title: string;
  readonly description: string;
  readonly siteName: string;
  /** Absolute; undefined: it names none, or none of the web. */
  readonly pictureUrl: string | undefined;
}

/** A head has these; whatever else comes ends it, as it does in browsers. */
const HEAD_TAGS: ReadonlySet<string> = new Set([
  "base",
  "head",
  "html",
  "link",
  "meta",
  "noscript",
  "script",
  "style",
  "template",
  "title",
]);
/** More elements within each other are no head. The parser looks through them at each closing tag. */
const DEPTH_MAX = 16;
/** So much is read at a time, and nothing more once the head has ended. */
const PIECE_LENGTH = 4_096;
const TITLE_LENGTH_MAX = 4_096;

/** Reads the head of a page that was found at `url`. Never throws, whatever is in it; cost: linear. */
export function readPage(html: string, url: string): PageFacts {
  const head = new Head();
  const parser = new Parser(head);
  for (let at = 0; at < html.length && !head.isOver; at += PIECE_LENGTH)
    parser.write(html.slice(at, at + PIECE_LENGTH));
  const first = (...names: readonly string[]): string => {
    for (const name of names) {
      const value = head.meta.get(name) ?? "";
      if (value.trim() !== "") return value;
    }
    return "";
  };
  return {
    title: said(first("og:title", "twitter:title") || head.title, PREVIEW_TITLE_MAX),
    description: said(first("og:description", "description", "twitter:description"), PREVIEW_DESCRIPTION_MAX),
    siteName: said(first("og:site_name"), PREVIEW_SITE_NAME_MAX),
    pictureUrl: webUrl(first("og:image", "og:image:url", "twitter:image"), url),
  };
}

/** What the parser meets until the head is over. */
class Head {
  readonly meta = new Map<string, string>();
  title = "";
  isOver = false;
  #depth = 0;
  #isInTitle = false;
  #hadTitle = false;
  /** Within what is there for browsers without scripts any element may stand, and within a template. */
  #aside: string | undefined;

  onopentag(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth += 1;
    if (this.isOver || this.#aside !== undefined) {
      if (this.#depth > DEPTH_MAX) this.isOver = true;
      return;
    }
    if (!HEAD_TAGS.has(name) || this.#depth > DEPTH_MAX) this.isOver = true;
    else if (name === "noscript" || name === "template") this.#aside = name;
    else if (name === "title") this.#isInTitle = !this.#hadTitle;
    else if (name === "meta") this.#noteMeta(attributes);
  }

  ontext(text: string): void {
    if (this.#isInTitle && this.title.length < TITLE_LENGTH_MAX) this.title += text;
  }

  onclosetag(name: string): void {
    this.#depth -= 1;
    if (name === this.#aside) this.#aside = undefined;
    if (name === "title" && this.#isInTitle) {
      this.#isInTitle = false;
      this.#hadTitle = true;
    }
    if (name === "head") this.isOver = true;
  }

  #noteMeta({ property, name, content }: Readonly<Record<string, string>>): void {
    const key = (property ?? name ?? "").trim().toLowerCase();
    if (KNOWN_META.has(key) && content !== undefined && !this.meta.has(key)) this.meta.set(key, content);
  }
}

const KNOWN_META: ReadonlySet<string> = new Set([
  "og:title",
  "twitter:title",
  "og:description",
  "description",
  "twitter:description",
  "og:site_name",
  "og:image",
  "og:image:url",
  "twitter:image",
]);

function webUrl(text: string, from: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === "" || !URL.canParse(trimmed, from)) return undefined;
  const { protocol, href } = new URL(trimmed, from);
  return protocol === "https:" || protocol === "http:" ? href : undefined;
}
