export { MemoryKeyFiles } from "./memory-key-files.js";
export { openTestKeyring, TEST_MASTER } from "./open-keyring.js";
