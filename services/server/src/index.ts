export { DAYS_NEVER } from "@parley/domain";
export type { MasterKeySource } from "@parley/keys";
export { Backups, type BackupStatus } from "./backup/backups.js";
export { restoreInstallation } from "./backup/restore-installation.js";
export { type Config, findMasterKey, parseConfig, SETTINGS } from "./config.js";
export { remoteOperations } from "./control/control-client.js";
export { type Installation, openInstallation } from "./control/open-installation.js";
export {
  type ImportedItem,
  localOperations,
  type NotifyReport,
  type Operations,
  USERS_PER_CALL_MAX,
} from "./control/operations.js";
export { isKey } from "./control/fields.js";
export { DEMO_PASSWORD, DEMO_USERS } from "./demo.js";
export type { MediaReport, MediaStatus } from "@parley/media";
export { requireStoredHead } from "./history/stored-head.js";
export type { HistoryPolicy, HistoryReport, HistoryStatus } from "./history/history-keeper.js";
export type { ModuleInfo } from "@parley/api";
export type { CampaignStatus } from "@parley/message";
export type { KeyStatus } from "./keys/key-tools.js";
export { openCopiedKeyring, readMasterKey } from "./keys/open-keyring.js";
export { masterKeyFile } from "./keys/master-key-sources.js";
export { type Encryption, openParley, type Parley, type ParleyOptions } from "./parley.js";
export type { TableFigures, TableStatistics } from "@parley/tables";
export { DEFAULT_TENANT, type RunningServer, startServer } from "./serve.js";
export { runServer } from "./run.js";
export { promote, type RunningStandby, type StandbyOptions, startStandby } from "./standby/run-standby.js";
export { verifyStopped } from "./tables/verify-stopped.js";
export type { Finding, VerifyReport } from "./tables/verify-report.js";
export type { Compaction, TableJobRequest, TableJobStatus } from "./tables/table-jobs.js";
export type { RowView } from "./tables/row-view.js";
export { findTable, keyProblem, type KnownTable, shapeOf, TABLES } from "./tables/table-catalog.js";
export { type Engine, journalLogs, type Services, wireServices, type WiringOptions } from "./wiring.js";
