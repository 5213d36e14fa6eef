import { type Infer, bool, bytes, schema, string } from "@parley/protocol";
import type { TableSpec } from "@parley/tables";

/** Partition (tenant, SHA-256 of the link), no sort key: PreviewRow. What is lost of it is fetched again. */
export const LINK_PREVIEW: TableSpec = { name: "link-preview", hasExpiry: true };

/** What was found behind a link, for all who see a message with it. */
export const PreviewRow = schema("PreviewRow", {
  /** False: there is no preview, and nobody looks again until this expires. */
  isFound: bool(1),
  title: string(2),
  description: string(3),
  siteName: string(4),
  picture: bytes(5),
  pictureType: string(6),
});
export type PreviewRow = Infer<typeof PreviewRow>;
