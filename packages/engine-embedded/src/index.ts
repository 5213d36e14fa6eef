export { openDataDirectory, type DataDirectory } from "./data-directory.js";
export { keyFilesOn } from "./key-files.js";
export { systemFiles } from "./journal/files.js";
export { openJournal, type Journal, type JournalOptions, type JournalStats } from "./journal/journal.js";
export { openLevelTables, type CompactableTables, type LevelTablesOptions } from "./level-tables.js";
