/** Addresses for bytes, within one page. */
export interface ObjectUrls {
  readonly createUrl: (content: Uint8Array | Blob, type: string) => string;
  readonly revokeUrl: (url: string) => void;
}

export const PAGE_URLS: ObjectUrls = {
  createUrl: (content, type) => URL.createObjectURL(new Blob([content as BlobPart], { type })),
  revokeUrl: (url) => URL.revokeObjectURL(url),
};
