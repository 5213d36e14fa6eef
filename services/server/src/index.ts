export { type Config, parseConfig, SETTINGS } from "./config.js";
export { DEMO_PASSWORD, DEMO_USERS } from "./demo.js";
export { openParley, type Parley, type ParleyOptions } from "./parley.js";
export { DEFAULT_TENANT, type RunningServer, startServer } from "./serve.js";
