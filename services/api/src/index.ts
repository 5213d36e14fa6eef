export { AccountStore, type AccountStoreOptions } from "./account-store.js";
export { SESSION, TOKEN } from "./account-rows.js";
export { type ApiOptions, createApi } from "./create-api.js";
