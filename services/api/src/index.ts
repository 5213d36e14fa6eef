export { AccountStore, type AccountStoreOptions } from "./account-store.js";
export { ACCOUNT, AccountRow, SESSION, SessionRow, TOKEN, TokenRow } from "./account-rows.js";
export { type ApiOptions, createApi } from "./create-api.js";
