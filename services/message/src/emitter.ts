import { type Emission, type Spread, UserRecord } from "@parley/domain";
import type { Log } from "@parley/logs";
import { type TenantId, type UserId, encode } from "@parley/protocol";
import { partitionOf } from "@parley/base";

/** A Spread that still takes users. */
type OpenSpread = Omit<Spread, "userIds"> & { readonly userIds: UserId[] };

/**
 * Puts what the conversation machine emitted into the user log: one record per user partition that is concerned, named by
 * its source, so that emitting again after a crash adds nothing.
 */
export class Emitter {
  readonly #log: Log;
  readonly #onFailure: (error: unknown) => void;
  /** The last append per user partition: when it is durable, so are all before it. */
  readonly #last: Promise<unknown>[] = [];
  /** While emitting: what goes to each partition, and which ones have anything. */
  readonly #spreads: (OpenSpread[] | undefined)[];
  readonly #concerned: number[] = [];

  constructor(log: Log, onFailure: (error: unknown) => void) {
    this.#log = log;
    this.#spreads = Array.from({ length: log.partitionCount }, () => undefined);
    this.#onFailure = onFailure;
  }

  /** Appends in the order of calls. Failures go to `onFailure`: the process cannot go on without these records. */
  emit(
    source: { readonly producer: string; readonly offset: number },
    what: {
      readonly tenantId: TenantId;
      readonly timeMs: number;
      readonly emissions: readonly Emission[];
    },
  ): void {
    const { tenantId, timeMs } = what;
    this.#split(tenantId, what.emissions);
    for (const partition of this.#concerned) {
      const spreads = this.#spreads[partition]!;
      this.#spreads[partition] = undefined;
      const payload = encode(UserRecord, { tenantId, timeMs, spreads });
      const from = { producer: source.producer, position: source.offset };
      const appended = this.#log.append(partition, payload, from, tenantId);
      this.#last[partition] = appended;
      appended.catch(this.#onFailure);
    }
    this.#concerned.length = 0;
  }

  /** Resolves when everything emitted so far is durable. */
  async durable(): Promise<void> {
    await Promise.all(this.#last);
  }

  /** Sorts emissions into `#spreads`, and notes in `#concerned` which partitions have any. */
  #split(tenantId: TenantId, emissions: readonly Emission[]): void {
    for (const { userIds, event } of emissions) {
      for (const userId of userIds) {
        const partition = partitionOf(`${tenantId}/${userId}`, this.#log.partitionCount);
        const spreads = this.#spreads[partition];
        const last = spreads?.at(-1);
        if (last?.event === event) last.userIds.push(userId);
        else if (spreads !== undefined) spreads.push({ userIds: [userId], event });
        else {
          this.#spreads[partition] = [{ userIds: [userId], event }];
          this.#concerned.push(partition);
        }
      }
    }
  }
}
