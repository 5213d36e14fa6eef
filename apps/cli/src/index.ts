export type { Command, Context } from "./command.js";
export {
  type ImportOptions,
  type ImportResult,
  conversationIdOf,
  importIrc,
} from "./import-irc/import-irc.js";
export { describeCommands, runProgram } from "./program.js";
export type { Terminal } from "./terminal/terminal.js";
export { userIdOf } from "./import-irc/irc-log.js";
