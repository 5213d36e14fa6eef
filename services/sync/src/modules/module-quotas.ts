/**
 * What a module may publish: events and receivers each second, for each organisation. Each of both is a virtual queue (GCRA):
 * what is published moves its end, and nothing is taken while the end is further ahead than BURST_MS.
 */
import { type Clock, Failure, LruMap } from "@parley/base";
import type { ModuleQuota } from "@parley/contracts";
import type { ModuleName, TenantId } from "@parley/protocol";

export const DEFAULT_QUOTA: ModuleQuota = { eventsPerSecond: 200, receiversPerSecond: 20_000 };
/** So much of a quota may be used at once. */
const BURST_MS = 2_000;
/** Modules of organisations that are remembered; of one that is forgotten the queues are empty again. */
const MODULES_MAX = 10_000;

/** When what was taken is worked off. */
interface Queues {
  readonly eventsEndMs: number;
  readonly receiversEndMs: number;
}

export class ModuleQuotas {
  readonly #clock: Clock;
  readonly #default: ModuleQuota;
  readonly #quotas = new Map<string, ModuleQuota>();
  readonly #queues = new LruMap<string, Queues>();

  constructor(clock: Clock, quota: ModuleQuota = DEFAULT_QUOTA) {
    this.#clock = clock;
    this.#default = quota;
  }

  /** From the next event on; undefined: the default. */
  set(tenantId: TenantId, module: ModuleName, quota: ModuleQuota | undefined): void {
    const name = nameOf(tenantId, module);
    if (quota === undefined) this.#quotas.delete(name);
    else this.#quotas.set(name, quota);
  }

  /** Takes an event for so many receivers, or nothing. Errors: "too-many-requests". */
  take(tenantId: TenantId, module: ModuleName, receivers: number): void {
    const name = nameOf(tenantId, module);
    const quota = this.#quotas.get(name) ?? this.#default;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#queues.find(name);
    const events = added(known?.eventsEndMs, nowMs, 1000 / quota.eventsPerSecond);
    const reached = added(known?.receiversEndMs, nowMs, (1000 * receivers) / quota.receiversPerSecond);
    const retryAfterMs = Math.ceil(Math.max(events.waitMs, reached.waitMs));
    if (retryAfterMs > 0) {
      throw new Failure("too-many-requests", `The module ${module} has published too much: wait.`, {
        retry: "same",
        retryAfterMs,
      });
    }
    this.#queues.put(name, { eventsEndMs: events.endMs, receiversEndMs: reached.endMs });
    this.#queues.cutTo(MODULES_MAX);
  }
}

/** The end of a queue with `costMs` more. What is larger than a burst is taken when nothing waits. */
function added(
  endMs: number | undefined,
  nowMs: number,
  costMs: number,
): { readonly endMs: number; readonly waitMs: number } {
  const aheadMs = Math.max(0, (endMs ?? nowMs) - nowMs);
  const waitMs = aheadMs - Math.max(0, BURST_MS - costMs);
  return { endMs: nowMs + aheadMs + costMs, waitMs: Math.max(0, waitMs) };
}

function nameOf(tenantId: TenantId, module: ModuleName): string {
  return `${tenantId}/${module}`;
}
