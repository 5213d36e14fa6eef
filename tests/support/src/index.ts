export { HttpProxy, type UpgradePolicy } from "./http-proxy.js";
