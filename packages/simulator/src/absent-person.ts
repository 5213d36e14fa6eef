/**
 * Somebody who is never there: no device of it ever connects, but it can be notified. So every message that it does not see read
 * elsewhere has to be told, once at least for each conversation, whatever becomes of the server; and of what it has muted nothing.
 * Of large groups it is told of what mentions it, and of everything where it has asked for that.
 */
import { createPrivateKey } from "node:crypto";
import { failureCode, messageOf } from "@parley/base";
import type { Session } from "@parley/contracts";
import type { Calls } from "@parley/gateway";
import { notifyWords, PREVIEW_LETTERS_MAX } from "@parley/domain";
import {
  type ConversationId,
  Event,
  type Message,
  type TenantId,
  decode,
  mentionsUser,
  parseUserId,
} from "@parley/protocol";
import type { Services, WiringOptions } from "@parley/server";
import type { Kernel, Process } from "./kernel.js";
import type { Truth } from "./recording/truth.js";
import { SeededRandom } from "./seeded-random.js";

export const ABSENT = parseUserId("absent");
/** What was composed before a conversation was muted is on its way for no longer. */
const MUTED_AFTER_MS = 5_000;
const CONFIRM_MS = 300;
const DELIVERY_MS_MEAN = 150;
const RETRY_CHANCE = 0.3;
const MUTE_CHANCE = 0.3;
/** Of a large group, to ask for everything instead of nothing. */
const EVERYTHING_CHANCE = 0.6;
/** The example key of RFC 8291, Appendix A: the same in every run. */
const PUSH_KEY = createPrivateKey({
  format: "jwk",
  key: {
    kty: "EC",
    crv: "P-256",
    d: "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    x: "_jP0qw3qcZFNtVgj9ztUlI9BMG2SBzLbuaWaUyhkgiA",
    y: "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
  },
}).export({ type: "pkcs8", format: "pem" }) as string;

interface Alert {
  readonly conversationId: ConversationId;
  readonly text: string;
  readonly atMs: number;
  isDelivered: boolean;
}

export interface AbsentPersonOptions {
  readonly kernel: Kernel;
  readonly seed: number;
  readonly tenantId: TenantId;
  /** Undefined while the server does not run. */
  readonly notify: () => Calls["notify"] | undefined;
  readonly truth: Truth;
  readonly isHealed: () => boolean;
  readonly onTrouble: (what: string) => void;
}

export class AbsentPerson {
  /** What was pushed, by what came of it. */
  readonly counts = new Map<string, number>();
  readonly #options: AbsentPersonOptions;
  readonly #random: SeededRandom;
  readonly #alerts: Alert[] = [];
  /** What it has muted for good, and when the server said so. */
  readonly #muted = new Map<ConversationId, number>();
  /**
   * Where it has asked for everything, and after how many messages the server said that it has that; undefined: whether that was done
   * is not known yet, or ever.
   */
  readonly #everything = new Map<ConversationId, number | undefined>();
  /** What it has asked to mute: whether that was done is not known yet, or ever. */
  readonly #asked = new Set<ConversationId>();
  #session: Session | undefined;

  constructor(options: AbsentPersonOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ^ 0xab5e);
  }

  /** Its account, and where it is notified. */
  async begin({ accounts, notify }: Services): Promise<void> {
    const { tenantId } = this.#options;
    await accounts.addUser({ tenantId, userId: ABSENT, name: ABSENT });
    const issued = await accounts.issueToken({ tenantId, userId: ABSENT, deviceName: "off" });
    this.#session = issued.session;
    const none = { endpoint: "", publicKey: new Uint8Array(0), authSecret: new Uint8Array(0) };
    await notify.setPushTarget(issued.session, { channel: "hook", appId: "app", token: "off", ...none });
  }

  /** Mutes a conversation now and then, each once and for good, until a time. */
  act(meanMs: number, untilMs: number): void {
    const { kernel } = this.#options;
    const next = (): void => {
      kernel.after(this.#random.waitMs(meanMs), "somebody absent mutes", () => {
        if (kernel.nowMs >= untilMs) return;
        this.#muteOne();
        next();
      });
    };
    next();
  }

  /** How a process of the server notifies: slowly, and failing at times while there is trouble. */
  push(process: Process): NonNullable<WiringOptions["push"]> {
    const { kernel, isHealed } = this.#options;
    return {
      subject: "",
      newKey: () => PUSH_KEY,
      confirmMs: CONFIRM_MS,
      tenantPush: () => undefined,
      deliver:
        () =>
        async ({ userId }, _target, { kind, collapseKey, text }) => {
          const alert = {
            conversationId: collapseKey as ConversationId,
            text,
            atMs: kernel.nowMs,
            isDelivered: false,
          };
          if (userId === ABSENT && kind === "alert") this.#alerts.push(alert);
          await process.sleep(this.#random.waitMs(DELIVERY_MS_MEAN), "a push service");
          if (!isHealed() && this.#random.isTrue(RETRY_CHANCE)) {
            this.#count("push-retried");
            return { kind: "retry", afterMs: 0, reason: "http-503" };
          }
          alert.isDelivered = true;
          this.#count(`push-${kind}`);
          return { kind: "delivered" };
        },
    };
  }

  /** What is wrong, when nothing waits any more. */
  judge(): readonly string[] {
    return [...this.#judgeMuted(), ...this.#judgeTold(), ...this.#judgeOnlyMentions()];
  }

  #judgeMuted(): readonly string[] {
    return this.#alerts.flatMap(({ conversationId, atMs }) => {
      const mutedMs = this.#muted.get(conversationId);
      if (mutedMs === undefined || atMs <= mutedMs + MUTED_AFTER_MS) return [];
      return [`${ABSENT} was told of ${conversationId} ${Math.round(atMs - mutedMs)} ms after it was muted`];
    });
  }

  #judgeTold(): readonly string[] {
    const { truth } = this.#options;
    return [...truth.entries(ABSENT).values()].flatMap(({ conversationId, isMember, isShared, title }) => {
      if (!isMember || this.#asked.has(conversationId)) return [];
      const message = isShared ? this.#newestOfGroup(conversationId) : this.#newest(conversationId);
      if (message === undefined) return [];
      const { text } = notifyWords(message, { title, senderName: message.senderId, preview: "full" });
      const isTold = this.#alerts.some(
        (alert) => alert.isDelivered && alert.conversationId === conversationId && alert.text === text,
      );
      return isTold
        ? []
        : [
            `${ABSENT} was never told of ${conversationId} ${message.sequence}: ${text.slice(0, PREVIEW_LETTERS_MAX)}`,
          ];
    });
  }

  /** The newest message that has to be told, when nothing happened to it or after it that changes that. */
  #newest(conversationId: ConversationId): Message | undefined {
    const { truth } = this.#options;
    const { entries, events } = truth.user(ABSENT);
    const { unreadRanges } = entries.get(conversationId)!;
    const last = unreadRanges.at(-1);
    if (last === undefined) return undefined;
    const message = (truth.messages.get(conversationId) ?? [])[last - 1];
    if (message === undefined || message.revision > 0 || message.sequence < truth.firstKept(conversationId))
      return undefined;
    // A group that was left, and joined again, or was a large one: what it was told then it was told differently.
    const own = events.map((event) => decode(Event, event));
    const isPlain = own.some((event) => event.message?.messageId === message.messageId);
    const isSteady = own.every(
      ({ left, shared }) =>
        left?.conversationId !== conversationId && shared?.conversationId !== conversationId,
    );
    return isPlain && isSteady ? message : undefined;
  }

  /** The same of a large group: by default of what mentions it. */
  #newestOfGroup(conversationId: ConversationId): Message | undefined {
    const { truth } = this.#options;
    const { unreadRanges, unreadMentions } = truth.entries(ABSENT).get(conversationId)!;
    const since = this.#everything.get(conversationId);
    const last = unreadRanges.at(-1) ?? 0;
    const sequence = since !== undefined && last > since ? last : unreadMentions.at(-1);
    const message = (truth.messages.get(conversationId) ?? [])[(sequence ?? 0) - 1];
    return message?.revision === 0 ? message : undefined;
  }

  /** Of groups that were large from the beginning, as far as it is known what their messages said. */
  #judgeOnlyMentions(): readonly string[] {
    const { truth } = this.#options;
    const own = truth.user(ABSENT).events.map((event) => decode(Event, event));
    const small = new Set(
      own.flatMap(({ joined, shared }) => {
        if (joined?.isShared === false) return [joined.conversationId];
        return shared === undefined ? [] : [shared.conversationId];
      }),
    );
    return this.#alerts.flatMap(({ conversationId, text }) => {
      const entry = truth.user(ABSENT).entries.get(conversationId);
      if (entry?.isShared !== true || small.has(conversationId) || this.#everything.has(conversationId))
        return [];
      const isOfMention = (truth.messages.get(conversationId) ?? []).some((message) => {
        if (message.revision > 0) return true;
        const words = notifyWords(message, { title: "", senderName: message.senderId, preview: "full" });
        return mentionsUser(message.body, ABSENT) && words.text === text;
      });
      return isOfMention
        ? []
        : [`${ABSENT} was told of ${conversationId}, which does not mention it: ${text}`];
    });
  }

  #muteOne(): void {
    const { kernel, truth, notify, onTrouble } = this.#options;
    const calls = notify();
    const mine = [...truth.user(ABSENT).entries.values()].filter(({ isMember }) => isMember);
    if (calls === undefined || mine.length === 0 || !this.#random.isTrue(MUTE_CHANCE)) return;
    const { conversationId, isShared } = this.#random.pick(mine);
    if (this.#asked.has(conversationId)) return;
    const level = isShared && this.#random.isTrue(EVERYTHING_CHANCE) ? "all" : "none";
    if (level === "none") this.#asked.add(conversationId);
    else if (!this.#everything.has(conversationId)) this.#everything.set(conversationId, undefined);
    calls.setNotify(this.#session!, { conversationId, level, mutedUntilMs: 0 }).then(
      () => {
        if (level === "none") this.#muted.set(conversationId, kernel.nowMs);
        else if (this.#everything.get(conversationId) === undefined)
          this.#everything.set(conversationId, truth.messages.get(conversationId)?.length ?? 0);
        this.#count(level === "none" ? "mute-for-good" : "ask-for-everything");
      },
      (error: unknown) => {
        if (failureCode(error) === undefined) onTrouble(`${ABSENT} mutes: ${messageOf(error)}`);
      },
    );
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
