/**
 * What this tab has the leader do. A call waits until there is a leader, and is answered once.
 *
 *   1. When the leader goes, what may be repeated goes to the next one. Of the rest nobody knows: "outcome-unknown".
 *   2. Once this tab leads itself, it does its own calls.
 */
import { Failure, type Scheduler, type Timer } from "@parley/base";
import { TAB_CALL_MS_MAX, TAB_CALLS_OPEN_MAX } from "./limits.js";
import { failureOf, type TabCallName, type ToldFailure } from "./tab-messages.js";

export interface TabCall {
  readonly callId: number;
  readonly name: TabCallName;
  readonly values: readonly unknown[];
}

interface OpenCall extends TabCall {
  readonly isRepeatable: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: Timer;
  /** The leader that has it; undefined: none yet. */
  leader: number | undefined;
}

export class TabCalls {
  readonly #scheduler: Scheduler;
  readonly #open = new Map<number, OpenCall>();
  #nextId = 1;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Remembers a call. Errors: the leader's; "unavailable" at TAB_CALLS_OPEN_MAX; "outcome-unknown". */
  add(name: TabCallName, values: readonly unknown[], isRepeatable: boolean): Promise<unknown> {
    if (this.#open.size >= TAB_CALLS_OPEN_MAX) {
      const message = "Too many requests wait for a connection.";
      return Promise.reject(new Failure("unavailable", message, { retry: "same" }));
    }
    return new Promise((resolve, reject) => {
      const callId = this.#nextId++;
      const timer = this.#scheduler.after(TAB_CALL_MS_MAX, () => this.#reject(callId, unanswered()));
      this.#open.set(callId, {
        callId,
        name,
        values,
        isRepeatable,
        resolve,
        reject,
        timer,
        leader: undefined,
      });
    });
  }

  /** What a leader has not got yet, in order. What an earlier one has and must not have twice is given up. */
  due(leader: number): readonly TabCall[] {
    const due: TabCall[] = [];
    for (const call of this.#open.values()) {
      const { callId, name, values } = call;
      if (call.leader === leader) continue;
      if (call.leader !== undefined && !call.isRepeatable) this.#reject(callId, unanswered());
      else {
        call.leader = leader;
        due.push({ callId, name, values });
      }
    }
    return due;
  }

  resolve(callId: number, value: unknown): void {
    this.#take(callId)?.resolve(value);
  }

  fail(callId: number, failure: ToldFailure): void {
    this.#reject(callId, failureOf(failure));
  }

  /** The client stops. */
  stop(): void {
    for (const { callId, leader } of this.#open.values())
      this.#reject(callId, leader === undefined ? clientStopped() : unanswered());
  }

  #reject(callId: number, failure: Failure): void {
    this.#take(callId)?.reject(failure);
  }

  #take(callId: number): OpenCall | undefined {
    const call = this.#open.get(callId);
    this.#open.delete(callId);
    call?.timer.cancel();
    return call;
  }
}

function unanswered(): Failure {
  const message = "No answer came: it may or may not have happened.";
  return new Failure("outcome-unknown", message, { retry: "same" });
}

/** What a call comes to that nobody has begun. */
export function clientStopped(): Failure {
  return new Failure("unavailable", "The client was stopped.", { retry: "after-change" });
}
