export { Claims } from "./claims.js";
export { findFile } from "./find-file.js";
export { MediaKeeper, type MediaReport, type MediaStatus, type MessageLookup } from "./media-keeper.js";
export { MediaService, type MediaServiceOptions } from "./media-service.js";
export {
  MEDIA,
  MEDIA_REFERENCE,
  MEDIA_TABLES,
  MEDIA_UPLOAD,
  MediaRow,
  ReferenceRow,
  UploadRow,
} from "./media-rows.js";
export type { Reference } from "./media-rows.js";
export { MediaStore } from "./media-store.js";
export { type Picture, type PictureBounds, type Pictures, sharpPictures } from "./pictures.js";
export { isPicture, sniffType } from "./sniff.js";
export type { MediaLimits } from "./uploads.js";
