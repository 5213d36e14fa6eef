/**
 * Events of modules count once: for MODULE_REPEAT_HOURS by their module and id, for each receiver. A receiver is a user or a
 * conversation. What the machines ask is in rows, which they are given; how long it counts, the times of the records say.
 */
import {
  type Infer,
  MODULE_REPEAT_HOURS,
  type ModuleEvent,
  type ModuleName,
  schema,
  uint,
} from "@parley/protocol";

const HOUR_MS = 60 * 60 * 1000;
const REPEAT_MS = MODULE_REPEAT_HOURS * HOUR_MS;
/**
 * Rows are kept longer than they count, by the table's clock: who applies a record again after a crash has to find what was
 * there when it was applied first.
 */
export const GIVEN_KEPT_MS: number = REPEAT_MS + 7 * 24 * HOUR_MS;

/** module-event, sort (module, id): an event of a module that a receiver was given. */
export const GivenRow = schema("GivenRow", { timeMs: uint(1) });
export type GivenRow = Infer<typeof GivenRow>;

/** module-newest, sort (module, collapse key): the PTS of the newest event with it in a queue or in a topic. */
export const NewestRow = schema("NewestRow", { pts: uint(1) });
export type NewestRow = Infer<typeof NewestRow>;

/** When events were given, by `moduleEventKey`; undefined: it was looked up, and none was. */
export type GivenModuleEvents = Map<string, number | undefined>;

/** An event of a module that got its PTS. */
export interface NewModuleEvent {
  readonly module: ModuleName;
  readonly id: string;
  readonly collapseKey: string;
  readonly pts: number;
  /** It counts once by its id here. */
  readonly isOnce: boolean;
}

export function moduleEventKey({ module, id }: Pick<ModuleEvent, "module" | "id">): string {
  return `${module}/${id}`;
}

/** Whether an event with this key was given within the last day, as seen at `timeMs`. */
export function isRepeat(given: GivenModuleEvents, key: string, timeMs: number): boolean {
  const givenMs = given.get(key);
  return givenMs !== undefined && timeMs < givenMs + REPEAT_MS;
}
