/** The organisation's news account: now and then it writes to everybody, or to some, and now and then that is called off. */
import { failureCode, messageOf } from "@parley/base";
import {
  type ConversationId,
  type Message,
  type TenantId,
  type UserId,
  directConversationId,
  parseUserId,
  textBody,
} from "@parley/protocol";
import type { Services } from "@parley/server";
import type { Kernel } from "./kernel.js";
import { SeededRandom } from "./seeded-random.js";

export const NEWS = parseUserId("news");
const CANCEL_CHANCE = 0.2;
const TO_ALL_CHANCE = 0.6;
const CANCEL_MS_MEAN = 300;
const LOOK_MS = 200;

export interface CampaigningOptions {
  readonly kernel: Kernel;
  readonly seed: number;
  readonly tenantId: TenantId;
  readonly userIds: readonly UserId[];
  /** Undefined while the server does not run. */
  readonly services: () => Services | undefined;
  readonly onTrouble: (what: string) => void;
}

/** One that the server said it would send. */
interface Campaign {
  readonly id: string;
  readonly to: readonly UserId[];
  /** Somebody tried to call it off. */
  isCancelled: boolean;
}

export class Campaigning {
  /** Campaigns by what they came to. */
  readonly counts = new Map<string, number>();
  readonly #options: CampaigningOptions;
  readonly #random: SeededRandom;
  readonly #campaigns: Campaign[] = [];

  constructor(options: CampaigningOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ^ 0xca3b);
  }

  /** Begins one about every `meanMs`, until a time. */
  act(meanMs: number, untilMs: number): void {
    const { kernel, onTrouble } = this.#options;
    const next = (): void => {
      kernel.after(this.#random.waitMs(meanMs), "news are written", () => {
        if (kernel.nowMs >= untilMs) return;
        this.#startOne().catch((error: unknown) => {
          const code = failureCode(error);
          if (code === undefined) onTrouble(`campaign: ${messageOf(error)}`);
          this.#count(code ?? "untyped");
        });
        next();
      });
    };
    next();
  }

  /** Resolves when all that were begun are over. Bound it. */
  async ended(): Promise<void> {
    const { services, tenantId, kernel } = this.#options;
    for (;;) {
      const all = (await services()?.campaigns.list(tenantId)) ?? [];
      if (services() !== undefined && all.every(({ state }) => state !== "running")) return;
      await new Promise<void>((resolve) => kernel.after(LOOK_MS, "waits for the news", resolve));
    }
  }

  /** Everybody whom a campaign was for has it once; when it was called off, at most once. */
  async judge(messages: ReadonlyMap<ConversationId, readonly Message[]>): Promise<readonly string[]> {
    const { services, tenantId, userIds } = this.#options;
    const listed = new Map((await services()!.campaigns.list(tenantId)).map((one) => [one.campaignId, one]));
    const complaints: string[] = [];
    for (const { id, to, isCancelled } of this.#campaigns) {
      const state = listed.get(id)?.state;
      if (state !== "done" && !(isCancelled && state === "cancelled"))
        complaints.push(`campaign ${id} was begun and is ${state ?? "unknown"}`);
      for (const userId of userIds) {
        const sent = (messages.get(directConversationId(NEWS, userId)) ?? []).filter(
          ({ clientMessageId }) => clientMessageId === `campaign-${id}`,
        );
        const least = state === "done" && to.includes(userId) ? 1 : 0;
        const most = to.includes(userId) ? 1 : 0;
        if (sent.length < least || sent.length > most)
          complaints.push(`${userId} has the news of campaign ${id} (${state}) ${sent.length} times`);
      }
    }
    return complaints;
  }

  async #startOne(): Promise<void> {
    const { services, tenantId, userIds } = this.#options;
    const random = this.#random;
    const isToAll = random.isTrue(TO_ALL_CHANCE);
    const some = userIds.filter(() => random.isTrue(0.5));
    const willCancel = random.isTrue(CANCEL_CHANCE);
    const server = services();
    if (server === undefined || (!isToAll && some.length === 0)) return;
    const body = textBody(`news says ${random.integer(1000)}`);
    const id = await server.campaigns.start(tenantId, {
      senderId: NEWS,
      body,
      userIds: isToAll ? undefined : some,
    });
    // What a dead process says, it never said.
    if (services() !== server) return;
    const campaign: Campaign = { id, to: isToAll ? userIds : some, isCancelled: false };
    this.#campaigns.push(campaign);
    this.#count("ok");
    if (willCancel) this.#cancelSoon(campaign);
  }

  #cancelSoon(campaign: Campaign): void {
    const { kernel, services, tenantId } = this.#options;
    kernel.after(this.#random.waitMs(CANCEL_MS_MEAN), "news are called off", () => {
      campaign.isCancelled = true;
      services()
        ?.campaigns.cancel(tenantId, campaign.id)
        .catch((error: unknown) => this.#count(`not called off: ${failureCode(error) ?? messageOf(error)}`));
    });
  }

  #count(what: string): void {
    const name = `campaign ${what}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}
