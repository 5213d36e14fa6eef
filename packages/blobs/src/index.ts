export { type Blob, Blobs, type BlobsOptions, BLOB_PART_BYTES } from "./blobs.js";
export { type BlobSeals, checksums, keyringSeals } from "./blob-seals.js";
export type { BlobStore, StoredPart } from "./blob-store.js";
export { MemoryBlobs } from "./memory-blobs.js";
export { type BlobPart, parsePartName, partName } from "./part-name.js";
