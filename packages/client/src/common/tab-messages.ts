/**
 * What tabs tell each other. A follower asks, a leader answers:
 *
 *   join ─▶ joined: from that commit on the follower mirrors the leader, after it has read the store
 *   ask  ─▶ alive
 *   call ─▶ answer
 *
 * and the leader tells on its own: leading, commit, status, flight, placed, presence. Wiped comes from whoever wiped the store.
 */
import { Failure, failureCode, messageOf, type Retry } from "@parley/base";
import type { ConversationId, Message, PersonPresence, UserId } from "@parley/protocol";
import type { ConnectionStatus } from "./api.js";
import type { Committed } from "./draft.js";
import type { SessionState } from "./session-state.js";
import type { Change } from "./store.js";

/** What the leader's connection is doing. */
export interface TabStatus {
  readonly state: SessionState;
  readonly connection: ConnectionStatus;
}

/** The messages of a conversation that are in flight. */
export interface Flight {
  readonly conversationId: ConversationId;
  readonly inFlight: readonly string[];
}

/** What a follower has the leader do; `tab-service.ts` says how each is done. */
export type TabCallName =
  | "request"
  | "fetch"
  | "add"
  | "retry"
  | "discard"
  | "mark"
  | "look"
  | "start"
  | "connectNow"
  | "settled"
  | "wish";

/** People as they are now, or somebody who types. */
export type PresenceTold =
  | { readonly people: readonly PersonPresence[] }
  | { readonly conversationId: ConversationId; readonly userId: UserId };

/** A failure on its way. */
export interface ToldFailure {
  readonly code: string;
  readonly message: string;
  readonly retry: Retry;
  readonly retryAfterMs: number;
  readonly details: Readonly<Record<string, string | number>>;
}

export type TabMessage =
  | { readonly kind: "join"; readonly tab: string }
  | { readonly kind: "ask"; readonly tab: string }
  | {
      readonly kind: "call";
      readonly tab: string;
      readonly leader: number;
      readonly callId: number;
      readonly name: TabCallName;
      readonly values: readonly unknown[];
    }
  /** The leader loads the store and can say nothing yet when it has no number. */
  | { readonly kind: "alive"; readonly leader: number | undefined; readonly commit: number }
  | { readonly kind: "leading"; readonly leader: number }
  | {
      readonly kind: "joined";
      readonly to: string;
      readonly leader: number;
      readonly commit: number;
      readonly status: TabStatus;
      readonly flights: readonly Flight[];
    }
  | {
      readonly kind: "answer";
      readonly to: string;
      readonly callId: number;
      readonly value?: unknown;
      readonly failure?: ToldFailure;
    }
  | {
      readonly kind: "commit";
      readonly leader: number;
      readonly commit: number;
      readonly changes: readonly Change[];
      readonly committed: Committed;
    }
  | { readonly kind: "status"; readonly leader: number; readonly status: TabStatus }
  | { readonly kind: "flight"; readonly leader: number; readonly flight: Flight }
  | { readonly kind: "placed"; readonly leader: number; readonly message: Message }
  | { readonly kind: "presence"; readonly leader: number; readonly told: PresenceTold }
  | { readonly kind: "wiped" };

export function toldFailure(error: unknown): ToldFailure {
  if (error instanceof Failure) {
    const { code, message, retry, retryAfterMs, details } = error;
    return { code, message, retry, retryAfterMs, details };
  }
  const code = failureCode(error) ?? "internal";
  return { code, message: messageOf(error), retry: "same", retryAfterMs: 0, details: {} };
}

export function failureOf({ code, message, ...options }: ToldFailure): Failure {
  return new Failure(code, message, options);
}
