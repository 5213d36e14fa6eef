/** Previews of links on a node: the service between the messages, the tables and the network. */
import type { Ambient } from "@parley/base";
import type { MessageCalls } from "@parley/contracts";
import { type LinkFetcher, NodeLinkFetcher } from "@parley/egress";
import { isPicture, sharpPictures } from "@parley/media";
import { PreviewService } from "@parley/preview";
import type { Tables } from "@parley/tables";
import type { Config } from "../config.js";

/** Shown 72 pixels wide, also where a pixel of a page is two of the screen. */
const PICTURE_SIDE_MAX = 160;
/** A picture that is larger when it is decoded is not looked at. */
const PICTURE_PIXELS_MAX = 16_000_000;

/** How links are read. */
export interface PreviewOptions {
  readonly fetcher: LinkFetcher;
}

export interface PreviewParts {
  readonly ambient: Ambient;
  readonly messages: Pick<MessageCalls, "messages">;
  readonly tables: Tables;
}

/** Undefined when links have no previews. */
export function wirePreviews(
  options: PreviewOptions | undefined,
  { ambient, messages, tables }: PreviewParts,
): PreviewService | undefined {
  if (options === undefined) return undefined;
  const pictures = sharpPictures(ambient.logger, {
    sidePx: PICTURE_SIDE_MAX,
    pixelsMax: PICTURE_PIXELS_MAX,
  });
  return new PreviewService({
    ambient,
    messages,
    tables,
    fetcher: options.fetcher,
    // Made anew: browsers are not given what a stranger's server sent.
    shrinkPicture: async (bytes) => {
      const picture = isPicture(bytes) ? await pictures.look(bytes) : undefined;
      return picture && { bytes: picture.thumbnail, type: "image/webp" };
    },
  });
}

/** What a real server reads links with; undefined when the operator wants none read. */
export function openLinkFetcher(
  config: Pick<Config, "hasLinkPreviews" | "linkPreviewAllow">,
  { scheduler }: Ambient,
): LinkFetcher | undefined {
  if (!config.hasLinkPreviews) return undefined;
  return new NodeLinkFetcher({ scheduler, allowedAddresses: config.linkPreviewAllow });
}
