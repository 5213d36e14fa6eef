import type { ReviewedFile } from "@parley/contracts";
import type { MediaKey } from "./media-rows.js";
import { fileOf, type MediaStore } from "./media-store.js";

/** A file for who may see all of them, such as the review of contents; undefined when it is not there, or not complete. */
export async function findFile(store: MediaStore, key: MediaKey): Promise<ReviewedFile | undefined> {
  const row = await store.find(key);
  if (row?.isComplete !== true) return undefined;
  const blob = fileOf(key, row);
  const { type, name, bytes } = row;
  return { type, name, bytes, read: (start, end) => store.read(blob, start, end) };
}
