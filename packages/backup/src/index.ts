export { Archiver, type ArchiverOptions, type ArchiveStatus } from "./archiver.js";
export { type BackupFiles, systemBackupFiles } from "./backup-files.js";
export { openDirectorySink } from "./directory-sink.js";
export { ensureIdentity } from "./identity.js";
export type { Identity, Manifest } from "./manifest.js";
export { restoreBackup, type RestoreOptions } from "./restore-backup.js";
export { type BackupOptions, type BackupProgress, type BackupSource, takeBackup } from "./take-backup.js";
export { type Damage, readManifest, type VerifiedBackup, verifyBackup } from "./verify-backup.js";
