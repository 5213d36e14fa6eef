import { type Emission, type Spread, UserRecord } from "@parley/domain";
import type { Log } from "@parley/logs";
import { type TenantId, type UserId, encode } from "@parley/protocol";
import { partitionOf } from "@parley/base";

/**
 * Puts what the conversation machine emitted into the user log: one record per user partition that is concerned, named by
 * its source, so that emitting again after a crash adds nothing.
 */
export class Emitter {
  readonly #log: Log;
  readonly #onFailure: (error: unknown) => void;
  /** The last append per user partition: when it is durable, so are all before it. */
  readonly #last: Promise<unknown>[] = [];

  constructor(log: Log, onFailure: (error: unknown) => void) {
    this.#log = log;
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
    for (const [partition, spreads] of this.#byPartition(tenantId, what.emissions)) {
      const payload = encode(UserRecord, { tenantId, timeMs, spreads });
      const appended = this.#log.append(partition, payload, {
        producer: source.producer,
        position: source.offset,
      });
      this.#last[partition] = appended;
      appended.catch(this.#onFailure);
    }
  }

  /** Resolves when everything emitted so far is durable. */
  async durable(): Promise<void> {
    await Promise.all(this.#last);
  }

  #byPartition(tenantId: TenantId, emissions: readonly Emission[]): Map<number, Spread[]> {
    const partitions = new Map<number, Spread[]>();
    for (const { userIds, event } of emissions) {
      const split = new Map<number, UserId[]>();
      for (const userId of userIds) {
        const partition = partitionOf(`${tenantId}/${userId}`, this.#log.partitionCount);
        const users = split.get(partition);
        if (users === undefined) split.set(partition, [userId]);
        else users.push(userId);
      }
      for (const [partition, users] of split) {
        const spread: Spread = { userIds: users, event, module: "" };
        const spreads = partitions.get(partition);
        if (spreads === undefined) partitions.set(partition, [spread]);
        else spreads.push(spread);
      }
    }
    return partitions;
  }
}
