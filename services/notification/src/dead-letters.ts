/** Notifications that were given up: the newest ones, for the operator to look at. */
import {
  decode,
  type DeviceId,
  encode,
  type Infer,
  schema,
  string,
  type TenantId,
  uint,
  type UserId,
} from "@parley/protocol";
import type { TableSpec, WriteBackTables } from "@parley/tables";

/** Partition ("dead"), sort (ULID): DeadLetterRow. */
export const NOTIFY_DEAD: TableSpec = { name: "notify-dead", keyOwner: "installation" };

/** Who was not reached, how, and why. Nothing of what it was about. */
export const DeadLetterRow = schema("DeadLetterRow", {
  tenantId: string<TenantId>(1),
  userId: string<UserId>(2),
  deviceId: string<DeviceId>(3),
  channel: string(4),
  appId: string(5),
  reason: string(6),
  attempts: uint(7),
  timeMs: uint(8),
});
export type DeadLetterRow = Infer<typeof DeadLetterRow>;

/** Older ones are forgotten. */
export const DEAD_LETTERS_MAX = 1_000;
const PARTITION = ["dead"];

export class DeadLetters {
  readonly #tables: Pick<WriteBackTables, "range" | "stage">;
  readonly #newId: () => string;
  readonly #max: number;
  /** Ascending. */
  readonly #ids: string[] = [];

  constructor(tables: Pick<WriteBackTables, "range" | "stage">, newId: () => string, max = DEAD_LETTERS_MAX) {
    this.#tables = tables;
    this.#newId = newId;
    this.#max = max;
  }

  async open(): Promise<void> {
    const rows = await this.#rows(this.#max);
    this.#ids.push(...rows.map(({ sort }) => String(sort[0])).toReversed());
  }

  add(letter: DeadLetterRow): void {
    const id = this.#newId();
    this.#ids.push(id);
    const oldest = this.#ids.length > this.#max ? this.#ids.shift() : undefined;
    const value = encode(DeadLetterRow, letter);
    this.#tables.stage({
      partition: PARTITION,
      writes: [
        { kind: "put", table: NOTIFY_DEAD, sort: [id], value },
        ...(oldest === undefined ? [] : [{ kind: "delete" as const, table: NOTIFY_DEAD, sort: [oldest] }]),
      ],
    });
  }

  /** The newest first. */
  async list(limit: number): Promise<readonly DeadLetterRow[]> {
    return (await this.#rows(Math.min(limit, this.#max))).map(({ value }) => decode(DeadLetterRow, value));
  }

  #rows(limit: number): ReturnType<WriteBackTables["range"]> {
    return this.#tables.range({ table: NOTIFY_DEAD, partition: PARTITION, limit, isDescending: true });
  }
}
