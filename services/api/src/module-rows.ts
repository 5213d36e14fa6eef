/** The rows of the keys that business modules come with. */
import { type Infer, type ModuleName, schema, string, type TenantId, uint } from "@parley/protocol";
import type { TableSpec } from "@parley/tables";

/** Partition (tenant), sort (module): ModuleRow. */
export const MODULE: TableSpec = { name: "module" };
/** Partition (SHA-256 of the key, hex), sort (): ModuleKeyRow. */
export const MODULE_KEY: TableSpec = { name: "module-key", keyOwner: "installation" };

export const ModuleRow = schema("ModuleRow", {
  keyHash: string(1),
  createdMs: uint(2),
  /** Both 0: as the server says for all. */
  eventsPerSecond: uint(3),
  receiversPerSecond: uint(4),
});
export type ModuleRow = Infer<typeof ModuleRow>;

export const ModuleKeyRow = schema("ModuleKeyRow", {
  tenantId: string<TenantId>(1),
  module: string<ModuleName>(2),
});
export type ModuleKeyRow = Infer<typeof ModuleKeyRow>;
