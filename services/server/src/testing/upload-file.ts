import type { Session, UploadRequest } from "@parley/contracts";
import type { MediaId } from "@parley/protocol";
import type { Parley } from "../parley.js";

/** Uploads a file whole, ready to be sent. */
export async function uploadFile(
  parley: Parley,
  session: Session,
  { name, type, bytes }: Pick<UploadRequest, "name" | "type"> & { readonly bytes: Uint8Array },
): Promise<MediaId> {
  const { service } = parley.media!;
  const { mediaId } = await service.createUpload(session, { bytes: bytes.length, name, type });
  const source = (async function* () {
    yield bytes;
  })();
  await service.appendUpload(session, mediaId, { offset: 0, source, stop: () => undefined });
  await service.completeUpload(session, mediaId);
  return mediaId;
}
