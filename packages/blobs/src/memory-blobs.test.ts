import { MemoryBlobs } from "./memory-blobs.js";
import { blobStoreConformance } from "./testing/conformance.js";

blobStoreConformance("MemoryBlobs", async () => {
  const store = new MemoryBlobs();
  return { store, reopen: async () => store, remove: async () => undefined };
});
