/** Previews as they are shown, held so that a row that comes back has its height at once. */
import { LruMap } from "@parley/base";
import type { LinkPreview, ParleyClient } from "@parley/client";
import type { Message } from "@parley/protocol";

export interface ShownPreview {
  readonly url: string;
  readonly title: string;
  readonly description: string;
  /** The host that the link leads to, behind the name of the site: a site calls itself what it likes. */
  readonly site: string;
  readonly pictureUrl: string | undefined;
}

/** More are asked for again of the client, which holds as many. */
export const PREVIEWS_KNOWN_MAX = 200;

interface Known {
  /** Undefined: there is none. */
  readonly preview: ShownPreview | undefined;
}

const OF_CLIENTS = new WeakMap<ParleyClient, LruMap<string, Known>>();

/** What is known of this state of a message; undefined: nothing yet. */
export function knownPreview(client: ParleyClient, message: Message): Known | undefined {
  return OF_CLIENTS.get(client)?.find(nameOf(message));
}

export function notePreview(client: ParleyClient, message: Message, preview: ShownPreview | undefined): void {
  const known = OF_CLIENTS.get(client) ?? new LruMap<string, Known>();
  OF_CLIENTS.set(client, known);
  known.put(nameOf(message), { preview });
  known.cutTo(PREVIEWS_KNOWN_MAX);
}

function nameOf({ messageId, revision }: Message): string {
  return `${messageId} ${revision}`;
}

export function shownPreview({
  url,
  title,
  description,
  siteName,
  picture,
  pictureType,
}: LinkPreview): ShownPreview {
  const { hostname, pathname } = new URL(url);
  const host = hostname.replace(/^www\./, "");
  return {
    url,
    // Of a picture without a page the name of its file.
    title: title || decodedName(pathname) || host,
    description,
    site: siteName === "" || siteName.toLowerCase() === host ? host : `${siteName} · ${host}`,
    pictureUrl: picture.length === 0 || pictureType !== "image/webp" ? undefined : dataUrl(picture),
  };
}

function decodedName(pathname: string): string {
  const name = pathname.slice(pathname.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function dataUrl(picture: Uint8Array): string {
  const signs = Array.from(picture, (byte) => String.fromCharCode(byte));
  return `data:image/webp;base64,${btoa(signs.join(""))}`;
}
