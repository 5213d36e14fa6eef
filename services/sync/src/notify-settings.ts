import type { NotifyChange, NotifySettingsCalls, Session } from "@parley/contracts";
import { type Clock, Failure } from "@parley/base";
import { isTimeZone, type UserRecord } from "@parley/domain";
import {
  decode,
  DoNotDisturb,
  filled,
  NOTIFY_LEVELS,
  NotifySettingsEvent,
  QUIET_SPANS_MAX,
  TIME_ZONE_BYTES_MAX,
} from "@parley/protocol";
import type { WriteBackTables } from "@parley/tables";
import type { UserProcessor } from "./user-processor.js";
import { USER_SETTINGS, userPartition } from "./user-tables.js";

const MINUTES_PER_DAY = 24 * 60;
const DAYS_PER_WEEK = 7;

/** What users are notified of: records in their logs, so that all their devices hear of it in order. */
export class NotifySettings implements NotifySettingsCalls {
  readonly #processor: UserProcessor;
  readonly #tables: WriteBackTables;
  readonly #clock: Clock;

  constructor(options: {
    readonly processor: UserProcessor;
    readonly tables: WriteBackTables;
    readonly clock: Clock;
  }) {
    this.#processor = options.processor;
    this.#tables = options.tables;
    this.#clock = options.clock;
  }

  async setNotify({ tenantId, userId }: Session, change: NotifyChange): Promise<void> {
    checkChange(change);
    const settings = filled(NotifySettingsEvent, change);
    const record: UserRecord = {
      tenantId,
      timeMs: this.#clock.nowMs(),
      spreads: [],
      hide: undefined,
      settings: { userId, settings },
      pin: undefined,
    };
    const verdict = await this.#processor.submit(tenantId, userId, record);
    if (verdict.kind !== "refused") return;
    throw new Failure(verdict.code, "You are not in this conversation.", { retry: "never" });
  }

  async doNotDisturb({ tenantId, userId }: Session): Promise<DoNotDisturb | undefined> {
    await this.#processor.caughtUp(tenantId, userId);
    const row = await this.#tables.find(USER_SETTINGS, userPartition(tenantId, userId), []);
    return row === undefined ? undefined : decode(DoNotDisturb, row);
  }
}

function checkChange(change: NotifyChange): void {
  if ("level" in change) {
    if (change.level !== "" && !NOTIFY_LEVELS.includes(change.level))
      throw badRequest(`The level must be one of ${NOTIFY_LEVELS.join(", ")}.`);
    return;
  }
  const { timeZone, spans } = change.doNotDisturb;
  if (Buffer.byteLength(timeZone) > TIME_ZONE_BYTES_MAX || !isTimeZone(timeZone))
    throw badRequest("The time zone must be a name of the IANA database.");
  if (spans.length > QUIET_SPANS_MAX) throw badRequest(`There are at most ${QUIET_SPANS_MAX} spans.`);
  for (const { days, fromMinute, untilMinute } of spans) {
    const isWithin = Math.max(fromMinute, untilMinute) < MINUTES_PER_DAY;
    const areDays = days.length <= DAYS_PER_WEEK && days.every((day) => day < DAYS_PER_WEEK);
    if (!isWithin || !areDays) throw badRequest("A span has days from 0 to 6 and minutes from 0 to 1439.");
  }
}

function badRequest(message: string): Failure {
  return new Failure("bad-request", message, { retry: "after-change" });
}
