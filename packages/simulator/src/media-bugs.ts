/** Bugs of files to order. */
import type { MediaContent } from "@parley/contracts";
import type { PlantedBug } from "./planting.js";

/** As a store that acknowledges what it has in memory: gone with the process. */
export const FILE_PART_IS_NOT_KEPT: PlantedBug = {
  parts: (parts) => {
    const unsynced = new Map<string, Uint8Array>();
    return {
      put: async (name, bytes) => void unsynced.set(name, Uint8Array.from(bytes)),
      list: (after) => parts.list(after),
      delete: (name) => parts.delete(name),
      length: async (name) => unsynced.get(name)?.length ?? parts.length(name),
      async read(name, offset, length) {
        const bytes = unsynced.get(name);
        return bytes?.subarray(offset, offset + length) ?? parts.read(name, offset, length);
      },
    };
  },
};

/** As a cache that was told only which file it is: who may not see the message gets what others got before. */
export const FILE_IS_CACHED_BY_ITS_ID: PlantedBug = {
  media: (media) => {
    const known = new Map<string, MediaContent>();
    return {
      createUpload: (...args) => media.createUpload(...args),
      uploadStatus: (...args) => media.uploadStatus(...args),
      appendUpload: (...args) => media.appendUpload(...args),
      completeUpload: (...args) => media.completeUpload(...args),
      cancelUpload: (...args) => media.cancelUpload(...args),
      openUpload: (...args) => media.openUpload(...args),
      async openOfMessage(session, request) {
        try {
          const content = await media.openOfMessage(session, request);
          known.set(request.mediaId, content);
          return content;
        } catch (error) {
          const content = known.get(request.mediaId);
          if (content === undefined) throw error;
          return content;
        }
      },
    };
  },
};
