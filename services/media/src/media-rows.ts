/** The rows of media. They are small metadata, written directly and durably, not made by a machine. */
import {
  type ConversationId,
  type Infer,
  type MediaId,
  type TenantId,
  type UserId,
  bool,
  schema,
  string,
  uint,
} from "@parley/protocol";
import type { Key, TableSpec } from "@parley/tables";

/** Sort (): MediaRow. Partition (tenant, media), as that of the references. */
export const MEDIA: TableSpec = { name: "media" };
/** Sort (conversation, message): ReferenceRow. What has one is kept. */
export const MEDIA_REFERENCE: TableSpec = { name: "media-reference" };
/** Partition (tenant, user), sort (media): UploadRow. What a user has under way: begun and not sent yet. */
export const MEDIA_UPLOAD: TableSpec = { name: "media-upload" };
/** All of them. */
export const MEDIA_TABLES: readonly TableSpec[] = [MEDIA, MEDIA_REFERENCE, MEDIA_UPLOAD];

export const MediaRow = schema("MediaRow", {
  ownerId: string<UserId>(1),
  isComplete: bool(2),
  name: string(3),
  /** As it was asked for; from completion on as it was found. */
  kind: string(4),
  /** As the client said; from completion on as it was found. */
  type: string(5),
  bytes: uint(6),
  width: uint(7),
  height: uint(8),
  /** 0: there is none. */
  thumbnailBytes: uint(9),
  createdMs: uint(10),
  completedMs: uint(11),
});
export type MediaRow = Infer<typeof MediaRow>;

/** A message holds the file, or is about to. */
export const ReferenceRow = schema("ReferenceRow", {
  /** Where the message stands; 0: not known yet, or it was never placed. */
  sequence: uint(1),
  /** It stands behind this one, if anywhere. */
  after: uint(2),
  createdMs: uint(3),
});
export type ReferenceRow = Infer<typeof ReferenceRow>;

export const UploadRow = schema("UploadRow", {
  bytes: uint(1),
  createdMs: uint(2),
});
export type UploadRow = Infer<typeof UploadRow>;

/** One file of one tenant. */
export interface MediaKey {
  readonly tenantId: TenantId;
  readonly mediaId: MediaId;
}

export function mediaPartition({ tenantId, mediaId }: MediaKey): Key {
  return [tenantId, mediaId];
}

export function uploadPartition({
  tenantId,
  userId,
}: {
  readonly tenantId: TenantId;
  readonly userId: UserId;
}): Key {
  return [tenantId, userId];
}

/** A message that holds, or was about to hold, a file. */
export interface Reference extends MediaKey {
  readonly conversationId: ConversationId;
  readonly messageId: string;
  readonly sequence: number;
  readonly after: number;
}
