import { join } from "node:path";

/** Where real chat logs lie, from the repository, if they do. */
export const CHAT_LOGS = join("..", "shared", "data", "irc-ubuntu");
