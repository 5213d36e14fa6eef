/**
 * The open side of the sync service: any module publishes events, and the service orders, stores and synchronises them
 * without knowing what they say.
 *
 *   to users ─────────► a record for each partition of the user log ─► the queue of each
 *   to a conversation ─► a record of the conversation ─► the queues of its members, or its topic
 */
import { type Clock, Failure, failureCode } from "@parley/base";
import type {
  AccountCalls,
  ModuleCalls,
  ModuleCounts,
  ModulePublication,
  ModuleQuota,
} from "@parley/contracts";
import {
  type ConversationKey,
  type ConversationRecord,
  conversationRecord,
  type Verdict,
} from "@parley/domain";
import {
  type ConversationId,
  encode,
  Event,
  type ModuleEvent,
  type ModuleName,
  type TenantId,
  type UserId,
} from "@parley/protocol";
import type { UserProcessor } from "../user-processor.js";
import { badField, moduleEventOf } from "./module-event.js";
import { ModuleQuotas } from "./module-quotas.js";

export interface ModuleServiceOptions {
  readonly processor: Pick<UserProcessor, "submitToMany">;
  /** Appends a record of a conversation. */
  readonly submit: (record: ConversationRecord) => Promise<Verdict>;
  /** How many queues and topics an event of a conversation goes into; undefined: there is no such conversation. */
  readonly receiversIn: (key: ConversationKey) => Promise<number | undefined>;
  readonly accounts: Pick<AccountCalls, "findUsers">;
  readonly clock: Clock;
  /** Where none is set. Default DEFAULT_QUOTA. */
  readonly quota?: ModuleQuota;
}

export class ModuleService implements ModuleCalls {
  readonly #options: ModuleServiceOptions;
  readonly #quotas: ModuleQuotas;
  #accepted = 0;
  #refused = 0;
  #bytes = 0;

  constructor(options: ModuleServiceOptions) {
    this.#options = options;
    this.#quotas = new ModuleQuotas(options.clock, options.quota);
  }

  get counts(): ModuleCounts {
    return { accepted: this.#accepted, refused: this.#refused, bytes: this.#bytes };
  }

  /** What the module may publish from now on; undefined: as any. */
  setQuota(tenantId: TenantId, module: ModuleName, quota: ModuleQuota | undefined): void {
    this.#quotas.set(tenantId, module, quota);
  }

  async publish(
    tenantId: TenantId,
    publication: ModulePublication,
  ): Promise<{ readonly isDuplicate: boolean }> {
    try {
      const event = moduleEventOf(publication, this.#options.clock.nowMs());
      const { to } = publication;
      const verdicts =
        "userIds" in to
          ? await this.#toUsers(tenantId, [...new Set(to.userIds)], event)
          : await this.#toConversation({ tenantId, conversationId: to.conversationId }, event);
      this.#accepted += 1;
      this.#bytes += event.data.length;
      return { isDuplicate: verdicts.every(isRepeat) };
    } catch (error) {
      if (failureCode(error) !== undefined) this.#refused += 1;
      throw error;
    }
  }

  async #toUsers(
    tenantId: TenantId,
    userIds: readonly UserId[],
    event: ModuleEvent,
  ): Promise<readonly Verdict[]> {
    const { processor, accounts } = this.#options;
    const users = await accounts.findUsers(tenantId, userIds);
    const unknown = userIds.filter((_, index) => users[index] === undefined);
    if (unknown.length > 0) {
      throw new Failure("user-not-found", `There is no user ${unknown.slice(0, 5).join(", ")}.`, {
        retry: "after-change",
        details: { field: "userIds" },
      });
    }
    // Nothing goes into the queue of an account that talks to everybody.
    const system = users.find((user) => user?.isSystem === true);
    if (system !== undefined) throw badField("userIds", `${system.userId} is a system account.`);
    this.#quotas.take(tenantId, event.module, userIds.length);
    const bytes = encode(Event, { module: event });
    return processor.submitToMany(tenantId, userIds, (together) => ({
      tenantId,
      timeMs: event.timeMs,
      spreads: [{ userIds: together, event: bytes }],
      hide: undefined,
      settings: undefined,
      pin: undefined,
    }));
  }

  async #toConversation(key: ConversationKey, event: ModuleEvent): Promise<readonly Verdict[]> {
    const { submit, receiversIn } = this.#options;
    const receivers = await receiversIn(key);
    if (receivers === undefined) throw conversationUnknown(key.conversationId);
    this.#quotas.take(key.tenantId, event.module, Math.max(1, receivers));
    const verdict = await submit(conversationRecord(key, event.timeMs, { module: event }));
    if (verdict.kind === "refused") throw conversationUnknown(key.conversationId);
    return [verdict];
  }
}

function isRepeat(verdict: Verdict): boolean {
  return verdict.kind === "done" && verdict.isRepeat === true;
}

function conversationUnknown(conversationId: ConversationId): Failure {
  return new Failure("conversation-unknown", `There is no conversation ${conversationId}.`, {
    retry: "after-change",
    details: { field: "conversationId" },
  });
}
