/**
 * Sends of a system account to everybody, with the lowest priority: people's messages go first.
 *
 *   start ─► row, durable ─► page of users ─► each: conversation, send ─► cursor, durable ─► … ─► done
 *              ▲ a restart goes on from the cursor            │
 *              └── in its turn, see campaign-pace.ts ◄────────┘
 *
 * Everybody gets it once. Each campaign is a device of the sender: its one send to a conversation has the number 1, so that sending
 * again after a crash is answered as the first was.
 */
import type { AccountCalls } from "@parley/contracts";
import {
  type Clock,
  Failure,
  type Logger,
  type Scheduler,
  type UlidSource,
  failureCode,
  messageOf,
  sleep,
} from "@parley/base";
import { type ConversationKey, CreateRecord, conversationRecord } from "@parley/domain";
import {
  type Body,
  type ClientMessageId,
  type DeviceId,
  type MessageId,
  type TenantId,
  User,
  type UserId,
  DIRECTORY_PAGE_MAX,
  decode,
  directConversationId,
  encode,
  filled,
} from "@parley/protocol";
import type { Key, Tables } from "@parley/tables";
import { checkedBody } from "../checked-body.js";
import { badRequest, refusal } from "../refusal.js";
import { CampaignPace, type CampaignPaceOptions } from "./campaign-pace.js";
import { CAMPAIGN, CampaignRow } from "./campaign-rows.js";

/** Users that a campaign names one by one. */
export const CAMPAIGN_USERS_MAX = 10_000;
/** Campaigns of one tenant that are under way. */
const RUNNING_MAX = 16;
/** Campaigns that one read brings; what a tenant has beyond it is not listed. */
const PAGE_ROWS = 10_000;
/** After a refusal for now, such as a full disk. */
const RETRY_MS = 1_000;

export interface CampaignStatus {
  readonly campaignId: string;
  readonly senderId: UserId;
  readonly state: "running" | "done" | "cancelled";
  readonly sent: number;
  readonly skipped: number;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface CampaignsOptions {
  /** Durable when a write resolves. */
  readonly tables: Pick<Tables, "find" | "range" | "scanTable" | "write">;
  readonly processor: CampaignPaceOptions["processor"];
  readonly accounts: Pick<AccountCalls, "findUsers" | "listUsers">;
  /** Whether the conversation is there already, so that it need not be made. */
  readonly hasConversation: (key: ConversationKey) => Promise<boolean>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly newId: UlidSource;
}

interface Run {
  readonly tenantId: TenantId;
  readonly campaignId: string;
  row: CampaignRow;
}

export class Campaigns {
  readonly #options: CampaignsOptions;
  readonly #runs = new Map<string, Promise<void>>();
  readonly #pace: CampaignPace;
  #isStopping = false;
  readonly #cancelled = new Set<string>();

  constructor(options: CampaignsOptions) {
    this.#options = options;
    this.#pace = new CampaignPace(options);
  }

  /**
   * Begins to send to everybody, or to `userIds`. Effects: durable when it resolves; goes on after a restart.
   * Errors: "user-not-found", "not-allowed" when the sender is no system account, "bad-request", "too-many-requests", those of a
   * body.
   */
  async start(
    tenantId: TenantId,
    campaign: {
      readonly senderId: UserId;
      readonly body: Body;
      readonly userIds: readonly UserId[] | undefined;
    },
  ): Promise<string> {
    const { senderId, userIds } = campaign;
    const body = checkedBody(campaign.body);
    if (userIds !== undefined && (userIds.length === 0 || userIds.length > CAMPAIGN_USERS_MAX))
      throw badRequest(`A campaign names 1 to ${CAMPAIGN_USERS_MAX} users, or goes to everybody.`);
    const [sender] = await this.#options.accounts.findUsers(tenantId, [senderId]);
    if (sender === undefined)
      throw new Failure("user-not-found", `There is no user ${senderId}.`, { retry: "after-change" });
    if (!sender.isSystem)
      throw new Failure("not-allowed", `${senderId} is no system account: it cannot send to everybody.`);
    if ([...this.#runs.keys()].filter((name) => name.startsWith(`${tenantId}/`)).length >= RUNNING_MAX)
      throw new Failure("too-many-requests", "Too many campaigns are under way: wait.", { retry: "same" });
    const nowMs = this.#options.clock.nowMs();
    const run: Run = {
      tenantId,
      campaignId: this.#options.newId(),
      row: {
        senderId,
        body,
        userIds: [...new Set(userIds)],
        cursor: "" as UserId,
        state: "running",
        sent: 0,
        skipped: 0,
        createdMs: nowMs,
        updatedMs: nowMs,
        isForAll: userIds === undefined,
      },
    };
    await this.#write(run);
    this.#begin(run);
    return run.campaignId;
  }

  /** All that were ever started, the oldest first. */
  async list(tenantId: TenantId): Promise<readonly CampaignStatus[]> {
    return (await this.#rows(tenantId)).map(({ campaignId, row }) => {
      const { senderId, state, sent, skipped, createdMs, updatedMs } = row;
      return { campaignId, senderId, state, sent, skipped, createdMs, updatedMs };
    });
  }

  /** Sends to nobody else. What was sent stays. Errors: "not-found". */
  async cancel(tenantId: TenantId, campaignId: string): Promise<void> {
    const value = await this.#options.tables.find(CAMPAIGN, [tenantId], [campaignId]);
    if (value === undefined)
      throw new Failure("not-found", "There is no such campaign.", { retry: "after-change" });
    const run = { tenantId, campaignId, row: decode(CampaignRow, value) };
    if (run.row.state !== "running") return;
    this.#cancelled.add(`${tenantId}/${campaignId}`);
    await this.#runs.get(`${tenantId}/${campaignId}`);
  }

  /** Goes on with what a stop or a crash has interrupted. Cost: a walk over all campaigns. */
  async resume(): Promise<void> {
    let after: { readonly partition: Key; readonly sort: Key } | undefined;
    for (;;) {
      const walk = { table: CAMPAIGN, limit: PAGE_ROWS, ...(after === undefined ? {} : { after }) };
      const rows = await this.#options.tables.scanTable(walk);
      for (const { partition, sort, value } of rows) {
        const row = decode(CampaignRow, value);
        const [tenantId, campaignId] = [partition[0] as TenantId, String(sort[0])];
        if (row.state === "running") this.#begin({ tenantId, campaignId, row });
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_ROWS) return;
      after = { partition: last.partition, sort: last.sort };
    }
  }

  /** Resolves when nothing is under way; what is left is sent after the next start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#runs.values());
  }

  #begin(run: Run): void {
    const name = `${run.tenantId}/${run.campaignId}`;
    if (this.#runs.has(name)) return;
    const work = this.#run(run, name)
      .catch((error: unknown) =>
        this.#options.logger.error("campaign-failed", { campaign: name, error: messageOf(error) }),
      )
      .finally(() => {
        this.#runs.delete(name);
        this.#cancelled.delete(name);
      });
    this.#runs.set(name, work);
  }

  async #run(run: Run, name: string): Promise<void> {
    while (!this.#isStopping && run.row.state === "running") {
      if (this.#cancelled.has(name)) run.row = { ...run.row, state: "cancelled" };
      else await this.#page(run);
      run.row = { ...run.row, updatedMs: this.#options.clock.nowMs() };
      await this.#keep(run);
    }
  }

  /** Writes how far it is, when the disk has room again if need be. */
  async #keep(run: Run): Promise<void> {
    for (;;) {
      try {
        return await this.#write(run);
      } catch (error) {
        if (!isForNow(error) || this.#isStopping) throw error;
        await sleep(this.#options.scheduler, RETRY_MS);
      }
    }
  }

  /** Sends to the next users; the cursor moves when all of them have it. */
  async #page(run: Run): Promise<void> {
    const { users, isLast } = await this.#next(run);
    let { sent, skipped } = run.row;
    let start = 0;
    while (start < users.length && !this.#isOver(run)) {
      await this.#pace.turn(async (count) => {
        if (this.#isOver(run)) return;
        const batch = users.slice(start, start + count);
        start += batch.length;
        const outcomes = await Promise.all(batch.map((user) => this.#send(run, user)));
        const done = outcomes.filter(Boolean).length;
        sent += done;
        skipped += batch.length - done;
      });
    }
    // Those of this page that have it already are answered as repeats by the next run, if there is one.
    if (this.#isOver(run)) return;
    const cursor = users.at(-1)?.userId ?? run.row.cursor;
    run.row = { ...run.row, sent, skipped, cursor, state: isLast ? "done" : "running" };
  }

  /** The server stops, or somebody has cancelled it. */
  #isOver({ tenantId, campaignId }: Run): boolean {
    return this.#isStopping || this.#cancelled.has(`${tenantId}/${campaignId}`);
  }

  async #next({
    tenantId,
    row,
  }: Run): Promise<{ readonly users: readonly User[]; readonly isLast: boolean }> {
    const { accounts } = this.#options;
    if (row.isForAll) {
      const page = { prefix: "", after: row.cursor, limit: DIRECTORY_PAGE_MAX };
      const { users, next } = await accounts.listUsers(tenantId, page);
      return { users, isLast: next === "" };
    }
    const from = row.cursor === "" ? 0 : row.userIds.indexOf(row.cursor) + 1;
    const userIds = row.userIds.slice(from, from + DIRECTORY_PAGE_MAX);
    const found = await accounts.findUsers(tenantId, userIds);
    const users = userIds.map((userId, index) => found[index] ?? filled(User, { userId, isSystem: true }));
    return { users, isLast: from + userIds.length >= row.userIds.length };
  }

  /** Returns false for a user that is not sent to: another system account, or one that is gone. */
  async #send(run: Run, user: User): Promise<boolean> {
    if (user.isSystem) return false;
    for (;;) {
      try {
        await this.#sendOnce(run, user.userId);
        return true;
      } catch (error) {
        if (!isForNow(error)) {
          this.#options.logger.warn("campaign-refused", {
            campaign: run.campaignId,
            userId: user.userId,
            code: failureCode(error) ?? messageOf(error),
          });
          return false;
        }
        if (this.#isOver(run)) return false;
        await sleep(this.#options.scheduler, RETRY_MS);
      }
    }
  }

  async #sendOnce({ tenantId, campaignId, row }: Run, userId: UserId): Promise<void> {
    const { clock, newId, hasConversation } = this.#options;
    const { senderId } = row;
    const key = { tenantId, conversationId: directConversationId(senderId, userId) };
    const messageId = (): MessageId => newId() as MessageId;
    if (!(await hasConversation(key))) {
      const create = filled(CreateRecord, {
        creatorId: senderId,
        isDirect: true,
        userIds: [senderId, userId],
        isHistoryOpen: true,
        messageId: messageId(),
        systemId: senderId,
      });
      await this.#pace.submit(conversationRecord(key, clock.nowMs(), { create }));
    }
    const send = {
      senderId,
      deviceId: `campaign-${campaignId}` as DeviceId,
      number: 1,
      clientMessageId: `campaign-${campaignId}` as ClientMessageId,
      messageId: messageId(),
      body: row.body,
      audience: [],
    };
    const verdict = await this.#pace.submit(conversationRecord(key, clock.nowMs(), { send }));
    if (verdict.kind !== "sent") throw refusal(verdict);
  }

  async #rows(
    tenantId: TenantId,
  ): Promise<readonly { readonly campaignId: string; readonly row: CampaignRow }[]> {
    const rows = await this.#options.tables.range({
      table: CAMPAIGN,
      partition: [tenantId],
      limit: PAGE_ROWS,
    });
    return rows.map(({ sort, value }) => ({ campaignId: String(sort[0]), row: decode(CampaignRow, value) }));
  }

  async #write({ tenantId, campaignId, row }: Run): Promise<void> {
    const value = encode(CampaignRow, row);
    const writes = [{ kind: "put" as const, table: CAMPAIGN, sort: [campaignId], value }];
    await this.#options.tables.write([{ partition: [tenantId], writes }], { isDurable: true });
  }
}

/** A refusal that may be none a little later, such as of a full disk. */
function isForNow(error: unknown): boolean {
  return error instanceof Failure && error.retry === "same";
}
