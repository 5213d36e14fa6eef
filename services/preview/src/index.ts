export type { ShrinkPicture, SmallPicture } from "./preview-maker.js";
export { LINK_PREVIEW, PreviewRow } from "./preview-rows.js";
export { type PreviewCounts, PreviewService, type PreviewServiceOptions } from "./preview-service.js";
