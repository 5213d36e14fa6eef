/**
 * What one device is pushed of events of modules. One that is not for it, that has expired, or that a newer one with the same
 * collapse key has replaced, is pushed as an event without any field: its place counts. All other events cost two
 * comparisons.
 */
import type { Clock } from "@parley/base";
import { decode, Event, isModuleEvent, MODULE_PRIORITIES, type ModuleEvent } from "@parley/protocol";

/** Stands in the place of an event that a device does not get. */
export const UNSEEN: Uint8Array = new Uint8Array(0);

export interface ModuleFilterOptions {
  readonly deviceId: string;
  /** One of DEVICE_KINDS, or empty when the device does not say. */
  readonly deviceKind: string;
  readonly clock: Clock;
  /** The newest PTS with a collapse key of a module, for each event in order; 0 for what is not known. */
  readonly newestOf: (events: readonly ModuleEvent[]) => Promise<readonly number[]>;
}

export class ModuleFilter {
  readonly #options: ModuleFilterOptions;
  /** Of the keys of events that came while others were held: the newest place. The feed bounds them. */
  readonly #newest = new Map<string, number>();

  constructor(options: ModuleFilterOptions) {
    this.#options = options;
  }

  /**
   * Events that were just made, the first at `firstPts`: nothing newer is there. While older ones are held in memory it is noted
   * which keys they have. The same array when all are for this device.
   */
  offered(firstPts: number, events: readonly Uint8Array[], isHolding: boolean): readonly Uint8Array[] {
    if (!events.some(isModuleEvent)) return events;
    return events.map((bytes, index) => {
      const module = moduleOf(bytes);
      if (module === undefined) return bytes;
      if (isHolding && module.collapseKey !== "") this.#newest.set(keyOf(module), firstPts + index);
      return this.#isForDevice(module) ? bytes : UNSEEN;
    });
  }

  /** Events that were held in memory until now, the first at `firstPts`. */
  held(firstPts: number, events: readonly Uint8Array[]): readonly Uint8Array[] {
    if (!events.some(isModuleEvent)) return events;
    return events.map((bytes, index) => {
      const module = moduleOf(bytes);
      if (module === undefined) return bytes;
      const newest = module.collapseKey === "" ? 0 : (this.#newest.get(keyOf(module)) ?? 0);
      return newest <= firstPts + index && this.#isForDevice(module) ? bytes : UNSEEN;
    });
  }

  /** Keys that are noted. */
  get newestCount(): number {
    return this.#newest.size;
  }

  /** Nothing is held in memory any more. */
  forgetNewest(): void {
    if (this.#newest.size > 0) this.#newest.clear();
  }

  /** Those of these events that are urgent and for this device, with their indexes. They were just made. */
  urgent(events: readonly Uint8Array[]): readonly (readonly [number, Uint8Array])[] {
    return events.flatMap((bytes, index): (readonly [number, Uint8Array])[] => {
      const module = moduleOf(bytes);
      const isUrgent = module?.priority === MODULE_PRIORITIES.urgent && this.#isForDevice(module);
      return isUrgent ? [[index, bytes]] : [];
    });
  }

  /** Events that were read, the first at `firstPts`. Cost: one read for each different collapse key among them. */
  async stored(firstPts: number, events: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    if (!events.some(isModuleEvent)) return events;
    const modules = events.map(moduleOf);
    const shown = modules.map((module) => module === undefined || this.#isForDevice(module));
    const keyed = modules.flatMap((module, index) =>
      module !== undefined && shown[index]! && module.collapseKey !== "" ? [{ module, index }] : [],
    );
    const newest = keyed.length === 0 ? [] : await this.#newestOf(keyed.map(({ module }) => module));
    for (const [place, { index }] of keyed.entries())
      if (newest[place]! > firstPts + index) shown[index] = false;
    return events.map((bytes, index) => (shown[index]! ? bytes : UNSEEN));
  }

  #isForDevice({ deviceIds, deviceKinds, expiresAtMs }: ModuleEvent): boolean {
    const { deviceId, deviceKind, clock } = this.#options;
    if (expiresAtMs > 0 && expiresAtMs <= clock.nowMs()) return false;
    if (deviceIds.length > 0 && !(deviceIds as readonly string[]).includes(deviceId)) return false;
    return deviceKinds.length === 0 || deviceKinds.includes(deviceKind);
  }

  /** Asks for each key once. */
  async #newestOf(modules: readonly ModuleEvent[]): Promise<readonly number[]> {
    const byKey = new Map(modules.map((module) => [keyOf(module), module]));
    const found = await this.#options.newestOf([...byKey.values()]);
    const ptsOf = new Map([...byKey.keys()].map((key, index) => [key, found[index]!]));
    return modules.map((module) => ptsOf.get(keyOf(module))!);
  }
}

function moduleOf(bytes: Uint8Array): ModuleEvent | undefined {
  return isModuleEvent(bytes) ? decode(Event, bytes).module : undefined;
}

function keyOf({ module, collapseKey }: ModuleEvent): string {
  return `${module}/${collapseKey}`;
}
