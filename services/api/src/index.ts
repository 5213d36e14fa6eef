export { AccountStore, type AccountStoreOptions } from "./account-store.js";
export { ACCOUNT, SESSION, TOKEN } from "./account-rows.js";
export { type ApiOptions, createApi } from "./create-api.js";
