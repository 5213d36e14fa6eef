/** What modules publish, wired to both logs. */
import { ModuleStore, Tickets } from "@parley/api";
import type { Ambient } from "@parley/base";
import type { AccountCalls } from "@parley/contracts";
import { type ConversationKey, HeadRow } from "@parley/domain";
import { CONVERSATION_HEAD, type Processor } from "@parley/message";
import { decode } from "@parley/protocol";
import { ModuleService, type UserProcessor } from "@parley/sync";
import type { Tables, WriteBackTables } from "@parley/tables";

export interface ModuleParts {
  readonly tables: WriteBackTables;
  readonly accounts: AccountCalls;
  readonly accountTables: Tables;
  readonly users: UserProcessor;
  readonly processor: Processor;
  readonly ambient: Pick<Ambient, "clock" | "random">;
}

export interface Modules {
  readonly service: ModuleService;
  readonly store: ModuleStore;
  readonly tickets: Tickets;
}

export function wireModules(parts: ModuleParts): Modules {
  const { tables, accounts, accountTables, users, processor, ambient } = parts;
  const { clock, random } = ambient;
  const receiversIn = async ({ tenantId, conversationId }: ConversationKey): Promise<number | undefined> => {
    const row = await tables.find(CONVERSATION_HEAD, [tenantId, conversationId], []);
    if (row === undefined) return undefined;
    const { isShared, memberCount } = decode(HeadRow, row);
    // The topic of a large group is one.
    return isShared ? 1 : memberCount;
  };
  const submit: Processor["submit"] = (record) => processor.submit(record);
  const service = new ModuleService({ processor: users, submit, receiversIn, accounts, clock });
  const store = new ModuleStore({
    tables: accountTables,
    clock,
    random,
    onQuota: ({ tenantId, module }, quota) => service.setQuota(tenantId, module, quota),
  });
  return { service, store, tickets: new Tickets({ accounts, clock, random }) };
}
