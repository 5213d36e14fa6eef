export { CommitReader } from "./journal/commit-reader.js";
export { openDataDirectory, type DataDirectory } from "./data-directory.js";
export { DirectoryBlobs, type DirectoryBlobsOptions } from "./directory-blobs.js";
export { DirectoryObjects } from "./directory-objects.js";
export { keyFilesOn } from "./key-files.js";
export { createDirectory, syncDirectory } from "./durable-directory.js";
export { type DirectoryLock, lockDirectory } from "./directory-lock.js";
export { type FileOps, openFile, type SegmentFile, systemFiles } from "./journal/files.js";
export type { JournalFiles } from "./journal/journal-files.js";
export { openJournal, type Journal, type JournalOptions, type JournalStats } from "./journal/journal.js";
export {
  type CheckedSegment,
  checkSegment,
  headerWithoutTrims,
  parseHeader,
  type SegmentCommit,
  segmentPath,
  segmentsAmong,
} from "./journal/segment-copy.js";
export type { JournalEnd, SegmentHold } from "./journal/segment-set.js";
export { type FileDamage, type VerifiedFile, verifyFiles } from "./level-files/verify-files.js";
export {
  openLevelTables,
  type CompactableTables,
  type LevelTablesOptions,
  type SnapshotTables,
} from "./level-tables.js";
export type { LevelFigures } from "./level-figures.js";
export {
  createStoredTables,
  isSoundRow,
  openStoredRow,
  type RowImport,
  type StoredRow,
  type StoredRows,
} from "./stored-rows.js";
