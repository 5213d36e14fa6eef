import { fileURLToPath } from "node:url";

/** Where real chat logs lie, beside the repository, if they do. */
export const CHAT_LOGS = fileURLToPath(new URL("../../../shared/data/irc-ubuntu", import.meta.url));
