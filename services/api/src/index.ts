export { AccountStore, type AccountStoreOptions } from "./account-store.js";
export { type ApiOptions, createApi } from "./create-api.js";
