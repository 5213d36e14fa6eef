export { AccountStore, type AccountStoreOptions } from "./account-store.js";
export {
  ACCOUNT,
  ACCOUNT_PICTURE,
  AccountRow,
  PictureRow,
  SESSION,
  SessionRow,
  TOKEN,
  TokenRow,
} from "./account-rows.js";
export { type ApiOptions, createApi } from "./create-api.js";
export { MODULE, MODULE_KEY, ModuleKeyRow, ModuleRow } from "./module-rows.js";
export type { ModuleApi } from "./module-routes.js";
export { type ModuleIdentity, type ModuleInfo, ModuleStore } from "./module-store.js";
export { Tickets } from "./tickets.js";
export { addRawRoutes } from "./raw-routes.js";
