/** Bringing in history from elsewhere, through the same log and machine as live messages. */
import {
  type ConversationChange,
  conversationRecord,
  type Verdict,
  CreateRecord,
  MembersRecord,
} from "@parley/domain";
import { type Clock, Failure, type UlidSource } from "@parley/base";
import { type ConversationId, type MessageId, type TenantId, type UserId, filled } from "@parley/protocol";
import { type MessageService, SHARED_FROM_MEMBERS } from "./message-service.js";
import type { Processor } from "./processor.js";

export interface ImportedGroup {
  readonly conversationId: ConversationId;
  readonly title: string;
  /** At least one; the first becomes the owner. */
  readonly userIds: readonly UserId[];
  readonly timeMs: number;
}

export class Importing {
  readonly #processor: Pick<Processor, "submit">;
  readonly #service: Pick<MessageService, "findImportedCount">;
  readonly #newMessageId: UlidSource;
  readonly #clock: Clock;
  readonly #sharedFrom: number;

  constructor(options: {
    readonly processor: Pick<Processor, "submit">;
    readonly service: Pick<MessageService, "findImportedCount">;
    readonly newMessageId: UlidSource;
    readonly clock: Clock;
    /** As in MessageServiceOptions. */
    readonly sharedFromMembers?: number;
  }) {
    this.#processor = options.processor;
    this.#service = options.service;
    this.#newMessageId = options.newMessageId;
    this.#clock = options.clock;
    this.#sharedFrom = options.sharedFromMembers ?? SHARED_FROM_MEMBERS;
  }

  /** Creates the group when it is missing, adds missing members; returns how many messages were brought in before. */
  async openImportedGroup(tenantId: TenantId, group: ImportedGroup): Promise<number> {
    const { conversationId, title, userIds, timeMs } = group;
    const creatorId = userIds[0]!;
    const before = await this.#service.findImportedCount({ tenantId }, conversationId);
    const [messageId, sharedFrom] = [this.#id(), this.#sharedFrom];
    const create = filled(CreateRecord, {
      creatorId,
      title,
      userIds,
      isHistoryOpen: true,
      messageId,
      sharedFrom,
    });
    const members = filled(MembersRecord, { actorId: creatorId, userIds, messageId, sharedFrom });
    const change = before === undefined ? { create } : { members };
    // Not the time of now: history that is yet to come could not keep its times behind it.
    requireDone(await this.#submit(tenantId, conversationId, { ...change, timeMs }));
    return before ?? 0;
  }

  /** Brings in messages; `index` is the number brought in before. Errors: "bad-request" when it is not. */
  async importHistory(
    tenantId: TenantId,
    conversationId: ConversationId,
    batch: {
      readonly index: number;
      readonly items: readonly {
        readonly senderId: UserId;
        readonly timeMs: number;
        readonly text: string;
      }[];
      readonly isLast: boolean;
    },
  ): Promise<void> {
    const { index, isLast } = batch;
    const history = { index, isLast, items: batch.items.map((item) => ({ ...item, messageId: this.#id() })) };
    requireDone(await this.#submit(tenantId, conversationId, { history, timeMs: this.#clock.nowMs() }));
  }

  #submit(
    tenantId: TenantId,
    conversationId: ConversationId,
    { timeMs, ...change }: ConversationChange & { readonly timeMs: number },
  ): Promise<Verdict> {
    return this.#processor.submit(conversationRecord({ tenantId, conversationId }, timeMs, change));
  }

  #id(): MessageId {
    return this.#newMessageId() as MessageId;
  }
}

function requireDone(verdict: Verdict): void {
  if (verdict.kind !== "done") {
    const code = verdict.kind === "refused" ? verdict.code : "bad-request";
    throw new Failure(code, "The import does not fit what the conversation holds.", {
      retry: "after-change",
    });
  }
}
