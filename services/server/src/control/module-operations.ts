/** What an operator may do with business modules, in values that survive JSON. */
import type { ModuleIdentity, ModuleInfo } from "@parley/api";
import type { ModuleQuota } from "@parley/contracts";
import { parseModuleName, parseTenantId } from "@parley/protocol";
import type { Fields } from "./fields.js";
import type { Handler } from "./operations.js";

interface OfModule {
  readonly tenant: string;
  readonly module: string;
}

export interface ModuleOperations {
  /** Resolves with a new key; the one before works no more. Errors: those of `ModuleStore.add`. */
  addModule(of: OfModule): Promise<string>;
  listModules(of: { readonly tenant: string }): Promise<readonly ModuleInfo[]>;
  /** Resolves with whether there was one. */
  removeModule(of: OfModule): Promise<boolean>;
  /** Sets what a module may publish, or with both 0 as any. Errors: those of `ModuleStore.limit`. */
  limitModule(of: OfModule & ModuleQuota): Promise<null>;
}

export const MODULE_HANDLERS: Readonly<Record<keyof ModuleOperations, Handler>> = {
  addModule: ({ modules }, call) => modules.store.add(identityOf(call)),
  listModules: ({ modules }, call) => modules.store.list(parseTenantId(call.text("tenant"))),
  removeModule: ({ modules }, call) => modules.store.remove(identityOf(call)),
  limitModule: async ({ modules }, call) => {
    const eventsPerSecond = call.count("eventsPerSecond");
    const receiversPerSecond = call.count("receiversPerSecond");
    const isSet = eventsPerSecond > 0 && receiversPerSecond > 0;
    await modules.store.limit(identityOf(call), isSet ? { eventsPerSecond, receiversPerSecond } : undefined);
    return null;
  },
};

function identityOf(call: Fields): ModuleIdentity {
  return { tenantId: parseTenantId(call.text("tenant")), module: parseModuleName(call.text("module")) };
}
