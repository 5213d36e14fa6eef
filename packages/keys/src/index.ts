export type { KeyFiles } from "./key-files.js";
export { INSTALLATION, type KeyOwner } from "./key-owner.js";
export { KeyStore } from "./key-store.js";
export { Keyring, type KeyringOptions, type SealingKey } from "./keyring.js";
export { type MasterKeySource, newMasterKey, parseMasterKey } from "./master-key.js";
export { SEAL_BYTES, SEAL_HEAD_BYTES, SEAL_TAG_BYTES, bondedKey, sealHead } from "./seal-format.js";
export type { StoreState } from "./store-state.js";
export { secretKey } from "./wrapping.js";
