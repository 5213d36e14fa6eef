/** The files of what is reviewed: those that it names, and no others. */
import type { ReviewedContent, ReviewedFile, ReviewedFiles } from "@parley/contracts";
import { mediaOf, type MediaId, type TenantId } from "@parley/protocol";

/** A complete file of this tenant; undefined when there is none. Errors: "unavailable". */
export type FindFile = (tenantId: TenantId, mediaId: MediaId) => Promise<ReviewedFile | undefined>;

export function filesOf(
  { tenantId, body }: Pick<ReviewedContent, "tenantId" | "body">,
  findFile: FindFile | undefined,
): ReviewedFiles {
  return {
    async find(mediaId) {
      const isNamed = mediaOf(body).some((media) => media.mediaId === mediaId);
      return isNamed ? findFile?.(tenantId, mediaId) : undefined;
    },
  };
}
